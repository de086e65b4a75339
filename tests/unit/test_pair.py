"""The check of the TLS pair, with certificates made here: what `make build` says of each kind of a bad one."""

import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from host import tls_pair
from hub.errors import OperatorError
from support.certificates import DAY, NOW, Signer

HOST = "hub.example.org"
YESTERDAY = f"{NOW - DAY:%Y-%m-%d}"
CRT, CER, KEY = "jupyterhub.crt", "jupyterhub.cer", "jupyterhub.key"


@cache
def authority() -> Signer:
    return Signer("Root")


@cache
def intermediate() -> Signer:
    return Signer("Intermediate", authority())


@cache
def server() -> Signer:
    return own()


def own(days: tuple[int, int] = (-10, 300), issuer: Signer | None = None) -> Signer:
    """A certificate of the host, all with one key."""
    return Signer(HOST, issuer or intermediate(), days, (HOST,), key())


@cache
def key() -> EllipticCurvePrivateKey:
    return generate_private_key(SECP256R1())


def archive(files: dict[str, bytes], *, mode: int = 0o600) -> Path:
    """A folder such as secrets/, with these files."""
    folder = Path(tempfile.mkdtemp())
    for file, content in files.items():
        (folder / file).write_bytes(content)
        (folder / file).chmod(mode)
    return folder


def good(**files: bytes) -> dict[str, bytes]:
    """The files of a good pair, those given by `crt` and `key` in place of its own."""
    chain = server().pem + intermediate().pem
    return {CRT: files.get("crt", chain), KEY: files.get("key", server().private())}


def test_a_good_pair() -> None:
    assert tls_pair.check(archive(good()), [HOST], NOW) == []


def test_a_certificate_may_be_called_cer() -> None:
    files = {CER: good()[CRT], KEY: good()[KEY]}
    assert tls_pair.check(archive(files), now=NOW) == []


def test_a_certificate_signed_by_itself_needs_no_chain() -> None:
    alone = Signer(HOST, names=(HOST,))
    assert tls_pair.check(archive({CRT: alone.pem, KEY: alone.private()}), now=NOW) == []


def test_text_around_the_certificates_does_not_matter() -> None:
    text = b"Bag Attributes\n    friendlyName: hub\n" + good()[CRT]
    assert tls_pair.check(archive(good(crt=text)), now=NOW) == []


BAD = {
    "only a certificate": (lambda: archive({CRT: good()[CRT]}), "secrets/jupyterhub.crt is there, but not the other"),
    "only a key": (lambda: archive({KEY: good()[KEY]}), "secrets/jupyterhub.key is there, but not the other half"),
    "two certificates": (
        lambda: archive(good() | {CER: good()[CRT]}),
        "secrets/jupyterhub.crt and secrets/jupyterhub.cer are two certificates",
    ),
    "DER": (
        lambda: archive(good(crt=server().der)),
        "secrets/jupyterhub.crt is not a certificate in PEM",
    ),
    "an empty certificate": (lambda: archive(good(crt=b"")), "secrets/jupyterhub.crt is not a certificate in PEM"),
    "half a certificate": (
        lambda: archive(good(crt=b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")),
        "secrets/jupyterhub.crt is not a certificate in PEM",
    ),
    "a key in the certificate": (
        lambda: archive(good(crt=good()[CRT] + good()[KEY])),
        "secrets/jupyterhub.crt has a private key in it",
    ),
    "a key in DER": (
        lambda: archive(good(key=server().private(encoding=Encoding.DER))),
        "secrets/jupyterhub.key is not a private key in PEM",
    ),
    "a key with a password": (
        lambda: archive(good(key=server().private(b"serenity"))),
        "secrets/jupyterhub.key has a password",
    ),
    "a key for everybody": (
        lambda: archive(good(), mode=0o640),
        "secrets/jupyterhub.key can be read by others than its owner (mode 0640)",
    ),
    "another's key": (
        lambda: archive(good(key=authority().private())),
        "secrets/jupyterhub.crt and secrets/jupyterhub.key do not belong together",
    ),
    "run out": (
        lambda: archive(good(crt=own((-10, -1)).pem)),
        f"the certificate of CN=hub.example.org in secrets/jupyterhub.crt expired on {YESTERDAY}",
    ),
    "an intermediate that has run out": (
        lambda: archive(good(crt=server().pem + Signer("Old", days=(-10, -1)).pem)),
        f"the certificate of CN=Old in secrets/jupyterhub.crt expired on {YESTERDAY}",
    ),
    "not valid yet": (
        lambda: archive(good(crt=own((1, 10)).pem)),
        f"is not valid before {NOW + DAY:%Y-%m-%d %H:%M} UTC",
    ),
    "the chain in front": (
        lambda: archive(good(crt=intermediate().pem + server().pem)),
        "secrets/jupyterhub.crt and secrets/jupyterhub.key do not belong together",
    ),
    "the chain upside down": (
        lambda: archive(good(crt=server().pem + authority().pem + intermediate().pem)),
        "the chain in secrets/jupyterhub.crt is out of order: CN=Root did not sign CN=hub.example.org",
    ),
}


@pytest.mark.parametrize(("given", "said"), BAD.values(), ids=BAD.keys())
def test_a_bad_pair_is_refused(given: Callable[[], Path], said: str) -> None:
    with pytest.raises(OperatorError) as raised:
        tls_pair.check(given(), now=NOW)
    assert said in raised.value.what
    assert raised.value.show.startswith(("openssl ", "ls -l "))
    assert "secrets" in raised.value.show
    assert raised.value.fix


WARNINGS = {
    "soon": (
        {"crt": own((-10, 29)).pem + intermediate().pem},
        "the certificate of CN=hub.example.org in secrets/jupyterhub.crt expires in 29 days.",
    ),
    "no chain": ({"crt": server().pem}, "Append the certificate of CN=Intermediate"),
}


@pytest.mark.parametrize(("files", "said"), WARNINGS.values(), ids=WARNINGS.keys())
def test_what_works_but_not_for_long_or_all_is_a_warning(files: dict[str, bytes], said: str) -> None:
    (warning,) = tls_pair.check(archive(good(**files)), now=NOW)
    assert said in warning


def test_a_month_is_long_enough() -> None:
    chain = own((-10, 30)).pem + intermediate().pem
    assert tls_pair.check(archive(good(crt=chain)), now=NOW) == []


def test_names_that_the_certificate_lacks_are_a_warning() -> None:
    (warning,) = tls_pair.check(archive(good()), [HOST, f"*.{HOST}"], NOW)
    assert "is not for *.hub.example.org" in warning


def test_a_certificate_without_names_is_a_warning() -> None:
    (warning,) = tls_pair.check(archive(good(crt=authority().pem, key=authority().private())), now=NOW)
    assert "has no subjectAltName: browsers refuse it" in warning


def test_a_certificate_for_clients_alone_is_a_warning() -> None:
    client = Signer(HOST, intermediate(), names=(HOST,), key=key(), purposes=(ExtendedKeyUsageOID.CLIENT_AUTH,))
    (warning,) = tls_pair.check(archive(good(crt=client.pem + intermediate().pem)), now=NOW)
    assert "is not for servers: browsers refuse it" in warning


def test_without_an_answer_of_the_proxy_nothing_is_refused() -> None:
    (warning,) = tls_pair.judge(Path("secrets/jupyterhub.crt"), "")
    assert "is not known" in warning
