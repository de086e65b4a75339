"""The authorities that users' servers trust beside the public ones, on networks that re-sign TLS.

They are put into each container before it starts. So there is no volume that may be missing or old, and it works with
any image and with an Engine elsewhere.
"""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

from certifi import where

# The public authorities and those of secrets/servers-ca.crt.
PLACE = "/etc/jupyterhub/ca-certificates.crt"
# What each program reads: pip, Python's requests and conda, OpenSSL with Python and R, Git, curl, Node.js.
VARIABLES = (
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "GIT_SSL_CAINFO",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
)


def environment(added: bytes) -> Mapping[str, str]:
    """The variables of a server; none where no authorities are `added` to the public ones."""
    return dict.fromkeys(VARIABLES, PLACE) if added else {}


def archive(added: bytes) -> bytes:
    """A tar for the root of a container with the public authorities and those `added`; empty where none are.

    Args:
        added: certificates in PEM.
    """
    if not added:
        return b""
    content = Path(where()).read_bytes() + b"\n" + added
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        member = tarfile.TarInfo(PLACE.lstrip("/"))
        member.size, member.mode = len(content), 0o444
        tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()
