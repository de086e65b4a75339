"""The TLS pair in secrets/: whether the proxy can use it, and whether browsers will."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, PublicKeyAlgorithmOID

from host.x509 import SOON, fit, names_of, time_problems
from hub.errors import OperatorError

KEY = "jupyterhub.key"
CERTIFICATES = ("jupyterhub.crt", "jupyterhub.cer")
GOOD_KEY = "use a certificate whose key is RSA with 2048 bits or more, or EC on P-256 or P-384, signed with SHA-256"
WHOLE_FILE = (
    "copy both files again, whole and with their line breaks: each certificate has a line BEGIN, lines of 64 "
    "characters, and a line END"
)
# What OpenSSL says of a key or a signature, not of a file.
WEAK = ("too small", "too weak", "no suitable signature algorithm")
SHOW_CHAIN = "openssl crl2pkcs7 -nocrl -certfile {} | openssl pkcs7 -print_certs -noout"


def check(secrets: Path, names: Iterable[str] = (), now: datetime | None = None) -> list[str]:
    """Check the pair.

    Args:
        secrets: the folder with `jupyterhub.*`; the files have the modes that they have in the checkout.
        names: host names and IP addresses that the certificate has to be for; a wildcard is a name like any other.
        now: the time that counts.

    Returns:
        A sentence for everything that works, but not for long or not for everyone.

    Raises:
        OperatorError: it cannot be used; with the command that shows it.
    """
    certificate, key = find(secrets)
    path, now = f"secrets/{certificate.name}", now or datetime.now(UTC)
    chain = _certificates(path, certificate.read_bytes())
    if not fit(_private_key(f"secrets/{KEY}", key), chain[0]):
        raise OperatorError(
            f"{path} and secrets/{KEY} do not belong together",
            "copy the certificate that was made for this key, its own first and its chain behind it",
            show=f"openssl x509 -noout -pubkey -in {path}; openssl pkey -pubout -in secrets/{KEY}",
        )
    for link in chain:
        for problem, fix in time_problems(link, now):
            what = f"the certificate of {_name(link)} in {path} {problem}"
            raise OperatorError(what, fix, show=f"openssl x509 -noout -dates -in {path}")
    _check_order(path, chain)
    return list(_warnings(path, chain, set(names), now))


def judge(file: Path, answer: str) -> list[str]:
    """Put into words what proxy/pair.js has printed of a pair.

    Args:
        file: the certificate.
        answer: JSON; anything else counts as a missing answer.

    Returns:
        A sentence for what works, but not for everyone, or where there was no answer.

    Raises:
        OperatorError: the proxy cannot use the pair.
    """
    path = f"secrets/{file.name}"
    try:
        found = json.loads(answer)
    except ValueError:
        return [f"whether the proxy can use {path} is not known: its image is missing. Fix: make build."]
    own = _certificates(path, file.read_bytes())[0]
    if found["refused"]:
        reason = _reason(found["refused"])
        fix, of = (GOOD_KEY, _kind(own)) if reason.endswith(WEAK) else (WHOLE_FILE, "PEM file")
        raise OperatorError(
            f"the proxy cannot use the {of} of {path} and secrets/{KEY}: {reason}", fix, show=SHOW_CHAIN.format(path)
        )
    return [f"browsers refuse the {_kind(own)} of {path}. Fix: {GOOD_KEY}."] if found["browsers"] else []


def _reason(error: str) -> str:
    """OpenSSL's reason: the fourth field of `error:0A00018F:SSL routines::ee key too small`."""
    fields = error.partition("error:")[2].split(":")
    return fields[3].strip() if len(fields) > 3 else error


def _kind(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, EllipticCurvePublicKey):
        return f"EC key on {key.curve.name}"
    if certificate.public_key_algorithm_oid == PublicKeyAlgorithmOID.RSASSA_PSS:
        return "RSA-PSS key"
    if isinstance(key, RSAPublicKey):
        return f"RSA key of {key.key_size} bits"
    return f"{type(key).__name__.removesuffix('PublicKey')} key"


