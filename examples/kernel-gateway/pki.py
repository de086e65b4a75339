"""The volumes with users' client certificates: what runs in a container that has them mounted.

Usage, as root:
    python -m examples.kernel-gateway.pki store KEY CERT CA UID   from /given into /pki, by these names, for this user
    python -m examples.kernel-gateway.pki show CERT               subject, issuer and expiry of /pki/CERT
    python -m examples.kernel-gateway.pki list CERT               each volume below /pki, and the end of its certificate
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from hub import errors

from . import client_certificates as certificates
from .client_certificates import CertificateError, Identity

PKI = Path("/pki")
GIVEN = Path("/given")
CURRENT = ".current"


def store(directory: Path, files: Mapping[str, bytes], uid: int) -> None:
    """Write `files` for the user with that number to read, and no other; all of them change at the same moment.

    Each name is a link into the same directory behind `.current`, a link that is replaced in one step.
    """
    new = Path(tempfile.mkdtemp(prefix=".set-", dir=directory))
    new.chmod(0o755)
    for name, content in files.items():
        path = new / name
        path.touch(mode=0o400, exist_ok=False)
        with path.open("wb") as file:
            os.fchown(file.fileno(), uid, -1)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    _link(directory / CURRENT, new.name)
    for name in files:
        _link(directory / name, f"{CURRENT}/{name}")
    for other in directory.iterdir():
        if other.is_symlink() and other.name not in {*files, CURRENT}:
            other.unlink()
        elif other.is_dir() and not other.is_symlink() and other.name.startswith(".set-") and other != new:
            shutil.rmtree(other)


def _link(path: Path, target: str) -> None:
    if path.is_symlink() and str(path.readlink()) == target:
        return
    partial = path.with_name(f".partial-{path.name}")
    partial.unlink(missing_ok=True)
    partial.symlink_to(target)
    partial.replace(path)


def identity(given: Mapping[str, bytes]) -> Identity:
    """The identity in the files that were given.

    Args:
        given: `p12`, or `key` and `cert`; with either, `ca` and `password`.

    Raises:
        CertificateError: it cannot be used.
    """
    password, authorities = given.get("password", b""), given.get("ca", b"")
    if "p12" in given:
        return certificates.from_package(given["p12"], password, authorities)
    return certificates.from_files(given["key"], given["cert"], authorities, password)


def _store(key: str, cert: str, ca: str, uid: str) -> str:
    found = identity({path.name: path.read_bytes() for path in GIVEN.iterdir()})
    for warning in certificates.check(found):
        print(f"WARNING: {warning}", file=sys.stderr)
    store(PKI, {key: found.key_pem(), cert: found.certificate_pem(), ca: found.authorities_pem()}, int(uid))
    return certificates.describe(found.certificate)


def _show(cert: str) -> str:
    path = PKI / cert
    if not path.exists():
        raise CertificateError("there is no client certificate", "make client-cert USER=name P12=file")
    return certificates.describe(certificates.certificates_in(path.read_bytes(), cert)[0])


def _list(cert: str) -> str:
    return json.dumps({directory.name: _end(directory / cert) for directory in sorted(PKI.iterdir())})


def _end(path: Path) -> str:
    """When a certificate ends, as ISO 8601; empty where there is none."""
    try:
        return certificates.certificates_in(path.read_bytes(), path.name)[0].not_valid_after_utc.isoformat()
    except (OSError, CertificateError):
        return ""


VERBS: dict[str, Callable[..., str]] = {"store": _store, "show": _show, "list": _list}


def main(verb: str, *arguments: str) -> None:
    """Print what the verb returns.

    Raises:
        CertificateError: it cannot be done.
    """
    print(VERBS[verb](*arguments))


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
