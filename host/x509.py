"""What the checks of certificates share, of the proxy's pair and of others."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

# How long before its end a certificate is warned of.
SOON = timedelta(days=30)


def pem_certificates(content: bytes) -> list[x509.Certificate]:
    """The certificates of a file, with any text around the PEM blocks; none where it has no block.

    Raises:
        ValueError: a block is not a certificate.
    """
    return x509.load_pem_x509_certificates(content) if b"-----BEGIN CERTIFICATE-----" in content else []


def names_of(certificate: x509.Certificate) -> set[str]:
    """The host names in lower case, and the IP addresses, that a certificate is for."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    hosts = {name.lower() for name in names.get_values_for_type(x509.DNSName)}
    return hosts | {str(address) for address in names.get_values_for_type(x509.IPAddress)}


def fit(key: PrivateKeyTypes, certificate: x509.Certificate) -> bool:
    """Whether a certificate was made for this key."""
    return key.public_key() == certificate.public_key()


def time_problems(certificate: x509.Certificate, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield why a certificate is not valid `now`, and what to do; its name goes in front."""
    if certificate.not_valid_after_utc < now:
        yield f"expired on {certificate.not_valid_after_utc:%Y-%m-%d}", "replace it with a new certificate"
    if certificate.not_valid_before_utc > now:
        begin = f"{certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
        yield f"is not valid before {begin}", "set the clock of this machine, or wait"
