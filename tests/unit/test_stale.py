"""Which servers are older than the image or the settings."""

import json
from pathlib import Path

import pytest
from hub.gateway import settings as gateway_settings
from traitlets.config import Config

from host.report import HostReport
from hub.servers import stale
from hub.servers.stale import NOT_OF_SERVERS, Origin, Server
from hub.settings.hub import Settings
from support.settings import TOKENS

# Another value for each setting.
OTHER = {
    "COMPOSE_PROJECT_NAME": "other",
    "JUPYTERHUB_AUTHENTICATOR": "shared-password",
    "SHARED_PASSWORD": "a fairly good one",
    "SHARED_ADMIN_PASSWORD": "s" * 32,
    "JUPYTERHUB_SPAWNER": "docker-system-user",
    "JUPYTERHUB_ADMIN": "zoe",
    "JUPYTERHUB_BASE_URL": "/jupyter/",
    "JUPYTERHUB_SUBDOMAIN_HOST": "https://hub.example.org",
    "DOCKER_NOTEBOOK_IMAGE": "other",
    "DOCKER_NOTEBOOK_DIR": "/home",
    "DOCKER_SPAWN_CMD": "start.sh",
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
    "START_TIMEOUT": "10",
    "IDLE_TIMEOUT": "60",
    "NAMED_SERVER_LIMIT": "1",
    "NAMED_SERVER_VOLUMES": "own",
}


def origin(**given: str) -> Origin:
    # An image of somebody else may switch its user.
    environment = TOKENS | {"DOCKER_NOTEBOOK_IMAGE": "theirs"} | given
    return Origin.today(settings.load(environment)[0], gateway_settings.load(environment))


def line(now: Origin, *, image: str = "sha256:1", image_now: str = "sha256:1", **labels: str) -> str:
    """What `scripts/servers` prints of zoe's server."""
    mine = {"org.jupyter.hub.user": "zoe", "maintainer": "a b"} | now.labels() | labels
    return f"{image} {image_now} {json.dumps(mine)}"


@pytest.mark.parametrize("name", sorted(Settings.model_fields.keys() - NOT_OF_SERVERS))
def test_another_value_is_noticed(name: str) -> None:
    assert origin(**{name.upper(): OTHER[name.upper()]}).settings != origin().settings


def test_another_file_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "profiles.yaml"
    monkeypatch.setattr(stale, "FILES", (file,))
    before = origin()
    file.write_text("- name: Small\n")
    assert origin().settings != before.settings


def test_what_no_server_depends_on_is_not() -> None:
    others = {name.upper(): OTHER[name.upper()] for name in NOT_OF_SERVERS if name.upper() not in TOKENS}
    needed = {name: OTHER[name] for name in ("SHARED_PASSWORD", "SHARED_ADMIN_PASSWORD")}
    assert origin(**others, **needed).settings == origin().settings


def test_a_gateways_settings_count_its_token_too() -> None:
    url = {"KG_URL": "https://gateway.example.org:8888"}
    tokens = [origin(**url, KG_AUTH_TOKEN=token) for token in ("serenity", "firefly")]
    assert len({origin().settings, origin(**url).settings, *(each.settings for each in tokens)}) == 4


def test_the_labels_are_written() -> None:
    c = Config()
    spawning.configure(c, settings.load(TOKENS)[0])
    stale.configure(c, origin())
    labels = c.HubDockerSpawner.extra_create_kwargs["labels"]
    assert labels["org.jupyter.hub.settings"] == origin().settings
    assert labels["org.jupyter.hub.volumes"] == "shared"
    assert labels["org.jupyter.hub.project"] == "jupyterhub"


@pytest.mark.parametrize(
    ("text", "old"),
    [
        (line(origin()), ()),
        (line(origin(), image="sha256:0"), ("older image",)),
        (line(origin(), image_now="-"), ("older image",)),
        (line(origin(MEM_LIMIT="1G")), ("older settings",)),
        (line(origin(MEM_LIMIT="1G"), image="sha256:0"), ("older image", "older settings")),
        (line(origin(NAMED_SERVER_VOLUMES="own")), ()),
        (line(origin(NAMED_SERVER_VOLUMES="own"), **{"org.jupyter.hub.server": "gpu"}), ("older settings",)),
        (line(origin(), **{"org.jupyter.hub.server": "gpu"}), ()),
        ('sha256:1 sha256:1 {"org.jupyter.hub.user": "zoe"}', ("older settings",)),
    ],
)
def test_what_is_old_about_a_server(text: str, old: tuple[str, ...]) -> None:
    [server] = stale.read([text], origin())
    assert (server.user, server.old) == ("zoe", old)


def test_the_sentence() -> None:
    servers = [Server("zoe", "", ("older image",)), Server("mal", "", ()), Server("zoe", "gpu", ("older settings",))]
    assert stale.sentence(servers).splitlines()[0].endswith("the servers of zoe.")
    assert stale.sentence([*servers, Server("kaylee", "", ("older image",))]).splitlines()[0].endswith(" kaylee, zoe.")
    assert stale.sentence(servers[1:2]) == ""


# --- All that the Docker host knows ---


def report(*lines: str, **given: str) -> HostReport:
    # An image of somebody else may switch its user.
    environment = TOKENS | {"DOCKER_NOTEBOOK_IMAGE": "theirs"} | given
    return HostReport.read(lines, settings.load(environment)[0], gateway_settings.load(environment))


def test_a_report_of_everything() -> None:
    found = report(
        "volume jupyterhub-user-zoe 1024 ",
        "volume jupyterhub-user-zoe--gpu 1024",
        "volume jupyterhub-user-o-2ehara 2048 1073741824",
        "server " + line(origin(), image="sha256:0"),
    )
    assert [volume.name for volume in found.volumes_of("zoe")] == ["jupyterhub-user-zoe", "jupyterhub-user-zoe--gpu"]
    assert found.notes("zoe") == ["older image"]
    assert found.notes("o.hara") == ["volume older than DISK_LIMIT"]
    assert found.notes("wash") == []
    assert found.left_over(["zoe", "o.hara"]) == ""
    assert found.left_over(["o.hara"]).splitlines() == [
        "Volumes of nobody here:",
        "  jupyterhub-user-zoe  1M",
        "  jupyterhub-user-zoe--gpu  1M",
    ]


def test_volumes_from_before_a_limit_are_no_secret() -> None:
    lines = ("volume jupyterhub-user-zoe 4", "volume jupyterhub-user-mal 4 1073741824")
    found = report(*lines, DISK_LIMIT="1G")
    assert (found.notes("zoe"), found.notes("mal")) == (["volume older than DISK_LIMIT"], [])


def test_certificates_where_they_are_wanted() -> None:
    wanted = {
        "KG_URL": "https://gateway.example.org:8888",
        "CLIENT_KEY": "key.pem",
        "CLIENT_CERT": "cert.pem",
        "CLIENT_CA": "ca.pem",
    }
    found = report("certificate zoe 2007-01-01T00:00:00+00:00", **wanted)
    assert found.notes("zoe") == ["client certificate expired on 2007-01-01"]
    assert found.notes("mal") == ["no client certificate"]
    assert report().notes("mal") == []
