"""How the hub checks the certificates of providers and directories."""

import functools
import ssl


@functools.cache
def context() -> ssl.SSLContext:
    """A context that trusts the system's authorities and secrets/ca.crt, and checks names and IP addresses.

    Python 3.13 also demands extensions that the certificates of many private authorities do not have: "Missing
    Authority Key Identifier" (https://docs.python.org/3/library/ssl.html#ssl.VERIFY_X509_STRICT). This is left out.
    """
    checking = ssl.create_default_context()
    checking.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return checking


def reason(error: Exception) -> str:
    """Why a connection failed, with the fix where the certificate's authority is not trusted."""
    hint = " (is its authority in secrets/ca.crt?)" if "CERTIFICATE_VERIFY_FAILED" in str(error) else ""
    return f"{error}{hint}"
