"""The kernel gateway's settings, and what they become for a user's server."""

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest

from hub import configuration
from hub.errors import Problem, SettingsError
from hub.settings.model import read
from support.settings import TOKENS

gateway = import_module("examples.kernel-gateway.overlay")
certificate_volumes = import_module("examples.kernel-gateway.certificate_volumes")
URL = {"KG_URL": "https://gateway.example.org:8888"}
FILES = {"CLIENT_KEY": "key.pem", "CLIENT_CERT": "cert.pem", "CLIENT_CA": "cacert.pem"}
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def problem(**given: str) -> Problem:
    """The one thing that is wrong."""
    [found] = read(gateway.GatewaySettings, given)[1]
    return found


def overlay(**given: str) -> Any:
    values, problems = read(gateway.GatewaySettings, given)
    assert problems == []
    return gateway.KernelGateway(values)


def environment(**given: str) -> dict[str, Any]:
    return overlay(**URL | given).server_environment()


# --- What is refused, by name ---


@pytest.mark.parametrize(
    "url",
    [
        "gateway.example.org:8888",
        "//gateway.example.org:8888",
        "httpgateway:8888",
        "wss://gateway:8888",
        "https://gateway.example.org",
        "https://gateway.example.org/path",
        "https://:8888",
        "https://gateway:port",
        "https://gateway:88888",
        "https://zoe:secret@gateway:8888",
        "https://gateway:8888?token=secret",
        "https://localhost:8888",
        "https://127.0.0.1:8888",
        "https://{user}.example.org:8888",
        "https://{}.example.org:8888",
        "https://{username.example.org:8888",
    ],
)
def test_an_address_that_cannot_be_used(url: str) -> None:
    found = problem(KG_URL=url)
    assert (found.setting, found.kind) == ("KG_URL", "value")
    assert repr(url) in found.text


@pytest.mark.parametrize("missing", list(FILES))
@pytest.mark.parametrize("url", [URL, {}], ids=["gateway", "local"])
def test_a_half_set_trio(missing: str, url: dict[str, str]) -> None:
    found = problem(**url, **{name: value for name, value in FILES.items() if name != missing})
    assert found.kind == "conflict"
    assert found.setting.split(" and ") == [name for name in FILES if name != missing]
    assert missing in found.text.partition("expected")[2]


def test_one_of_three() -> None:
    found = problem(**URL, CLIENT_CA="ca.pem")
    assert (found.setting, found.kind) == ("CLIENT_CA", "conflict")
    assert [name for name in ("CLIENT_KEY", "CLIENT_CERT") if name not in found.text.partition("expected")[2]] == []


def test_one_name_for_two_files() -> None:
    found = problem(**URL, **FILES | {"CLIENT_KEY": "cert.pem"})
    assert (found.setting, found.kind) == ("CLIENT_KEY", "conflict")


def test_client_certificates_need_https() -> None:
    found = problem(KG_URL="http://gateway:8888", **FILES)
    assert (found.setting, found.kind) == ("KG_URL", "conflict")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("CLIENT_KEY", name) for name in ("../key.pem", "/etc/jupyterpki/key.pem", ".key", "my key.pem", "a/b")),
        ("VALIDATE_KG_CERT", "maybe"),
        ("VALIDATE_KG_CERT", "2"),
        ("KG_CONNECT_TIMEOUT", "0"),
        ("KG_CONNECT_TIMEOUT", "10s"),
        ("KG_REQUEST_TIMEOUT", "4"),
    ],
)
def test_other_bad_values(name: str, value: str) -> None:
    found = problem(**URL | FILES | {name: value})
    assert (found.setting, found.kind) == (name, "value")
    assert repr(value) in found.text


@pytest.mark.parametrize("token", ["two words", "café", "a\tb"])
def test_a_token_that_fits_into_no_header(token: str) -> None:
    found = problem(**URL, KG_AUTH_TOKEN=token)
    assert (found.setting, found.kind) == ("KG_AUTH_TOKEN", "value")
    assert "secrets/gateway.env" in found.text
    assert token not in found.text


def test_one_message_has_everything() -> None:
    given = {"KG_URL": "gateway", "VALIDATE_KG_CERT": "maybe", "MEM_LIMIT": "lots"}
    with pytest.raises(SettingsError) as raised:
        configuration.settings(TOKENS | given)
    assert {each.setting for each in raised.value.problems} == given.keys()


# --- What works, and what is said about it ---


@pytest.mark.parametrize("given", [{}, {"KG_URL": ""}, {"VALIDATE_KG_CERT": "yes", **FILES}])
def test_without_an_address_kernels_are_local(given: dict[str, str]) -> None:
    found = configuration.settings(TOKENS | given)
    assert [each.server_environment() for each in found.overlays if each.server_environment()] == []
    assert [each.read_only_volumes(found) for each in found.overlays if each.read_only_volumes(found)] == []


def warnings(given: Mapping[str, str]) -> list[str]:
    environment = TOKENS | given
    return list(configuration.settings(environment).warnings(environment))


