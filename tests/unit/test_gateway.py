"""The kernel gateway's settings, and what they become for a user's server."""

from types import SimpleNamespace
from typing import Any

import pytest
from dockerspawner import DockerSpawner
from hub.gateway import servers
from hub.gateway.settings import GatewaySettings, load
from traitlets.config import Config

from hub.settings.fields import problems_of
from support.settings import TOKENS

URL = {"KG_URL": "https://gateway.example.org:8888"}
FILES = {"CLIENT_KEY": "key.pem", "CLIENT_CERT": "cert.pem", "CLIENT_CA": "cacert.pem"}
NAMES = ["zoe", "o.dot", "o-dash", "o_dot", "o.hara@example.org", "josé", "$plus+", "a$b#1", "user1"]


def problem(**given: str) -> str:
    """The one thing that is wrong."""
    [line] = problems_of(GatewaySettings, given)
    return line


def environment(**given: str) -> dict[str, Any]:
    return servers.environment(load(URL | given))


# --- What is refused, by name ---


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("gateway.example.org:8888", "it has to begin with https:// or http://"),
        ("//gateway.example.org:8888", "it has to begin with https:// or http://"),
        ("httpgateway:8888", "it has to begin with https:// or http://"),
        ("wss://gateway:8888", "it has to begin with https:// or http://"),
        ("https://gateway.example.org", "the port is missing"),
        ("https://gateway.example.org/path", "the port is missing"),
        ("https://:8888", "the host is missing"),
        ("https://gateway:port", "Port could not be cast"),
        ("https://gateway:88888", "Port out of range"),
        ("https://zoe:secret@gateway:8888", "the token is KG_AUTH_TOKEN"),
        ("https://gateway:8888?token=secret", "the token is KG_AUTH_TOKEN"),
        ("https://localhost:8888", "each user's own container"),
        ("https://127.0.0.1:8888", "each user's own container"),
        ("https://{user}.example.org:8888", "of braces, only {username} is known"),
        ("https://{}.example.org:8888", "of braces, only {username} is known"),
        ("https://{username.example.org:8888", "of braces, only {username} is known"),
    ],
)
def test_an_address_that_cannot_be_used(url: str, reason: str) -> None:
    line = problem(KG_URL=url)
    assert line.startswith(f"  KG_URL (.env or the shell) is {url!r} (")
    assert reason in line
    assert line.endswith("; expected https://HOST:PORT.")


@pytest.mark.parametrize("missing", list(FILES))
@pytest.mark.parametrize("url", [URL, {}], ids=["gateway", "local"])
def test_a_half_set_trio(missing: str, url: dict[str, str]) -> None:
    line = problem(**(url | {name: value for name, value in FILES.items() if name != missing}))
    assert "CLIENT_KEY, CLIENT_CERT and CLIENT_CA (.env or the shell) belong together" in line
    assert line.endswith(f"expected {missing}, too.")


def test_one_of_three() -> None:
    assert problem(**URL, CLIENT_CA="ca.pem").endswith("expected CLIENT_KEY and CLIENT_CERT, too.")


def test_one_name_for_two_files() -> None:
    assert "expected three names" in problem(**URL, **FILES | {"CLIENT_KEY": "cert.pem"})


def test_client_certificates_need_https() -> None:
    line = problem(KG_URL="http://gateway:8888", **FILES)
    assert "KG_URL (.env or the shell) is 'http://gateway:8888', where no client certificate is ever asked for" in line


@pytest.mark.parametrize("name", ["../key.pem", "/etc/jupyterpki/key.pem", ".key", "my key.pem", "a/b"])
def test_a_file_is_a_bare_name(name: str) -> None:
    assert f"CLIENT_KEY (.env or the shell) is {name!r}" in problem(**URL, **FILES | {"CLIENT_KEY": name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VALIDATE_KG_CERT", "maybe"),
        ("VALIDATE_KG_CERT", "2"),
        ("KG_CONNECT_TIMEOUT", "0"),
        ("KG_CONNECT_TIMEOUT", "10s"),
        ("KG_REQUEST_TIMEOUT", "4"),
    ],
)
def test_other_bad_values(name: str, value: str) -> None:
    assert f"{name} (.env or the shell) is {value!r}; expected" in problem(**URL, **{name: value})


