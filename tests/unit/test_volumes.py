"""Which volume a server gets, and what is said of it."""

import subprocess
from collections.abc import Callable
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pytest
from docker.types import Mount
from dockerspawner import DockerSpawner
from traitlets.config import Config

from host import doctor, volumes
from host.engine import Done, Host
from host.volumes import Volume
from hub import configuration, names
from hub.servers import config
from hub.servers.spawner import HubDockerSpawner
from support.settings import TOKENS

USERS = ["zoe", "zoe-gpu", "zoe--gpu", "zoe-", "o.hara@example.org", "josé", "$plus+", "a$b#1", "user1", "-"]
SERVERS = ["", "gpu", "GPU", "-gpu", "gpu-", "--", "my server", "ümlaut"]


def mounts(user: str = "zoe", server: str = "", **given: str) -> list[dict[str, Any]]:
    """What a user's server gets mounted."""
    c = Config()
    config.configure(c, configuration.settings(TOKENS | given))
    who = {
        "user": SimpleNamespace(name=user, admin=False, groups=[]),
        "orm_spawner": SimpleNamespace(name=server, server=None),
    }
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
        "VolumeOptions": {
            "Labels": {"org.jupyter.hub.place": "/home/jovyan/files"},
            # Without an option, `docker volume prune --all` would delete it.
            "DriverConfig": {"Name": "local", "Options": {"size": "0"}},
        },
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
    ("size", "number"),
    [
        ("0", 0),
        ("10737418240", 10 * 1024**3),
        ("10G", 10 * 1024**3),
        ("1.5gib", 1536 * 1024**2),
        ("512mb", 512 * 1024**2),
        ("100b", 100),
    ],
)
def test_limits_are_read_however_they_were_given(size: str, number: int) -> None:
    assert volumes.in_bytes(size) == number


def test_what_prune_would_delete_is_unused_and_has_no_option(
    send: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, str]] = []
    listed = [
        {"Name": "jupyterhub-user-mal", "Options": {"size": "0"}},
        {"Name": "jupyterhub-user-zoe", "Options": None},
    ]
    engine = SimpleNamespace(volumes=lambda filters: asked.append(filters) or {"Volumes": listed})
    monkeypatch.setattr(Host, "client", SimpleNamespace(api=engine))
    assert volumes.pruned(send()) == ["jupyterhub-user-zoe"]
    assert asked == [{"name": "^jupyterhub-user-", "dangling": "true"}]
    (finding,) = doctor.prune(send())
    assert finding.level == "warn"
    listed.clear()
    assert list(doctor.prune(send())) == []


def test_sizes_are_measured_where_the_files_are(
    send: Callable[..., Host], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is found by its path; one that a server has removed meanwhile is missing in what `du` says."""
    (tmp_path / "jupyterhub-user-zoe" / "_data").mkdir(parents=True)
    (tmp_path / "jupyterhub-user-zoe" / "_data" / "file").write_bytes(b"x" * 100_000)
    listed = [
        {"Name": name, "Driver": "local", "Options": None, "Mountpoint": str(tmp_path / name / "_data")}
        for name in ("jupyterhub-user-zoe", "jupyterhub-user-gone")
    ]
    engine = SimpleNamespace(api=SimpleNamespace(volumes=lambda **_: {"Volumes": listed}))
    monkeypatch.setattr(Host, "client", engine)
    monkeypatch.setattr(Host, "run", measured_here)
    gone, zoe = volumes.of_users(send())
    assert 100_000 <= zoe.size < 200_000
    assert gone.size == 0


def measured_here(
    _: Host, __: str, options: list[str], *, mounts: list[Mount], files: dict[str, bytes], **___: Any
) -> Done:
    """What `du` says without a container: each mount is a link."""
    with TemporaryDirectory() as folder:
        for mount in mounts:
            place = Path(folder, mount["Target"].lstrip("/"))
            place.parent.mkdir(exist_ok=True)
            place.symlink_to(mount["Source"])
        paths = files["/places"].decode().replace(volumes.VOLUMES, folder + volumes.VOLUMES)
        done = subprocess.run(
            ["du", *options[:-1], "--files0-from=-"], input=paths, capture_output=True, text=True, check=False
        )
        return Done(done.returncode, done.stdout.replace(folder, ""), done.stderr)


def test_what_is_said_of_a_users_volumes() -> None:
    one, two, free = Volume("a", 3 * 1024**2, 1024**3), Volume("b", 1024**2, 1024**3), Volume("c", 1024, 0)
    assert volumes.describe([]) == ""
    assert volumes.describe([one]) == "3M of 1G"
    assert volumes.describe([one, two]) == "4M of 2G"
    assert volumes.describe([one, free]) == "3M"


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
    assert volumes.human(size) == text
