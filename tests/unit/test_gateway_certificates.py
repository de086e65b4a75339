"""Storing certificates: all at once or nothing, and what `make users` says about them.

Packages and refusals are in tests/deployment/test_client_cert.py.
"""

import base64
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hub.gateway import certificates, pki
from hub.gateway.certificates import CertificateError

from support.pki import Authority, Pair

NOW = datetime(2026, 11, 24, tzinfo=UTC)
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


def test_what_comes_on_stdin() -> None:
    lines = [b"password " + base64.b64encode(b"a b\n"), b"p12 " + base64.b64encode(b"\x30\x82"), b"ca "]
    assert pki.parcels(iter(lines)) == {"password": b"a b\n", "p12": b"\x30\x82", "ca": b""}


def test_notes() -> None:
    lines = [
        "zoe 2027-11-24T00:00:00+00:00\n",
        "wash 2026-12-01T00:00:00+00:00\n",
        "mal 2026-11-01T00:00:00+00:00\n",
        "kaylee -\n",
    ]
    assert pki.notes(iter(lines), NOW) == {
        "zoe": "",
        "wash": "client certificate until 2026-12-01",
        "mal": "client certificate expired on 2026-11-01",
    }


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
    with pytest.raises(CertificateError, match="not a whole PKCS#12 package") as raised:
        certificates.from_package(file, b"secret")
    assert "in binary" in raised.value.cure
