"""Settings: defaults, old names, and one message for everything that is wrong."""

import re

import pytest

from hub import configuration
from hub.errors import SettingsError
from hub.overlays import overlays
from hub.servers import config as servers
from hub.settings.host import HostSettings
from hub.settings.hub import HubSettings
from hub.settings.model import setting_of
from hub.sign_in.table import AUTHENTICATORS
from support.bad_values import ANY_TEXT, HOST, HUB, OVERLAYS, SIGN_IN
from support.settings import TOKENS, problems, warnings

SECRET = {*TOKENS, "KG_AUTH_TOKEN", "SERVER_ENVIRONMENT"}
STACKS = {"DOCKER_NOTEBOOK_IMAGE": "quay.io/jupyter/minimal-notebook"}


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
    assert values.docker_notebook_dir == "/home/jovyan"
    assert values.docker_spawn_cmd == []
    assert values.docker_network_name == "jupyterhub-network"
    assert values.docker_container_prefix == "jupyter"
    assert (values.mem_limit, values.cpu_limit, values.pids_limit) == (2 * 1024**3, 1, 1024)
    assert (values.swap_limit, values.shm_limit, values.disk_limit) == (0, None, 0)
    assert values.named_server_volumes == "shared"
    assert (values.start_timeout, values.idle_timeout, values.named_server_limit) == (300, 3600, 0)


def test_the_table_of_bad_values_has_every_setting() -> None:
    models = [HubSettings, HostSettings, *AUTHENTICATORS.values(), *(overlay.settings for overlay in overlays())]
    known = {name.upper() for model in models for name in model.model_fields}
    listed = HUB.keys() | HOST.keys() | OVERLAYS.keys() | {name for _, name, _ in SIGN_IN}
    assert listed | ANY_TEXT == known
    assert listed & ANY_TEXT == set()


def test_one_message_has_every_bad_setting() -> None:
    marks = {"OVERLAY_LETSENCRYPT": "1", "OVERLAY_SYSTEM_USERS": "1"}
    given = HUB | HOST | OVERLAYS | marks
    found = {problem.setting: problem for problem in problems(given)}
    assert found.keys() == HUB.keys() | HOST.keys() | OVERLAYS.keys()
    for name, problem in found.items():
        assert problem.kind == "value"
        assert "; expected " in str(problem)
        assert (given[name] in str(problem)) is (name not in SECRET)


@pytest.mark.parametrize("name", [*HUB, *HOST])
def test_one_bad_setting_is_the_only_one_named(name: str) -> None:
    assert [problem.setting for problem in problems(TOKENS | {name: (HUB | HOST)[name]})] == [name]


def test_settings_of_the_host() -> None:
    values = HostSettings()
    # Empty: what they are then differs with TLS, see proxy/tls-on.yml and tls-off.yml.
    assert (values.tls, values.bind_address, values.http_port) == ("on", None, None)
    assert (values.https_port, values.hsts_seconds, values.trusted_proxies) == (443, 0, [])
    assert values.data_volume_host == "jupyterhub-data"
    assert values.docker_socket == "/var/run/docker.sock"
    assert values.base_image == "debian:trixie-slim"


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


def test_secrets_are_not_in_the_text_of_the_settings() -> None:
    text = repr(load())
    assert TOKENS["CONFIGPROXY_AUTH_TOKEN"] not in text


@pytest.mark.parametrize("given", [{}, dict.fromkeys(TOKENS, "")], ids=["absent", "empty"])
def test_tokens_are_asked_for(given: dict[str, str]) -> None:
    found = {problem.setting: problem for problem in problems(given)}
    assert found.keys() == TOKENS.keys()
    for name, problem in found.items():
        assert problem.kind == "missing"
        assert setting_of(HubSettings, name.lower()).file in str(problem)


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


@pytest.mark.parametrize("name", ["MyHub", "my.hub", "my hub", "-hub"])
def test_a_project_has_a_name_that_compose_takes(name: str) -> None:
    (problem,) = problems(TOKENS | {"COMPOSE_PROJECT_NAME": name})
    assert (problem.setting, problem.kind) == ("COMPOSE_PROJECT_NAME", "value")
    assert load(COMPOSE_PROJECT_NAME="my_hub-2").compose_project_name == "my_hub-2"


