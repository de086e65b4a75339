"""Which volume a server gets, and what is said of it."""

from itertools import product
from types import SimpleNamespace
from typing import Any

import pytest
from dockerspawner import DockerSpawner
from host.disk_use import Volume
from traitlets.config import Config

from host import disk_use
from hub import names
from hub.servers import volumes
from hub.servers.spawner import HubDockerSpawner
from support.settings import TOKENS

USERS = ["zoe", "zoe-gpu", "zoe--gpu", "zoe-", "o.hara@example.org", "josé", "$plus+", "a$b#1", "user1", "-"]
SERVERS = ["", "gpu", "GPU", "-gpu", "gpu-", "--", "my server", "ümlaut"]


def mounts(user: str = "zoe", server: str = "", **given: str) -> list[dict[str, Any]]:
    """What a user's server gets mounted."""
    c = Config()
    volumes.configure(c, settings.load(TOKENS | given)[0])
    who = {"user": SimpleNamespace(name=user), "orm_spawner": SimpleNamespace(name=server, server=None)}
    spawner = HubDockerSpawner(config=c, **who)
    return [dict(mount) for mount in spawner.mount_binds]


def source(user: str, server: str, **given: str) -> str:
    [mount] = mounts(user, server, **given)
    return mount["Source"]


@pytest.mark.parametrize("user", USERS)
def test_names_are_escaped_as_the_spawner_does(user: str) -> None:
    assert names.escaped(user) == DockerSpawner._escape(user)
    assert source(user, "") == f"jupyterhub-user-{DockerSpawner._escape(user)}"


def test_the_volume_is_where_the_notebooks_are() -> None:
    [mount] = mounts(DOCKER_NOTEBOOK_DIR="/home/jovyan/files")
    assert mount == {
        "Target": "/home/jovyan/files",
        "Source": "jupyterhub-user-zoe",
        "Type": "volume",
        "ReadOnly": False,
    }


def test_a_limit_is_asked_for_with_the_volume() -> None:
    [mount] = mounts(DISK_LIMIT="10G")
    assert mount["VolumeOptions"]["DriverConfig"] == {"Name": "local", "Options": {"size": str(10 * 1024**3)}}


@pytest.mark.parametrize("server", SERVERS)
def test_named_servers_share_the_users_files(server: str) -> None:
    assert source("zoe", server) == "jupyterhub-user-zoe"


def test_or_have_a_volume_of_their_own() -> None:
    own = {"NAMED_SERVER_VOLUMES": "own"}
    assert source("zoe", "", **own) == "jupyterhub-user-zoe"
    assert source("zoe", "gpu", **own) == "jupyterhub-user-zoe--gpu"
    assert source("zoe-gpu", "", **own) == "jupyterhub-user-zoe-2dgpu"


def test_no_two_servers_of_anybody_have_the_same_volume() -> None:
    pairs = list(product(USERS, SERVERS))
    found = {names.user_volume("jupyterhub", names.owner(user, server)) for user, server in pairs}
    assert len(found) == len(pairs)


def test_whose_a_volume_is_stands_in_its_name() -> None:
    for user, server in product(USERS, SERVERS):
        name = names.user_volume("hub-2", names.owner(user, server))
        assert Volume(name, 0, 0).user("hub-2") == names.escaped(user)


@pytest.mark.parametrize(
    ("words", "volume"),
    [
        ("jupyterhub-user-zoe 12", Volume("jupyterhub-user-zoe", 12 * 1024, 0)),
        ("jupyterhub-user-zoe 12 10737418240", Volume("jupyterhub-user-zoe", 12 * 1024, 10 * 1024**3)),
        ("jupyterhub-user-zoe 12 10G", Volume("jupyterhub-user-zoe", 12 * 1024, 10 * 1024**3)),
        ("jupyterhub-user-zoe 12 1.5gib", Volume("jupyterhub-user-zoe", 12 * 1024, 1536 * 1024**2)),
        ("jupyterhub-user-zoe 12 512mb", Volume("jupyterhub-user-zoe", 12 * 1024, 512 * 1024**2)),
        ("jupyterhub-user-zoe 12 100b", Volume("jupyterhub-user-zoe", 12 * 1024, 100)),
    ],
)
def test_reading_what_the_docker_host_says(words: str, volume: Volume) -> None:
    assert Volume.read(words) == volume


def test_what_is_said_of_somebodys_volumes() -> None:
    one, two, free = Volume("a", 3 * 1024**2, 1024**3), Volume("b", 1024**2, 1024**3), Volume("c", 1024, 0)
    assert disk_use.describe([]) == ""
    assert disk_use.describe([one]) == "3M of 1G"
    assert disk_use.describe([one, two]) == "4M of 2G"
    assert disk_use.describe([one, free]) == "3M"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0"),
        (1000, "1000"),
        (4096, "4K"),
        (1536, "1.5K"),
        (10 * 1024 - 1, "10K"),
        (1024**2 - 1, "1M"),
        (300 * 1024**2, "300M"),
        (1024**3, "1G"),
        (9 * 1024**4 // 4, "2.2T"),
        (1024**5, "1P"),
        (5000 * 1024**5, "5000P"),
    ],
)
def test_sizes_for_people(size: int, text: str) -> None:
    assert disk_use.human(size) == text
