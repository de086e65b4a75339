"""HubSettings: defaults, old names, and one message for everything that is wrong."""

import re

import pytest

from hub import configuration
from hub.errors import SettingsError
from hub.settings.host import HostSettings
from hub.settings.hub import HubSettings
from hub.settings.model import is_secret, setting_of

TOKENS = {"CONFIGPROXY_AUTH_TOKEN": "c" * 64, "JUPYTERHUB_HEALTH_TOKEN": "f" * 64}

# Any text may be JUPYTERHUB_ADMIN here; what cannot be a name is refused with the userlist's errors.
WITHOUT_BAD_VALUES = {"JUPYTERHUB_ADMIN"}
BAD = {
    "COMPOSE_PROJECT_NAME": "-hub",
    "JUPYTERHUB_AUTHENTICATOR": "pam",
    "JUPYTERHUB_SPAWNER": "systemd",
    "JUPYTERHUB_BASE_URL": "/our hub/",
    "JUPYTERHUB_SUBDOMAIN_HOST": "hub.example.org",
    "DOCKER_NOTEBOOK_IMAGE": "my image",
    "DOCKER_NOTEBOOK_DIR": "work",
    "DOCKER_SPAWN_CMD": "start-singleuser.py '--debug",
    "DEFAULT_URL": "lab",
    "NB_UID": "0",
    "NB_GID": "users",
    "GRANT_SUDO": "NOPASSWD",
    "DOCKER_NETWORK_NAME": "a network",
    "DOCKER_CONTAINER_PREFIX": "_jupyter",
    "MEM_LIMIT": "2 gigs",
    "CPU_LIMIT": "half",
    "SWAP_LIMIT": "some",
    "SHM_LIMIT": "0",
    "PIDS_LIMIT": "-1",
    "GPUS": "0,2",
    "DISK_LIMIT": "10 GB",
    "START_TIMEOUT": "9",
    "IDLE_TIMEOUT": "1h",
    "NAMED_SERVER_LIMIT": "1.5",
    "NAMED_SERVER_VOLUMES": "private",
    "CONFIGPROXY_AUTH_TOKEN": "too-short-token",
    "JUPYTERHUB_HEALTH_TOKEN": "x" * 65,
}
BAD_ON_HOST = {
    "TLS": "true",
    "BIND_ADDRESS": "localhost",
    "HTTPS_PORT": "0",
    "HTTP_PORT": "65536",
    "HSTS_SECONDS": "a year",
    "TRUSTED_PROXIES": "nginx",
    "DATA_VOLUME_HOST": "/data",
    "DOCKER_SOCKET": "docker.sock",
    "WITH_COMPILER": "gcc",
    "BASE_IMAGE": "Debian trixie",
}


def load(**given: str) -> HubSettings:
    """Read the settings `given`, and tokens, which have no default."""
    return configuration.settings(TOKENS | given).hub


def test_defaults() -> None:
    values = load()
    assert values.compose_project_name == "jupyterhub"
    assert values.jupyterhub_authenticator == "native"
    assert values.jupyterhub_spawner == "docker"
    assert values.jupyterhub_admin == ""
    assert values.docker_notebook_image == "jupyterhub-user"
    assert values.docker_notebook_dir == "/home/jovyan/work"
    assert values.docker_spawn_cmd == []
    assert values.docker_network_name == "jupyterhub-network"
    assert values.docker_container_prefix == "jupyter"
    assert (values.mem_limit, values.cpu_limit, values.pids_limit) == (2 * 1024**3, 1, 1024)
    assert (values.swap_limit, values.shm_limit, values.disk_limit) == (0, None, 0)
    assert values.named_server_volumes == "shared"
    assert (values.start_timeout, values.idle_timeout, values.named_server_limit) == (300, 3600, 0)


def test_the_table_of_bad_values_has_every_setting() -> None:
    assert BAD.keys() | WITHOUT_BAD_VALUES == {name.upper() for name in HubSettings.model_fields}


def test_one_message_has_every_bad_setting() -> None:
    with pytest.raises(SettingsError) as raised:
        load(**BAD)
    headline, *lines = str(raised.value).splitlines()
    assert headline == f"{len(BAD)} settings cannot be used:"
    by_name = {line.split()[0]: line for line in lines}
    assert by_name.keys() == BAD.keys()
    for name, line in by_name.items():
        assert line.endswith(f"; expected {setting_of(HubSettings, name.lower()).expected}.")
        secret = f"({setting_of(HubSettings, name.lower()).file}) is not usable;"
        assert (secret if is_secret(HubSettings, name.lower()) else f"(.env or the shell) is {BAD[name]!r}") in line


