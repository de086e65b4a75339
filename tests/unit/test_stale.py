"""Which servers are older than the image or the settings."""

from pathlib import Path

import pytest

from host import servers
from host.servers import Server
from hub import configuration
from hub.servers import config, stale
from hub.servers.stale import SETTINGS_LABEL
from hub.settings.hub import HubSettings
from hub.settings.model import setting_of
from support.settings import TOKENS

# Another value for each setting.
OTHER = {
    "COMPOSE_PROJECT_NAME": "other",
    "JUPYTERHUB_AUTHENTICATOR": "shared-password",
    "SHARED_PASSWORD": "a fairly good one",
    "SHARED_ADMIN_PASSWORD": "s" * 32,
    "JUPYTERHUB_SPAWNER": "docker-system-user",
    "OVERLAY_SYSTEM_USERS": "1",
    "JUPYTERHUB_ADMIN": "zoe",
    "JUPYTERHUB_BASE_URL": "/jupyter/",
    "JUPYTERHUB_SUBDOMAIN_HOST": "https://hub.example.org",
    "DOCKER_NOTEBOOK_IMAGE": "other",
    "DOCKER_NOTEBOOK_DIR": "/home",
    "DOCKER_SPAWN_CMD": "start.sh",
    "LOGIN_HELP": "Ask the captain",
    "HUB_TITLE": "Firefly",
    "HUB_HELP_URL": "mailto:book@example.org",
    "DOCKER_NETWORK_NAME": "other",
    "DOCKER_CONTAINER_PREFIX": "other",
    "MEM_LIMIT": "1G",
    "SWAP_LIMIT": "1G",
    "SHM_LIMIT": "96M",
    "CPU_LIMIT": "2",
    "PIDS_LIMIT": "10",
    "GPUS": "1",
    "DEFAULT_URL": "/tree",
    "NB_UID": "1234",
    "NB_GID": "1234",
    "GRANT_SUDO": "true",
    "DISK_LIMIT": "1G",
    "SERVER_ENVIRONMENT": "SHIP=serenity",
    "EXTRA_HOSTS": "ship.example.org:192.0.2.7",
    "START_TIMEOUT": "10",
    "IDLE_TIMEOUT": "60",
    "NAMED_SERVER_LIMIT": "1",
    "NAMED_SERVER_VOLUMES": "own",
}


NOT_OF_SERVERS = {name for name in HubSettings.model_fields if not setting_of(HubSettings, name).restarts}
NEEDED = {
    "JUPYTERHUB_AUTHENTICATOR": ("SHARED_PASSWORD", "SHARED_ADMIN_PASSWORD"),
    "JUPYTERHUB_SPAWNER": ("OVERLAY_SYSTEM_USERS",),
}


def origin(**given: str) -> dict[str, str]:
    # Another image may switch its user.
    return stale.labels(configuration.settings(TOKENS | {"DOCKER_NOTEBOOK_IMAGE": "theirs"} | given))


def other(name: str) -> dict[str, str]:
    """Another value of a setting, with what it needs."""
    return {each: OTHER[each] for each in (name, *NEEDED.get(name, ()))}


@pytest.mark.parametrize("name", sorted(HubSettings.model_fields.keys() - NOT_OF_SERVERS))
def test_another_value_is_noticed(name: str) -> None:
    assert origin(**other(name.upper()))[SETTINGS_LABEL] != origin()[SETTINGS_LABEL]


@pytest.mark.parametrize("name", sorted(NOT_OF_SERVERS - {name.lower() for name in TOKENS}))
def test_what_no_server_depends_on_is_not(name: str) -> None:
    assert origin(**other(name.upper()))[SETTINGS_LABEL] == origin()[SETTINGS_LABEL]


def test_another_file_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "profiles.yaml"
    monkeypatch.setattr(stale, "FILES", (file,))
    before = origin()
    file.write_text("- name: Small\n")
    assert origin()[SETTINGS_LABEL] != before[SETTINGS_LABEL]


def test_the_settings_of_a_choice_count_its_secrets_too() -> None:
    url = {"KG_URL": "https://gateway.example.org:8888"}
    tokens = [origin(**url, KG_AUTH_TOKEN=token) for token in ("serenity", "firefly")]
    homes = {"JUPYTERHUB_SPAWNER": "docker-system-user", "OVERLAY_SYSTEM_USERS": "1"}
    moved = homes | {"HOST_HOMEDIR_FORMAT": "/srv/{username}"}
    found = [origin(), origin(**url), *tokens, origin(**homes), origin(**moved)]
    assert len({each[SETTINGS_LABEL] for each in found}) == len(found)


def test_the_labels_are_written() -> None:
    labels = config.labels(configuration.settings(TOKENS | {"DOCKER_NOTEBOOK_IMAGE": "theirs"}))
    assert labels["org.jupyter.hub.settings"] == origin()[SETTINGS_LABEL]
    assert labels["org.jupyter.hub.volumes"] == "shared"
    assert labels["org.jupyter.hub.project"] == "jupyterhub"


@pytest.mark.parametrize(
    ("made_from", "image_is_current", "labels", "old"),
    [
        (origin(), True, {}, ()),
        (origin(), False, {}, ("older image",)),
        (origin(MEM_LIMIT="1G"), True, {}, ("older settings",)),
        (origin(MEM_LIMIT="1G"), False, {}, ("older image", "older settings")),
        (origin(NAMED_SERVER_VOLUMES="own"), True, {}, ()),
        (origin(NAMED_SERVER_VOLUMES="own"), True, {"org.jupyter.hub.server": "gpu"}, ("older settings",)),
        (origin(), True, {"org.jupyter.hub.server": "gpu"}, ()),
        ({}, True, {}, ("older settings",)),
    ],
)
def test_what_is_old_about_a_server(
    made_from: dict[str, str], image_is_current: bool, labels: dict[str, str], old: tuple[str, ...]
) -> None:
    mine = {"org.jupyter.hub.user": "zoe"} | made_from | labels
    server = servers.judge(mine, image_is_current, origin())
    assert (server.user, server.old) == ("zoe", old)


def test_the_sentence_names_each_user_once() -> None:
    found = [Server("zoe", "", ("older image",)), Server("mal", "", ()), Server("zoe", "gpu", ("older settings",))]
    assert servers.sentence(found).splitlines()[0].endswith(": zoe.")
    assert servers.sentence([*found, Server("kaylee", "", ("older image",))]).splitlines()[0].endswith(": kaylee, zoe.")
    assert servers.sentence(found[1:2]) == ""