def find(secrets: Path) -> tuple[Path, Path]:
    """The files of the pair: certificate and key.

    Raises:
        OperatorError: one is missing, or there are two certificates.
    """
    key = secrets / KEY
    found = [secrets / name for name in CERTIFICATES if (secrets / name).exists()]
    if len(found) > 1:
        what = " and ".join(f"secrets/{path.name}" for path in found)
        raise OperatorError(f"{what} are two certificates", "remove one", show="ls -l secrets")
    if not found or not key.exists():
        there = f"secrets/{(found or [key])[0].name}"
        raise OperatorError(
            f"{there} is there, but not the other half of the TLS pair",
            f"copy both secrets/{CERTIFICATES[0]} and secrets/{KEY}, or remove {there} to have a self-signed pair made",
            show="ls -l secrets",
        )
    return found[0], key


def _certificates(path: str, content: bytes) -> list[x509.Certificate]:
    if b"PRIVATE KEY-----" in content:
        raise OperatorError(
            f"{path} has a private key in it, and everyone may read a certificate",
            f"move the key into secrets/{KEY}",
            show=f"openssl pkey -noout -in {path}",
        )
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError:
        raise OperatorError(
            f"{path} is not a certificate in PEM",
            f"copy a PEM file; one in DER becomes PEM by: openssl x509 -inform der -in {path} -out NEW",
            show=f"openssl x509 -noout -in {path}",
        ) from None


def _private_key(path: str, file: Path) -> PrivateKeyTypes:
    show = f"openssl pkey -noout -in {path}"
    if (mode := file.stat().st_mode & 0o777) & 0o077:
        what = f"{path} can be read by others than its owner (mode {mode:04o})"
        raise OperatorError(what, f"chmod 600 {path}", show=f"ls -l {path}")
    try:
        return load_pem_private_key(file.read_bytes(), password=None)
    except TypeError:
        what = f"{path} has a password, which the proxy cannot enter at its start"
        raise OperatorError(what, f"take it off: openssl pkey -in {path} -out NEW", show=show) from None
    except ValueError:
        fix = f"copy a PEM file; one in DER becomes PEM by: openssl pkey -inform der -in {path} -out NEW"
        raise OperatorError(f"{path} is not a private key in PEM", fix, show=show) from None


def _check_order(path: str, chain: list[x509.Certificate]) -> None:
    for lower, upper in pairwise(chain):
        try:
            lower.verify_directly_issued_by(upper)
        except (ValueError, TypeError, InvalidSignature):
            raise OperatorError(
                f"the chain in {path} is out of order: {_name(upper)} did not sign {_name(lower)}, "
                "the certificate before it",
                "put the server's own certificate first, behind each the one that signed it, and nothing else",
                show=SHOW_CHAIN.format(path),
            ) from None


def _warnings(path: str, chain: list[x509.Certificate], names: set[str], now: datetime) -> Iterator[str]:
    for certificate in chain:
        left = certificate.not_valid_after_utc - now
        if left < SOON:
            yield f"the certificate of {_name(certificate)} in {path} expires in {left.days} days."
    own = chain[0]
    if len(chain) == 1 and own.issuer != own.subject:
        yield (
            f"{path} has no chain: many programs do not trust it. Append the certificate of "
            f"{own.issuer.rfc4514_string()}; {SHOW_CHAIN.format(path)} shows what is in there."
        )
    if not _has_names(own):
        yield f"the certificate in {path} has no subjectAltName: browsers refuse it. Fix: use one with the hub's name."
    elif missing := sorted(names - names_of(own)):
        yield (
            f"the certificate in {path} is not for {' and '.join(missing)}: browsers refuse it there. "
            f"openssl x509 -noout -ext subjectAltName -in {path} shows its names."
        )
    if not _is_for_servers(own):
        yield f"the certificate in {path} is not for servers: browsers refuse it. Fix: use one for serverAuth."


def _has_names(certificate: x509.Certificate) -> bool:
    return any(isinstance(each.value, x509.SubjectAlternativeName) for each in certificate.extensions)


def _is_for_servers(certificate: x509.Certificate) -> bool:
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return bool({ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(purposes))


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string() or "an unnamed subject"