def test_settings_of_the_host() -> None:
    values = HostSettings()
    # Empty: what they are then differs with TLS, see proxy/tls-on.yml and tls-off.yml.
    assert (values.tls, values.bind_address, values.http_port) == ("on", None, None)
    assert (values.https_port, values.hsts_seconds, values.trusted_proxies) == (443, 0, [])
    assert values.data_volume_host == "jupyterhub-data"
    assert values.docker_socket == "/var/run/docker.sock"
    assert values.base_image == "debian:trixie-slim"
    assert problems_of(HostSettings, {"HTTPS_PORT": "8443", "HTTP_PORT": "", "BIND_ADDRESS": "127.0.0.1"}) == []


def test_every_bad_setting_of_the_host_has_a_line() -> None:
    assert BAD_ON_HOST.keys() == {name.upper() for name in HostSettings.model_fields}
    lines = problems_of(HostSettings, BAD_ON_HOST)
    assert {line.split()[0] for line in lines} == BAD_ON_HOST.keys()
    for line in lines:
        name = line.split()[0]
        assert f"is {BAD_ON_HOST[name]!r}" in line
        assert "; expected " in line


@pytest.mark.parametrize(
    ("given", "read"),
    [("", "/"), ("/", "/"), ("jupyter", "/jupyter/"), ("/jupyter", "/jupyter/"), ("/a/b/", "/a/b/")],
)
def test_the_base_url_has_a_slash_at_both_ends(given: str, read: str) -> None:
    assert load(JUPYTERHUB_BASE_URL=given).jupyterhub_base_url == read


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("hub.example.org", "not an address with https:// in front"),
        ("https://hub.example.org/jupyter", "behind the host comes nothing but a port"),
        ("https://hub.example.org:port", "Port could not be cast"),
        ("https://192.0.2.7", "an address or a name without a dot has no subdomains"),
        ("https://hub", "an address or a name without a dot has no subdomains"),
    ],
)
def test_what_cannot_have_subdomains(address: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(reason)):
        load(JUPYTERHUB_SUBDOMAIN_HOST=address)


def test_subdomains_may_be_at_a_port() -> None:
    host = "https://hub.example.org:8443"
    assert load(JUPYTERHUB_SUBDOMAIN_HOST=f"{host}/").jupyterhub_subdomain_host == host


def test_trusted_proxies_are_addresses_and_networks() -> None:
    values = HostSettings.model_validate({"trusted_proxies": "192.0.2.7, 10.1.0.0/16 2001:db8::/32"})
    assert values.trusted_proxies == ["192.0.2.7/32", "10.1.0.0/16", "2001:db8::/32"]


