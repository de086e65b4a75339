"""Client certificates for the gateway: taken out of a package or of PEM files, and checked before they are kept.

Packages come as RACF exports them, with old ciphers, too, and keys and certificates often with text around
the PEM blocks.
"""

import base64
import re
import subprocess
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    load_pem_private_key,
    pkcs12,
)

from host.x509 import fit, pem_certificates, time_problems
from hub.errors import OperatorError

AGAIN = "transfer it once more, in binary, or export it again"
MODERN = "make a new certificate with an RSA key of 2048 bits or an elliptic curve, and SHA-256"
FIXES = {
    "issuer certificate": "add the certificates of all authorities above it: CA=file",
    "self-signed": "add the certificate of its authority: CA=file",
    "too weak": MODERN,
    "too small": MODERN,
    "purpose": "take a certificate that may be used by a TLS client",
}


class CertificateError(OperatorError):
    """The files cannot be used."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what.rstrip("."), fix)


@dataclass(frozen=True)
class Identity:
    """A user's key and certificate, and the authorities above it, the gateway's among them."""

    key: PrivateKeyTypes
    certificate: x509.Certificate
    authorities: tuple[x509.Certificate, ...]

    def key_pem(self) -> bytes:
        """The key without a password: the notebook server cannot ask for one."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def certificate_pem(self) -> bytes:
        """The certificate with those between it and the root, which the gateway need not have."""
        between = [each for each in self.authorities if each.subject != each.issuer]
        return _pem([self.certificate, *between])

    def authorities_pem(self) -> bytes:
        """Every authority."""
        return _pem(self.authorities)


def from_package(data: bytes, password: bytes, more: bytes = b"") -> Identity:
    """Take a PKCS#12 package apart.

    Args:
        data: the file, or what RACF's PKCS12B64 makes of it.
        password: its password.
        more: certificates of further authorities.

    Raises:
        CertificateError: it is no package, the password is wrong, or something is missing in it.
    """
    package = _binary(data)
    try:
        # Empty is not the same as none, and both occur.
        key, certificate, others = _load_package(package, password)
    except ValueError:
        if not _is_whole(package):
            raise CertificateError("this is not a whole PKCS#12 package", AGAIN) from None
        raise CertificateError(
            "the password does not open the package", "try again with the one of the export"
        ) from None
    if key is None or certificate is None:
        missing = "private key" if key is None else "certificate"
        raise CertificateError(f"the package has no {missing} in it", "export the certificate together with its key")
    return _identity(key, [certificate, *others], more)


def from_files(key: bytes, certificate: bytes, authorities: bytes, password: bytes = b"") -> Identity:
    """Take key, certificate and authorities from three files.

    Raises:
        CertificateError: one of them is something else.
    """
    try:
        loaded = _load_key(key, password)
    except (TypeError, ValueError) as error:
        raise CertificateError(f"KEY is not a private key that the password opens: {error}", AGAIN) from None
    return _identity(loaded, certificates_in(certificate, "CERT"), authorities)


def certificates_in(data: bytes, name: str) -> list[x509.Certificate]:
    """The certificates of a file, PEM with any text around the blocks, or one in DER.

    Raises:
        CertificateError: there is none.
    """
    try:
        return pem_certificates(data) or [x509.load_der_x509_certificate(data)]
    except ValueError as error:
        raise CertificateError(f"{name} is not a certificate: {error}", AGAIN) from None


def check(identity: Identity, now: datetime | None = None) -> list[str]:
    """Check that key, certificate and authorities belong together and are good for today's TLS.

    Returns:
        What works now, but not everywhere.

    Raises:
        CertificateError: with the first thing that is wrong.
    """
    now = now or datetime.now(UTC)
    certificate = identity.certificate
    if not fit(identity.key, certificate):
        raise CertificateError("key and certificate do not belong together", "take both from the same export")
    for problem, fix in time_problems(certificate, now):
        raise CertificateError(f"the certificate {problem}", f"{fix}, and export it again")
    if not identity.authorities:
        raise CertificateError("there is no certificate of an authority", "add it: CA=file")
    if refusal := _refusal(identity):
        fix = next((fix for part, fix in FIXES.items() if part in refusal), "look at it with openssl x509 -text")
        raise CertificateError(f"the certificate does not verify against its authorities: {refusal}", fix)
    strict = _refusal(identity, "-x509_strict")
    return [f"Python 3.13 and later refuse a gateway's certificate of this authority: {strict}"] if strict else []


def describe(certificate: x509.Certificate) -> str:
    """Subject, issuer and expiry."""
    lines = {
        "Subject": certificate.subject.rfc4514_string(),
        "Issuer": certificate.issuer.rfc4514_string(),
        "Expires": f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC",
    }
    return "\n".join(f"  {title:<8} {value}" for title, value in lines.items())


def _identity(key: PrivateKeyTypes, certificates: list[x509.Certificate], more: bytes) -> Identity:
    certificate, *others = certificates
    found = [*(each for each in others if _is_authority(each)), *(certificates_in(more, "CA") if more else [])]
    return Identity(key, certificate, tuple(dict.fromkeys(found)))


def _load_key(data: bytes, password: bytes) -> PrivateKeyTypes:
    load = load_pem_private_key if b"-----BEGIN" in data else load_der_private_key
    try:
        return load(data, None)
    except TypeError:  # it is encrypted
        return load(data, password)


def _load_package(
    package: bytes, password: bytes
) -> tuple[PrivateKeyTypes | None, x509.Certificate | None, list[x509.Certificate]]:
    try:
        return pkcs12.load_key_and_certificates(package, password)
    except ValueError:
        if password:
            raise
        return pkcs12.load_key_and_certificates(package, None)


def _binary(data: bytes) -> bytes:
    """The package itself, where it is written as text in base64."""
    with suppress(ValueError):
        text = b"".join(line.strip() for line in data.splitlines() if not line.startswith(b"-"))
        decoded = base64.b64decode(text, validate=True)
        if decoded[:1] == b"\x30":
            return decoded
    return data


def _is_whole(data: bytes) -> bool:
    """Whether it is one sequence in DER from the first byte to the last, as a package is."""
    if len(data) < 4 or data[0] != 0x30 or not data[1] & 0x80:
        return False
    size = data[1] & 0x7F
    return size == 0 or int.from_bytes(data[2 : 2 + size]) == len(data) - 2 - size


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return certificate.subject == certificate.issuer  # of version 1, as the oldest roots are


def _pem(certificates: Iterable[x509.Certificate]) -> bytes:
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)


def _refusal(identity: Identity, *options: str) -> str:
    """What OpenSSL has against a certificate, at the level that notebooks use it with; empty for nothing.

    cryptography's own verifier demands a public web server's extensions, which RACF's certificates do not have.
    """
    with tempfile.TemporaryDirectory() as directory:
        leaf, authorities = Path(directory, "leaf.pem"), Path(directory, "authorities.pem")
        leaf.write_bytes(_pem([identity.certificate]))
        authorities.write_bytes(identity.authorities_pem())
        trusted = ["-no-CApath", "-no-CAstore", "-CAfile", str(authorities)]
        done = subprocess.run(
            ["openssl", "verify", *trusted, "-purpose", "sslclient", "-auth_level", "2", *options, str(leaf)],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode == 0:
        return ""
    found = re.search(r"error \d+ at \d+ depth lookup: (.*)", done.stderr + done.stdout)
    return found[1] if found else (done.stderr + done.stdout).strip()
