"""How the hub checks the certificates of providers and directories."""

from __future__ import annotations

import functools
import ssl


@functools.cache
def context() -> ssl.SSLContext:
    """Trust the system's authorities, to which `make build` adds secrets/ca.crt, and check names and addresses.

    Python 3.13 also demands extensions that the certificates of many private authorities do not have: "Missing
    Authority Key Identifier" (https://docs.python.org/3/library/ssl.html#ssl.VERIFY_X509_STRICT). That is left out.
    """
    checking = ssl.create_default_context()
    checking.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return checking


def reason(error: Exception) -> str:
    """What a connection failed for, with the cure when it was the certificate's authority."""
    hint = " (is its authority in secrets/ca.crt?)" if "CERTIFICATE_VERIFY_FAILED" in str(error) else ""
    return f"{error}{hint}"