@pytest.mark.parametrize("name", [name for name in BAD if name not in TOKENS])
def test_one_bad_setting_is_the_only_one_named(name: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load(**{name: BAD[name]})
    headline, line = str(raised.value).splitlines()
    assert headline == "1 setting cannot be used:"
    assert line.split()[0] == name


@pytest.mark.parametrize("name", TOKENS)
def test_the_value_of_a_secret_is_in_no_message(name: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load(**{name: BAD[name]})
    assert name in str(raised.value)
    assert BAD[name] not in str(raised.value)


def test_secrets_are_not_in_the_text_of_the_settings() -> None:
    text = repr(load())
    assert TOKENS["CONFIGPROXY_AUTH_TOKEN"] not in text


@pytest.mark.parametrize("given", [{}, dict.fromkeys(TOKENS, "")], ids=["absent", "empty"])
def test_tokens_are_asked_for(given: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as raised:
        configuration.settings(given)
    for name in TOKENS:
        line = f"{name} is missing: add the line {name}=… to {setting_of(HubSettings, name.lower()).file}; expected"
        assert line in str(raised.value)


@pytest.mark.parametrize(("length", "good"), [(31, False), (32, True), (64, True), (65, False)])
@pytest.mark.parametrize("name", TOKENS)
def test_length_of_tokens(name: str, length: int, good: bool) -> None:
    token = "a" * length
    if good:
        assert getattr(load(**{name: token}), name.lower()).get_secret_value() == token
    else:
        with pytest.raises(SettingsError, match=name):
            load(**{name: token})


def test_empty_means_default() -> None:
    optional = {name.upper() for name in HubSettings.model_fields} - TOKENS.keys()
    assert load(**dict.fromkeys(optional, "")) == load()


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("512M", 512 * 1024**2),
        ("2G", 2 * 1024**3),
        ("2g", 2 * 1024**3),
        ("1.5G", 1536 * 1024**2),
        ("1T", 1024**4),
        ("1073741824", 1024**3),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert load(MEM_LIMIT=text).mem_limit == size


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MEM_LIMIT", "2 gigs"),
        ("MEM_LIMIT", "2 G"),
        ("MEM_LIMIT", "-2G"),
        ("MEM_LIMIT", "G"),
        ("MEM_LIMIT", "lots"),
        ("MEM_LIMIT", "2"),  # its unit forgotten: the Engine refuses less than 6 MB, at every start
        ("MEM_LIMIT", "9" * 400),
        ("CPU_LIMIT", "-1"),
        ("CPU_LIMIT", "1,5"),
        ("CPU_LIMIT", "nan"),
        ("CPU_LIMIT", "inf"),
        ("START_TIMEOUT", "0"),
        ("DOCKER_SPAWN_CMD", 'sh -c "echo'),
        ("DOCKER_NOTEBOOK_DIR", "/home/my work"),
        ("DOCKER_NOTEBOOK_IMAGE", "-user"),
        ("DOCKER_NETWORK_NAME", "a/b"),
    ],
    ids=lambda value: value[:30],
)
def test_refused(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load(**{name: value})


@pytest.mark.parametrize("given", [{}, {"CPU_LIMIT": "half"}], ids=["alone", "beside a bad setting"])
def test_swap_without_a_limit_of_the_memory_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=r"SWAP_LIMIT .* is set, and MEM_LIMIT is 0"):
        load(SWAP_LIMIT="1G", MEM_LIMIT="0", **given)
    assert load(SWAP_LIMIT="0G", MEM_LIMIT="0").swap_limit == 0
    assert load(SWAP_LIMIT="1G").swap_limit == 1024**3


def test_more_shared_memory_than_memory_is_no_mistake_but_worth_a_word() -> None:
    [warning] = warnings(TOKENS | {"SHM_LIMIT": "3G"})
    assert "SHM_LIMIT is more than MEM_LIMIT" in warning
    assert warnings(TOKENS | {"SHM_LIMIT": "3G", "MEM_LIMIT": "0"}) == []
    assert warnings(TOKENS | {"SHM_LIMIT": "2G"}) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("start-singleuser.py", ["start-singleuser.py"]),
        ("start-singleuser.py --debug --port=8888", ["start-singleuser.py", "--debug", "--port=8888"]),
        ("sh -c 'exec jupyterhub-singleuser \"$@\"' sh", ["sh", "-c", 'exec jupyterhub-singleuser "$@"', "sh"]),
    ],
)
def test_command_with_arguments(text: str, words: list[str]) -> None:
    assert load(DOCKER_SPAWN_CMD=text).docker_spawn_cmd == words


@pytest.mark.parametrize(
    "image",
    [
        "jupyterhub-user",
        "quay.io/jupyter/scipy-notebook:2026-11-02",
        "localhost:5000/team/image_name:v1.2",
        "ghcr.io/org/image@sha256:" + "0f" * 32,
        "ghcr.io/org/image:PR-12",
    ],
)
def test_images(image: str) -> None:
    assert load(DOCKER_NOTEBOOK_IMAGE=image).docker_notebook_image == image


def test_the_old_name_of_the_image_works_with_a_warning() -> None:
    given = {"DOCKER_CONTAINER_IMAGE": "old-image", "DOCKER_NOTEBOOK_IMAGE": "from-.env"}
    assert load(**given).docker_notebook_image == "old-image"
    [warning] = warnings(TOKENS | given)
    assert "DOCKER_CONTAINER_IMAGE" in warning
    assert "DOCKER_NOTEBOOK_IMAGE" in warning


@pytest.mark.parametrize("given", [{"DOCKER_NOTEBOOK_IMAGE": "image"}, {"DOCKER_CONTAINER_IMAGE": ""}])
def test_no_warning_without_an_old_name(given: dict[str, str]) -> None:
    assert warnings(TOKENS | given) == []


def test_other_variables_of_the_environment_are_left_alone() -> None:
    assert load(PATH="/usr/bin", mem_limit="1G") == load()
