"""What a server's environment gets because of its limits, of a proxy, and of authorities of the network."""

import io
import ssl
import subprocess
import tarfile
from pathlib import Path

import pytest

from host import secrets
from hub import configuration, paths
from hub.servers import authorities, config
from hub.servers.variables import THREADS, beside_proxy, threads
from support.certificates import Signer
from support.settings import TOKENS

REPOSITORY = Path(__file__).parents[2]
PROXY = "http://proxy.example.org:3128"
INSIDE = "localhost,127.0.0.1,::1,hub"
AUTHORITY = Signer("network").pem


@pytest.mark.parametrize(("cores", "expected"), [(0.5, "1"), (1, "1"), (1.5, "2"), (4.0, "4")])
def test_libraries_start_as_many_threads_as_there_are_cores(cores: float, expected: str) -> None:
    assert threads(cores) == dict.fromkeys(THREADS, expected)


@pytest.mark.parametrize("cores", [None, 0])
def test_without_a_limit_libraries_decide(cores: float | None) -> None:
    assert threads(cores) == {}


def test_without_a_proxy_nothing_is_added() -> None:
    assert beside_proxy({"TZ": "UTC", "NO_PROXY": "a", "http_proxy": ""}) == {}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"HTTP_PROXY": PROXY}, {"HTTP_PROXY": PROXY, "http_proxy": PROXY, "NO_PROXY": INSIDE, "no_proxy": INSIDE}),
        (
            {"https_proxy": PROXY, "HTTPS_PROXY": "http://other", "NO_PROXY": "hub, .lan"},
            {"https_proxy": PROXY, "HTTPS_PROXY": "http://other"}
            | dict.fromkeys(("NO_PROXY", "no_proxy"), "hub,.lan,localhost,127.0.0.1,::1"),
        ),
    ],
)
def test_a_proxy_has_both_spellings_and_exceptions(given: dict[str, object], expected: dict[str, str]) -> None:
    assert beside_proxy(given) == expected


def test_servers_trust_the_public_authorities_and_the_added_ones(tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(authorities.archive(AUTHORITY))) as tar:
        assert [member.mode for member in tar] == [0o444]
        tar.extractall(tmp_path, filter="data")
    context = ssl.create_default_context(cafile=str(tmp_path / authorities.PLACE.lstrip("/")))
    subjects = {field for found in context.get_ca_certs() for field in found["subject"]}
    assert (("commonName", "network"),) in subjects
    assert len(subjects) > 50


def test_without_added_authorities_servers_have_the_image_s_own() -> None:
    assert authorities.archive(b"") == b""
    assert authorities.environment(b"") == {}


def test_the_variables_of_env_take_precedence(tmp_path: Path) -> None:
    (tmp_path / paths.USERLIST.name).write_text("zoe admin\n")
    (tmp_path / paths.SERVERS_CA.name).write_bytes(AUTHORITY)
    found = configuration.load(TOKENS | {"SERVER_ENVIRONMENT": "PIP_CERT=/mine"}, tmp_path)
    environment = config.environment(found)
    assert (environment["PIP_CERT"], environment["SSL_CERT_FILE"]) == ("/mine", authorities.PLACE)


# --- make build ---


def test_what_was_added_to_this_machine_is_found(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "network.crt").write_bytes(AUTHORITY.rstrip())
    (tmp_path / "other.pem").write_bytes(AUTHORITY)
    script = '. scripts/lib.sh && added_authorities "$@"'
    done = subprocess.run(
        ["bash", "-c", script, "bash", tmp_path, tmp_path / "none"], cwd=REPOSITORY, capture_output=True, check=True
    )
    assert done.stdout == AUTHORITY * 2


def test_the_file_is_made_once_with_each_certificate_once(tmp_path: Path) -> None:
    broken = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    made = secrets.authorities(tmp_path, b"text\n" + AUTHORITY + broken + AUTHORITY)
    assert made.files == {secrets.SERVERS_CA: AUTHORITY}
    (tmp_path / "secrets").mkdir()
    (tmp_path / secrets.SERVERS_CA).touch()
    assert secrets.authorities(tmp_path, AUTHORITY).files == {}


@pytest.mark.parametrize("added", [b"", b"\x30\x82DER"])
def test_without_certificates_there_is_no_file(tmp_path: Path, added: bytes) -> None:
    assert secrets.authorities(tmp_path, added).files == {}
