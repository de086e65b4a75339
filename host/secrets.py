"""What is made in secrets/ where it is missing: tokens, a TLS pair, authorities.

What is there is never changed, except for a self-signed pair of ours that is not for the addresses that users type.
"""

import re
import secrets
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from host.tls_pair import CERTIFICATES, KEY
from host.x509 import SOON, names_of
from hub.settings.fields import is_address

TOKENS = {
    "secrets/proxy.env": ("CONFIGPROXY_AUTH_TOKEN",),
    "secrets/hub.env": ("JUPYTERHUB_HEALTH_TOKEN", "JUPYTERHUB_CRYPT_KEY"),
}
# What users' servers trust beside the public authorities.
SERVERS_CA = "secrets/servers-ca.crt"
CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")
# The most that JupyterHub takes as a token is 64 characters.
TOKEN_BYTES = 32
# Browsers accept no certificate that is valid for longer.
PAIR_DAYS = 825
LOOPBACK = "127.0.0.1"


@dataclass
class Made:
    """What was made: the whole content of each file, by path, new variables, and a sentence for each thing."""

    files: dict[str, bytes] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)


def tokens(root: Path) -> Made:
    """The tokens that are missing in the files of secrets/ of the checkout at `root`."""
    made = Made()
    for path, names in TOKENS.items():
        before = (root / path).read_text() if (root / path).exists() else ""
        missing = [name for name in names if not any(line.startswith(f"{name}=") for line in before.splitlines())]
        new = {name: secrets.token_hex(TOKEN_BYTES) for name in missing}
        if new:
            begin = before if not before or before.endswith("\n") else f"{before}\n"
            made.files[path] = (begin + "".join(f"{name}={token}\n" for name, token in new.items())).encode()
            made.variables |= new
            made.said += [f"Made {name} in {path}" for name in new]
    return made


def pair(root: Path, names: Iterable[str], needed: Iterable[str] = (), now: datetime | None = None) -> Made:
    """A self-signed TLS pair, unless the checkout at `root` has one or half of one.

    Args:
        root: the checkout.
        names: host names and IP addresses for the certificate, beside localhost; the first is its subject.
        needed: those of them without which a pair of ours is made anew.
        now: the time that counts.
    """
    names, folder, now = list(dict.fromkeys(names)), root / "secrets", now or datetime.now(UTC)
    why = ""
    if any(folder.glob("jupyterhub.*")):
        why = _reason(folder, set(needed), now)
        if not why:
            return Made()
    certificate, key = self_signed(names, now)
    said = (
        f"Made a self-signed TLS pair for {', '.join(['localhost', *names])}{why}. "
        f"Replace secrets/{CERTIFICATES[0]} and secrets/{KEY} with your own when you have one"
    )
    return Made({f"secrets/{CERTIFICATES[0]}": certificate, f"secrets/{KEY}": key}, {}, [said])


def authorities(root: Path, added: bytes) -> Made:
    """The file with the authorities that users' servers trust, unless the checkout at `root` has one.

    Args:
        root: the checkout.
        added: files that the administrator of this machine added to those of its system, one after the other; what is
            no certificate in PEM is left out.
    """
    found = list(dict.fromkeys(filter(_is_certificate, CERTIFICATE.findall(added.decode(errors="replace")))))
    if not found or (root / SERVERS_CA).exists():
        return Made()
    said = (
        f"Made {SERVERS_CA} with the authorities that were added to this machine ({len(found)}): users' servers trust "
        "them, too. Empty the file if they must not"
    )
    return Made({SERVERS_CA: "\n".join([*found, ""]).encode()}, {}, [said])


def _is_certificate(pem: str) -> bool:
    try:
        ssl.create_default_context(cadata=pem)
    except (ssl.SSLError, ValueError):
        return False
    return True


def _reason(folder: Path, needed: set[str], now: datetime) -> str:
    """Why the pair in this folder is made anew; empty where it is not ours, or good."""
    path = folder / CERTIFICATES[0]
    try:
        (certificate,) = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):
        return ""
    if not (folder / KEY).exists() or not is_ours(certificate):
        return ""
    if missing := sorted(needed - names_of(certificate)):
        return f"; the one before was not for {' and '.join(missing)}"
    return "; the one before expires soon" if certificate.not_valid_after_utc - now < SOON else ""


def is_ours(certificate: x509.Certificate) -> bool:
    """Whether `self_signed` has made it: signed by itself, for this machine's own names, and valid for PAIR_DAYS."""
    valid = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    by_itself = certificate.issuer == certificate.subject
    return by_itself and valid == timedelta(days=PAIR_DAYS) and {"localhost", LOOPBACK} <= names_of(certificate)


def self_signed(names: list[str], now: datetime) -> tuple[bytes, bytes]:
    """A certificate for this machine and `names`, signed by its own key, and that key; both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, (names or ["localhost"])[0][:64])])
    hosts = [
        x509.IPAddress(ip_address(name)) if is_address(name) else x509.DNSName(name)
        for name in dict.fromkeys(["localhost", *names, LOOPBACK])
    ]
    builder = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=PAIR_DAYS))
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    certificate = builder.sign(key, hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM), private
