"""What `make client-cert` and `make users` do with the volumes of people's certificates, in a container that has them.

Usage:
    python -m hub.gateway.pki store KEY CERT CA UID  into /pki, by these names, for this user; stdin: see `parcels`
    python -m hub.gateway.pki show CERT              subject, issuer and expiry of /pki/CERT
    python -m hub.gateway.pki list CERT              each volume below /pki, and the end of its certificate
"""

from __future__ import annotations

import base64
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from . import client_certificates as certificates
from .client_certificates import CertificateError, Identity

PKI = Path("/pki")
CURRENT = ".current"
SOON = timedelta(days=30)
NOT_THERE = "-"


def store(directory: Path, files: Mapping[str, bytes], uid: int) -> None:
    """Write `files` for the user with that id to read, and nobody else; all of them change at the same moment.

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


def parcels(lines: Iterator[bytes]) -> dict[str, bytes]:
    """What came on stdin: a line for each file, its name and its content in base64."""
    words = (line.split() for line in lines)
    return {name.decode(): base64.b64decode(b"".join(content)) for name, *content in words}


def identity(sent: Mapping[str, bytes]) -> Identity:
    """The identity in what was sent.

    Raises:
        CertificateError: it cannot be used.
    """
    password, authorities = sent.get("password", b""), sent.get("ca", b"")
    if "p12" in sent:
        return certificates.from_package(sent["p12"], password, authorities)
    return certificates.from_files(sent["key"], sent["cert"], authorities, password)


def notes(lines: Iterator[str], now: datetime | None = None) -> dict[str, str]:
    """What `make users` says about each volume of `list`, by the user's escaped name; nothing where all is well."""
    now = now or datetime.now(UTC)
    found = {}
    for line in lines:
        name, end = line.split()
        if end == NOT_THERE:
            continue
        until = datetime.fromisoformat(end)
        found[name] = f"client certificate until {until:%Y-%m-%d}" if until < now + SOON else ""
        if until < now:
            found[name] = f"client certificate expired on {until:%Y-%m-%d}"
    return found


def _store(key: str, cert: str, ca: str, uid: str) -> str:
    found = identity(parcels(iter(sys.stdin.buffer)))
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
    return "\n".join(f"{directory.name} {_end(directory / cert)}" for directory in sorted(PKI.iterdir()))


def _end(path: Path) -> str:
    try:
        return certificates.certificates_in(path.read_bytes(), path.name)[0].not_valid_after_utc.isoformat()
    except (OSError, CertificateError):
        return NOT_THERE


VERBS: dict[str, Callable[..., str]] = {"store": _store, "show": _show, "list": _list}


def main(verb: str, *arguments: str) -> None:
    """Entry point: print what the verb returns."""
    try:
        print(VERBS[verb](*arguments))
    except CertificateError as error:
        sys.exit(f"FAIL: {error}.\n      To mend it: {error.cure}")


if __name__ == "__main__":
    main(*sys.argv[1:])
