"""Storing certificates: all at once or nothing. Packages and refusals are in tests/deployment/test_client_cert.py."""

import os
from importlib import import_module
from pathlib import Path

import pytest

from support.pki import Authority, Pair

pki = import_module("examples.kernel-gateway.pki")
certificates = import_module("examples.kernel-gateway.client_certificates")
FIRST = {"key.pem": b"first key", "cert.pem": b"first certificate", "cacert.pem": b"first authority"}
SECOND = {"key.pem": b"second key", "cert.pem": b"second certificate", "cacert.pem": b"second authority"}


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.make("Serenity")


@pytest.fixture(scope="module")
def pair(authority: Authority) -> Pair:
    return authority.issue("zoe")


def content(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.glob("*.pem")}


def test_files_are_stored_and_replaced(tmp_path: Path) -> None:
    pki.store(tmp_path, FIRST, os.getuid())
    assert content(tmp_path) == FIRST
    assert {path.stat().st_mode & 0o7777 for path in tmp_path.glob("*.pem")} == {0o400}
    pki.store(tmp_path, SECOND, os.getuid())
    assert content(tmp_path) == SECOND
    assert len(list(tmp_path.glob(".set-*"))) == 1


def test_they_all_change_in_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pki.store(tmp_path, FIRST, os.getuid())
    seen = []
    replace = Path.replace

    def watch(self: Path, target: Path) -> Path:
        seen.append(content(tmp_path))
        replace(self, target)
        seen.append(content(tmp_path))
        return target

    monkeypatch.setattr(Path, "replace", watch)
    pki.store(tmp_path, SECOND, os.getuid())
    assert seen == [FIRST, SECOND]


def test_other_names_take_the_place_of_the_old_ones(tmp_path: Path) -> None:
    pki.store(tmp_path, FIRST, os.getuid())
    other = {"my.key": b"key", "my.crt": b"certificate", "my-ca.crt": b"authority"}
    pki.store(tmp_path, other, os.getuid())
    assert {path.name for path in tmp_path.iterdir() if not path.name.startswith(".")} == other.keys()


def test_files_put_there_by_hand_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("by docker cp")
    pki.store(tmp_path, FIRST, os.getuid())
    assert content(tmp_path) == FIRST


def test_an_identity_that_is_in_order(pair: Pair, authority: Authority) -> None:
    files = (pair.key_pem.encode(), pair.certificate_pem.encode(), authority.certificate_pem.encode())
    identity = certificates.from_files(*files)
    assert certificates.check(identity) == []
    assert (identity.key_pem(), identity.certificate_pem(), identity.authorities_pem()) == files


def test_an_authority_that_python_will_not_trust_is_a_warning(pair: Pair) -> None:
    """OpenSSL verifies it, but since Python 3.13 not everything that OpenSSL does counts."""
    old = Authority.make("Serenity of old", plain=True)
    issued = old.issue("zoe")
    files = (issued.key_pem.encode(), issued.certificate_pem.encode(), old.certificate_pem.encode())
    [warning] = certificates.check(certificates.from_files(*files))
    assert warning.startswith("Python 3.13 and later refuse a gateway's certificate of this authority: ")


@pytest.mark.parametrize("file", [b"", b"\x30", b"text", b"\x30\x82\x00\x10" + b"x" * 8])
def test_what_is_no_package(file: bytes) -> None:
    with pytest.raises(certificates.CertificateError) as raised:
        certificates.from_package(file, b"secret")
    assert raised.value.fix == certificates.AGAIN