def test_what_is_set_without_an_address_is_a_warning() -> None:
    assert warnings({}) == []
    [warning] = warnings({"KG_AUTH_TOKEN": "secret"})
    assert {"KG_AUTH_TOKEN", "KG_URL"} <= set(warning.replace(",", "").split())
    assert "secret" not in warning


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"KG_URL": "http://gateway:8888", "KG_AUTH_TOKEN": "x"}, "KG_URL"),
        (URL | {"VALIDATE_KG_CERT": "no", "KG_AUTH_TOKEN": "x"}, "VALIDATE_KG_CERT"),
        (URL, "KG_AUTH_TOKEN"),
    ],
)
def test_what_works_and_should_not_stay(given: dict[str, str], name: str) -> None:
    [warning] = warnings(given)
    assert warning.startswith(name)


@pytest.mark.parametrize("given", [{"KG_AUTH_TOKEN": "secret"}, FILES], ids=["token", "certificates"])
def test_a_gateway_that_asks_who_is_there_is_fine(given: dict[str, str]) -> None:
    assert warnings(URL | given) == []


# --- What Jupyter Server's gateway client gets ---


def test_the_names_of_the_gateway_client() -> None:
    got = environment(KG_AUTH_TOKEN="secret", KG_CONNECT_TIMEOUT="3", KG_REQUEST_TIMEOUT="30", **FILES)
    assert got == {
        "JUPYTER_GATEWAY_URL": "https://gateway.example.org:8888",
        "JUPYTER_GATEWAY_WS_URL": "wss://gateway.example.org:8888",
        "JUPYTER_GATEWAY_AUTH_TOKEN": "secret",
        "JUPYTER_GATEWAY_VALIDATE_CERT": "yes",
        "JUPYTER_GATEWAY_CLIENT_KEY": "/etc/jupyterpki/key.pem",
        "JUPYTER_GATEWAY_CLIENT_CERT": "/etc/jupyterpki/cert.pem",
        "JUPYTER_GATEWAY_CA_CERTS": "/etc/jupyterpki/cacert.pem",
        "JUPYTER_GATEWAY_CONNECT_TIMEOUT": "3",
        "JUPYTER_GATEWAY_REQUEST_TIMEOUT": "30",
        "KERNEL_LAUNCH_TIMEOUT": "28",
        "JUPYTER_GATEWAY_RETRY_MAX": "1000",
        "JUPYTER_GATEWAY_RETRY_INTERVAL_MAX": "5",
    }


def test_without_certificates_none_are_named() -> None:
    assert [name for name in environment(KG_AUTH_TOKEN="secret") if "CLIENT" in name or "CA_CERTS" in name] == []


@pytest.mark.parametrize("text", ["false", "False", "FALSE", "no", "No", "0"])
def test_every_no_is_a_no(text: str) -> None:
    assert environment(VALIDATE_KG_CERT=text)["JUPYTER_GATEWAY_VALIDATE_CERT"] == "no"


@pytest.mark.parametrize("text", ["true", "True", "TRUE", "yes", "Yes", "1", ""])
def test_every_yes_is_a_yes(text: str) -> None:
    assert environment(VALIDATE_KG_CERT=text)["JUPYTER_GATEWAY_VALIDATE_CERT"] == "yes"


@pytest.mark.parametrize(
    ("url", "websocket"),
    [
        ("http://http-gateway:8888/Base", "ws://http-gateway:8888/Base"),
        ("https://Gateway:8888/", "wss://Gateway:8888"),
    ],
)
def test_the_address_of_websockets_is_the_same_place(url: str, websocket: str) -> None:
    assert environment(KG_URL=url)["JUPYTER_GATEWAY_WS_URL"] == websocket


def test_a_gateway_for_each_user() -> None:
    got = environment(KG_URL="https://{username}.gateways.internal:8888")
    spawner = SimpleNamespace(escaped_name="o-2ehara")
    assert got["JUPYTER_GATEWAY_URL"](spawner) == "https://o-2ehara.gateways.internal:8888"
    assert got["JUPYTER_GATEWAY_WS_URL"](spawner) == "wss://o-2ehara.gateways.internal:8888"


# --- Volumes, and what `make users` says of them ---


@pytest.mark.parametrize(
    ("given", "volumes"), [(FILES, {"jupyterhub-pki-{username}": "/etc/jupyterpki"}), ({}, {})], ids=["wanted", "none"]
)
def test_the_volume_is_mounted_read_only_where_certificates_are_wanted(
    given: dict[str, str], volumes: dict[str, str]
) -> None:
    found = configuration.settings(TOKENS | URL | given)
    [chosen] = found.overlays
    assert chosen.read_only_volumes(found) == volumes


def test_notes() -> None:
    ends = {
        "zoe": "2027-11-24T00:00:00+00:00",
        "wash": "2026-12-01T00:00:00+00:00",
        "mal": "2026-11-01T00:00:00+00:00",
        "kaylee": "",
    }
    notes = certificate_volumes.notes_of(ends, NOW)
    assert notes.keys() == {"zoe", "wash", "mal"}
    assert notes["zoe"] == ""
    assert "2026-12-01" in notes["wash"]
    assert "2026-11-01" in notes["mal"]


def test_where_no_certificates_are_wanted_there_is_nothing_to_note() -> None:
    assert overlay(**URL).notes(None) is None
