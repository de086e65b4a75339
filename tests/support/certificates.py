"""Certificates made for a test: an authority, one below it, a server's, good and bad ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

# One moment for a whole run, so that certificates of several signers fit together.
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
SIGNS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


@dataclass
class Signer:
    """A key, and the certificate that says whose it is.

    Attributes:
        subject: its common name.
        issuer: who signs it; nobody: it signs itself.
        days: when it is valid, counted from now.
        names: host names and `*.` names; none: it is an authority.
        purposes: what it says it is for; none: it does not say.
    """

    subject: str
    issuer: Signer | None = None
    days: tuple[int, int] = (-10, 300)
    names: tuple[str, ...] = ()
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    purposes: tuple[x509.ObjectIdentifier, ...] = ()

    def __post_init__(self) -> None:
        """Sign the certificate."""
        signer = self.issuer or self
        builder = x509.CertificateBuilder(
            issuer_name=_name(signer.subject),
            subject_name=_name(self.subject),
            public_key=self.key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=NOW + self.days[0] * DAY,
            not_valid_after=NOW + self.days[1] * DAY,
        )
        # What Python's own check demands: https://docs.python.org/3/library/ssl.html#ssl.VERIFY_X509_STRICT
        builder = builder.add_extension(x509.BasicConstraints(not self.names, None), critical=True)
        own, signers = self.key.public_key(), signer.key.public_key()
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(own), critical=False)
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signers), critical=False)
        if not self.names:
            builder = builder.add_extension(SIGNS, critical=True)
        else:
            names = x509.SubjectAlternativeName([x509.DNSName(name) for name in self.names])
            builder = builder.add_extension(names, critical=False)
        if self.purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(self.purposes), critical=False)
        self.certificate = builder.sign(signer.key, hashes.SHA256())

    @property
    def pem(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def der(self) -> bytes:
        """The certificate in the other form."""
        return self.certificate.public_bytes(Encoding.DER)

    def private(self, password: bytes = b"", encoding: Encoding = Encoding.PEM) -> bytes:
        """The key, as a file has it."""
        encryption = BestAvailableEncryption(password) if password else NoEncryption()
        return self.key.private_bytes(encoding, PrivateFormat.PKCS8, encryption)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
