"""An authority and its certificates, made for a test with `cryptography`; packages with openssl, as RACF made them."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from support.certificates import SIGNS

# Of `openssl pkcs12 -export`: what came before AES.
OLD_CIPHERS = ("-legacy", "-certpbe", "PBE-SHA1-RC2-40", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1")

type Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def elliptic() -> Key:
    """A key such as one makes today."""
    return ec.generate_private_key(ec.SECP256R1())


def rsa_key(bits: int) -> Key:
    """An RSA key."""
    return rsa.generate_private_key(65537, bits)


@dataclass(frozen=True)
class Pair:
    """A key and its certificate."""

    key: Key
    certificate: x509.Certificate

    @property
    def key_pem(self) -> str:
        """The key, unencrypted."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    @property
    def certificate_pem(self) -> str:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def encrypted_key_pem(self, password: str) -> str:
        """The key, in a file that wants a password."""
        cipher = BestAvailableEncryption(password.encode())
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, cipher).decode()

    def package(self, path: Path, password: str, authorities: str, *options: str) -> Path:
        """Write a PKCS#12 package with `authorities` (PEM, may be empty) in it, by `openssl pkcs12 -export OPTION…`."""
        more = path.with_suffix(".authorities")
        more.write_text(authorities)
        subprocess.run(
            ["openssl", "pkcs12", "-export", "-passout", f"pass:{password}", "-out", path, *options]
            + (["-certfile", more] if authorities else []),
            input=(self.key_pem + self.certificate_pem).encode(),
            check=True,
            capture_output=True,
        )
        return path


@dataclass(frozen=True)
class Authority(Pair):
    """Who signs."""

    @classmethod
    def make(cls, name: str, above: Authority | None = None, *, plain: bool = False) -> Self:
        """A new one, signed by itself unless there is one above; a plain one does not say what it may be used for."""
        key = elliptic()
        builder = _builder(name, key).add_extension(x509.BasicConstraints(True, None), True)
        builder = builder if plain else builder.add_extension(SIGNS, True)
        if above is None:
            return cls(key, builder.issuer_name(_name(name)).sign(key, hashes.SHA256()))
        return cls(key, above.sign(builder))

    @classmethod
    def load(cls, key: str, certificate: str) -> Self:
        """One that there is already."""
        loaded = load_pem_private_key(key.encode(), None)
        return cls(loaded, x509.load_pem_x509_certificate(certificate.encode()))  # type: ignore[arg-type]

    def issue(
        self,
        name: str,
        *,
        begin: timedelta = timedelta(days=-1),
        end: timedelta = timedelta(days=90),
        key: Key | None = None,
        usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.CLIENT_AUTH,
    ) -> Pair:
        """A certificate of somebody, valid from `begin` to `end`, both from now."""
        key = key or elliptic()
        builder = _builder(name, key, begin, end).add_extension(x509.BasicConstraints(False, None), True)
        return Pair(key, self.sign(builder.add_extension(x509.ExtendedKeyUsage([usage]), False)))

    def sign(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        """Sign a certificate, which says by whom and with which key."""
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = builder.issuer_name(self.certificate.subject).add_extension(identifier, False)
        return builder.sign(self.key, hashes.SHA256())


def _builder(
    name: str, key: Key, begin: timedelta = timedelta(days=-1), end: timedelta = timedelta(days=90)
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begin)
        .not_valid_after(now + end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
