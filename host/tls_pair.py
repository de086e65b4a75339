"""The TLS pair in secrets/: whether the proxy can use it, and whether browsers will."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from host.x509 import SOON, fit, pem_certificates, time_problems
from hub.errors import OperatorError

KEY = "jupyterhub.key"
CERTIFICATES = ("jupyterhub.crt", "jupyterhub.cer")


class PairError(OperatorError):
    """The pair cannot be used; has the command that shows it."""

    def __init__(self, what: str, show: str, fix: str) -> None:
        super().__init__(what, fix, show=show)


@dataclass(frozen=True)
class File:
    """A file of secrets/: its name there, who may do what with it, its content."""

    name: str
    mode: int
    content: bytes

    @property
    def path(self) -> str:
        """Where it lies, for messages and commands."""
        return f"secrets/{self.name}"


def check(secrets: Path, names: Iterable[str] = (), now: datetime | None = None) -> list[str]:
    """Check the pair.

    Args:
        secrets: the folder with `jupyterhub.*`; the files have the modes that they have in the checkout.
        names: host names that the certificate has to be for; a wildcard is a name like any other.
        now: the time that counts.

    Returns:
        A sentence for everything that works, but not for long or not for everyone.

    Raises:
        PairError: it cannot be used.
    """
    certificate, key = _find(secrets)
    now = now or datetime.now(UTC)
    chain = _certificates(certificate)
    if not fit(_private_key(key), chain[0]):
        raise PairError(
            f"{certificate.path} and {key.path} do not belong together",
            f"openssl x509 -noout -pubkey -in {certificate.path}; openssl pkey -pubout -in {key.path}",
            "copy the certificate that was made for this key, its own first and its chain behind it",
        )
    for link in chain:
        for problem, fix in time_problems(link, now):
            what = f"the certificate of {_name(link)} in {certificate.path} {problem}"
            raise PairError(what, _show(certificate, "-dates"), fix)
    _check_order(certificate, chain)
    return list(_warnings(certificate, chain, set(names), now))


def _find(secrets: Path) -> tuple[File, File]:
    files = {
        path.name: File(path.name, path.stat().st_mode & 0o777, path.read_bytes())
        for path in (secrets / name for name in (KEY, *CERTIFICATES))
        if path.exists()
    }
    found = [files[name] for name in CERTIFICATES if name in files]
    if len(found) > 1:
        raise PairError(f"{found[0].path} and {found[1].path} are two certificates", "ls -l secrets", "remove one")
    if not found or KEY not in files:
        there = found[0].path if found else f"secrets/{KEY}"
        raise PairError(
            f"{there} is there, but not the other half of the TLS pair",
            "ls -l secrets",
            f"copy both secrets/{CERTIFICATES[0]} and secrets/{KEY}, or remove {there} to have a self-signed pair made",
        )
    return found[0], files[KEY]


def _certificates(file: File) -> list[x509.Certificate]:
    if b"PRIVATE KEY-----" in file.content:
        raise PairError(
            f"{file.path} has a private key in it, and everyone may read a certificate",
            f"openssl pkey -noout -in {file.path}",
            f"move the key into secrets/{KEY}",
        )
    try:
        chain = pem_certificates(file.content)
    except ValueError:
        chain = []
    if chain:
        return chain
    raise PairError(
        f"{file.path} is not a certificate in PEM",
        f"openssl x509 -noout -in {file.path}",
        f"copy a PEM file; one in DER becomes PEM by: openssl x509 -inform der -in {file.path} -out NEW",
    )


def _private_key(file: File) -> PrivateKeyTypes:
    if file.mode & 0o077:
        raise PairError(
            f"{file.path} can be read by others than its owner (mode {file.mode:04o})",
            f"ls -l {file.path}",
            f"chmod 600 {file.path}",
        )
    try:
        return load_pem_private_key(file.content, password=None)
    except TypeError:
        raise PairError(
            f"{file.path} has a password, which the proxy cannot enter at its start",
            f"openssl pkey -noout -in {file.path}",
            f"take it off: openssl pkey -in {file.path} -out NEW",
        ) from None
    except ValueError:
        raise PairError(
            f"{file.path} is not a private key in PEM",
            f"openssl pkey -noout -in {file.path}",
            f"copy a PEM file; one in DER becomes PEM by: openssl pkey -inform der -in {file.path} -out NEW",
        ) from None


def _check_order(file: File, chain: list[x509.Certificate]) -> None:
    for lower, upper in pairwise(chain):
        if not _issued(lower, upper):
            raise PairError(
                f"the chain in {file.path} is out of order: {_name(upper)} did not sign {_name(lower)}, "
                "the certificate before it",
                _show_chain(file),
                "put the server's own certificate first, behind each the one that signed it, and nothing else",
            )


def _issued(lower: x509.Certificate, upper: x509.Certificate) -> bool:
    try:
        lower.verify_directly_issued_by(upper)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _warnings(file: File, chain: list[x509.Certificate], names: set[str], now: datetime) -> Iterator[str]:
    for certificate in chain:
        left = certificate.not_valid_after_utc - now
        if left < SOON:
            yield f"the certificate of {_name(certificate)} in {file.path} expires in {left.days} days."
    own = chain[0]
    if len(chain) == 1 and own.issuer != own.subject:
        yield (
            f"{file.path} has no chain: many programs do not trust it. Append the certificate of "
            f"{own.issuer.rfc4514_string()}; {_show_chain(file)} shows what is in there."
        )
    if missing := sorted(names - _names(own)):
        yield (
            f"the certificate in {file.path} is not for {' and '.join(missing)}: browsers refuse it there. "
            f"{_show(file, '-ext subjectAltName')} shows its names."
        )


def _names(certificate: x509.Certificate) -> set[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    return {name.lower() for name in names.get_values_for_type(x509.DNSName)}


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string() or "an unnamed subject"


def _show(file: File, what: str) -> str:
    return f"openssl x509 -noout {what} -in {file.path}"


def _show_chain(file: File) -> str:
    return f"openssl crl2pkcs7 -nocrl -certfile {file.path} | openssl pkcs7 -print_certs -noout"