@pytest.mark.parametrize("name", ["MEM_LIMIT", "SHM_LIMIT", "SWAP_LIMIT", "DISK_LIMIT"])
def test_a_size_that_is_too_small_is_told_the_least(name: str) -> None:
    (problem,) = problems(TOKENS | {name: "1M"})
    assert "too small" in problem.text
    assert "6M" in problem.text
    assert problems(TOKENS | {name: "6M"}) == []


@pytest.mark.parametrize(
    "given",
    [
        {"HTTPS_PORT": "8443", "HTTP_PORT": "8443"},
        {"HTTPS_PORT": "80"},
        {"HTTP_PORT": "443"},
    ],
)
def test_two_ports_are_two_numbers(given: dict[str, str]) -> None:
    (problem,) = problems(TOKENS | given)
    assert (problem.setting, problem.kind) == ("HTTP_PORT and HTTPS_PORT", "conflict")
    assert problems(TOKENS | given | {"TLS": "off"}) == []


def test_one_bad_setting_is_it_and_two_are_them() -> None:
    reports = []
    for given in ({"CPU_LIMIT": "half"}, {"CPU_LIMIT": "half", "GPUS": "many"}):
        with pytest.raises(SettingsError) as raised:
            load(**given)
        reports.append(raised.value.report)
    assert reports[0].endswith("Fix: correct it, then run: make up")
    assert reports[1].endswith("Fix: correct them, then run: make up")


def test_swap_without_a_limit_of_the_memory_is_refused() -> None:
    (problem,) = problems(TOKENS | {"SWAP_LIMIT": "1G", "MEM_LIMIT": "0"})
    assert (problem.setting, problem.kind) == ("SWAP_LIMIT", "conflict")
    assert load(SWAP_LIMIT="0G", MEM_LIMIT="0").swap_limit == 0
    assert load(SWAP_LIMIT="1G").swap_limit == 1024**3


def test_more_shared_memory_than_memory_is_no_mistake_but_worth_a_word() -> None:
    [warning] = warnings(TOKENS | {"SHM_LIMIT": "3G"})
    assert warning.startswith("SHM_LIMIT")
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


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("A=1", {"A": "1"}),
        ("A=1 B='two words'\nC=", {"A": "1", "B": "two words", "C": ""}),
        ("\n  A=x=y  # why\n  B=2\n", {"A": "x=y", "B": "2"}),
    ],
)
def test_variables_for_servers(text: str, variables: dict[str, str]) -> None:
    assert load(SERVER_ENVIRONMENT=text).server_environment == variables


@pytest.mark.parametrize("text", ["A", "=1", "1A=1", "A='1", "PATH=/", "JUPYTERHUB_USER=a", "LD_PRELOAD=x"])
def test_variables_that_servers_cannot_have(text: str) -> None:
    (problem,) = problems(TOKENS | {"SERVER_ENVIRONMENT": text})
    assert (problem.setting, problem.kind) == ("SERVER_ENVIRONMENT", "value")
    assert text not in str(problem)


def test_what_the_deployment_needs_wins_over_variables_for_servers() -> None:
    found = configuration.settings(TOKENS | {"SERVER_ENVIRONMENT": "SHIP=serenity NB_UID=1", "NB_UID": "2000"} | STACKS)
    variables = servers.environment(found)
    assert (variables["SHIP"], variables["NB_UID"]) == ("serenity", "2000")


def test_hosts_for_servers() -> None:
    text = "db.example.org:10.1.2.3 v6:2001:db8::1 here:host-gateway"
    wanted = {"db.example.org": "10.1.2.3", "v6": "2001:db8::1", "here": "host-gateway"}
    assert load(EXTRA_HOSTS=text).extra_hosts == wanted


@pytest.mark.parametrize("text", ["db", "db:", "d b:10.1.2.3", "db:ten", "-x:10.1.2.3"])
def test_hosts_that_servers_cannot_have(text: str) -> None:
    assert [problem.setting for problem in problems(TOKENS | {"EXTRA_HOSTS": text})] == ["EXTRA_HOSTS"]