@pytest.mark.parametrize("token", ["two words", "café", "a\tb"])
def test_a_token_that_fits_into_no_header(token: str) -> None:
    line = problem(**URL, KG_AUTH_TOKEN=token)
    assert line.startswith("  KG_AUTH_TOKEN (secrets/gateway.env) is not usable; expected")
    assert token not in line


def test_one_message_has_everything() -> None:
    given = {"KG_URL": "gateway", "VALIDATE_KG_CERT": "maybe", "CLIENT_KEY": "key.pem", "MEM_LIMIT": "lots"}
    with pytest.raises(settings.SettingsError) as raised:
        settings.load(TOKENS | given)
    headline, *lines = str(raised.value).splitlines()
    assert headline == "4 settings cannot be used:"
    names = ["MEM_LIMIT", "KG_URL", "VALIDATE_KG_CERT", "CLIENT_KEY,"]
    assert [line.split()[0] for line in lines] == names


# --- What works, and what is said about it ---


def test_without_an_address_kernels_are_local() -> None:
    for given in ({}, {"KG_URL": ""}, {"KG_URL": "", "VALIDATE_KG_CERT": "yes", **FILES}):
        c = Config()
        servers.configure(c, "jupyterhub", load(given))
        assert c == Config()


def test_what_is_set_without_an_address_is_a_warning() -> None:
    assert settings.warnings(TOKENS) == []
    [warning] = settings.warnings(TOKENS | {"KG_AUTH_TOKEN": "secret"})
    assert warning == "KG_AUTH_TOKEN is set, but KG_URL is not: kernels run in users' servers."


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"KG_URL": "http://gateway:8888", "KG_AUTH_TOKEN": "x"}, "travel unencrypted"),
        (URL | {"VALIDATE_KG_CERT": "no", "KG_AUTH_TOKEN": "x"}, "VALIDATE_KG_CERT=false"),
        (URL, "the gateway is open to anybody"),
    ],
)
def test_what_works_and_should_not_stay(given: dict[str, str], part: str) -> None:
    [warning] = settings.warnings(TOKENS | given)
    assert part in warning


@pytest.mark.parametrize("given", [{"KG_AUTH_TOKEN": "secret"}, FILES], ids=["token", "certificates"])
def test_a_gateway_that_asks_who_is_there_is_fine(given: dict[str, str]) -> None:
    assert settings.warnings(TOKENS | URL | given) == []


# --- What Jupyter Server's gateway client is told ---


def test_the_names_of_the_gateway_client() -> None:
    told = environment(KG_AUTH_TOKEN="secret", KG_CONNECT_TIMEOUT="3", KG_REQUEST_TIMEOUT="30", **FILES)
    assert told == {
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


def test_without_certificates_none_are_spoken_of() -> None:
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
    told = environment(KG_URL="https://{username}.gateways.internal:8888")
    spawner = SimpleNamespace(escaped_name="o-2ehara")
    assert told["JUPYTER_GATEWAY_URL"](spawner) == "https://o-2ehara.gateways.internal:8888"
    assert told["JUPYTER_GATEWAY_WS_URL"](spawner) == "wss://o-2ehara.gateways.internal:8888"


# --- Volumes ---


@pytest.mark.parametrize("name", NAMES)
def test_volumes_are_called_as_the_spawner_calls_them(name: str) -> None:
    assert servers.volume("jupyterhub", name) == f"jupyterhub-pki-{DockerSpawner._escape(name)}"


def test_the_volume_is_mounted_read_only_where_certificates_are_wanted() -> None:
    c = Config()
    c.HubDockerSpawner.environment = {"KEPT": "1"}
    servers.configure(c, "jupyterhub", load(URL | FILES))
    spawner = c.HubDockerSpawner
    assert spawner.environment["KEPT"] == "1"
    assert spawner.environment["JUPYTER_GATEWAY_URL"] == URL["KG_URL"]
    assert spawner.read_only_volumes.to_dict()["update"] == {"jupyterhub-pki-{username}": "/etc/jupyterpki"}


def test_no_volume_where_none_are_wanted() -> None:
    c = Config()
    servers.configure(c, "jupyterhub", load(URL))
    assert "read_only_volumes" not in c.HubDockerSpawner
