"""Where users' volumes are mounted, who decides it, and how a volume that was the folder `work` becomes a home."""

import os
import tarfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path

import pytest

from host import homes as on_host
from hub import configuration, homes, paths
from hub.admin.__main__ import VERBS
from hub.errors import OperatorError
from hub.homes import HOME, WORK
from hub.servers import config
from support.settings import TOKENS

SYSTEM_USERS = {"JUPYTERHUB_SPAWNER": "docker-system-user", "OVERLAY_SYSTEM_USERS": "1"}


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the data volume, which is not there yet."""
    file = tmp_path / "notebook-dir"
    monkeypatch.setattr(paths, "NOTEBOOK_DIR", file)
    return file


def place(environment: Mapping[str, str], volumes: Sequence[str]) -> str:
    """Where the hub mounts volumes after a start on a host with volumes that were mounted at these places."""
    homes.settle(environment, lambda _: volumes)
    return configuration.settings(TOKENS | homes.completed(environment)).hub.docker_notebook_dir


@pytest.mark.parametrize(
    ("volumes", "expected"), [([], HOME), ([HOME, HOME], HOME), ([""], WORK), ([HOME, ""], WORK), ([WORK], WORK)]
)
def test_the_first_start_decides_by_the_volumes_that_are_there(volumes: list[str], expected: str) -> None:
    assert place({}, volumes) == expected
    # Later volumes change nothing, such as one that comes from a backup.
    assert place({}, [""]) == expected
    assert place({}, []) == expected


def test_only_volumes_of_this_deployment_are_asked_for() -> None:
    asked: list[str] = []
    homes.settle({"COMPOSE_PROJECT_NAME": "hub-2"}, lambda prefix: asked.append(prefix) or [])
    homes.settle({"COMPOSE_PROJECT_NAME": "hub-2"}, lambda prefix: asked.append(prefix) or [])
    assert asked == ["hub-2-user-"]


@pytest.mark.parametrize("given", [HOME, WORK, "/srv/files"])
def test_a_setting_counts_more_than_the_record(given: str) -> None:
    place({}, [])
    assert place({homes.SETTING: given}, [""]) == given


@pytest.mark.parametrize("given", [HOME, WORK])
def test_who_empties_the_setting_keeps_the_place(given: str) -> None:
    place({homes.SETTING: given}, [""])
    assert place({homes.SETTING: ""}, [""]) == given


def test_make_homes_is_for_the_next_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (TOKENS | {homes.SETTING: ""}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(configuration, "of_this_process", lambda: configuration.settings(homes.completed(os.environ)))
    assert place({}, [""]) == WORK
    VERBS["homes"](None, "")  # pyright: ignore[reportArgumentType] -- it needs no database
    assert place({}, [""]) == HOME


@pytest.mark.parametrize("given", [{homes.SETTING: WORK}, SYSTEM_USERS])
def test_make_homes_refuses_what_it_cannot_do(
    given: dict[str, str], monkeypatch: pytest.MonkeyPatch, data: Path
) -> None:
    for name, value in (TOKENS | given).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(configuration, "of_this_process", lambda: configuration.settings(os.environ))
    with pytest.raises(OperatorError):
        VERBS["homes"](None, "")  # pyright: ignore[reportArgumentType] -- as above
    assert not data.exists()


def environment(**given: str) -> dict[str, object]:
    return config.environment(configuration.settings(TOKENS | given))


def test_caches_stay_out_of_the_volume_and_images_with_another_home_have_it() -> None:
    assert environment()["XDG_CACHE_HOME"] == "/tmp/cache"
    assert environment()["JUPYTER_RUNTIME_DIR"] == "/tmp/jupyter"
    assert environment()["HOME"] == HOME
    assert environment(SERVER_ENVIRONMENT="XDG_CACHE_HOME=/mine")["XDG_CACHE_HOME"] == "/mine"
    assert "HOME" not in environment(DOCKER_NOTEBOOK_DIR=WORK)
    assert "HOME" not in environment(DOCKER_NOTEBOOK_DIR="/home/rstudio")
    assert {"HOME", "XDG_CACHE_HOME"} & environment(**SYSTEM_USERS).keys() == set()


# --- host/homes.py ---


def tar_of(folder: Path) -> BytesIO:
    """A folder as the Engine gives it: all below its own name."""
    content = BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        tar.add(folder, "jovyan")
    return content


@pytest.fixture
def image(tmp_path: Path) -> BytesIO:
    """What the image has in its home."""
    home = tmp_path / "image"
    (home / ".config" / "ship").mkdir(parents=True)
    (home / "work").mkdir()
    (home / ".bashrc").write_text("of the image")
    (home / ".config" / "ship" / "serenity").write_text("of the image")
    return tar_of(home)


def test_a_volume_gets_what_it_lacks_and_loses_nothing(tmp_path: Path, image: BytesIO) -> None:
    volume = tmp_path / "volume"
    (volume / "data").mkdir(parents=True)
    (volume / "data" / "moons.csv").write_text("1")
    (volume / ".bashrc").write_text("mine")
    for _ in range(2):
        on_host.fill(volume, image)
        assert (volume / ".bashrc").read_text() == "mine"
        assert (volume / ".config" / "ship" / "serenity").read_text() == "of the image"
        assert (volume / "work" / "data" / "moons.csv").read_text() == "1"
    assert sorted(entry.name for entry in volume.iterdir()) == [".bashrc", ".config", "data", "work"]


def test_a_volume_that_is_a_home_keeps_its_folder_work(tmp_path: Path, image: BytesIO) -> None:
    volume = tmp_path / "volume"
    (volume / "work").mkdir(parents=True)
    on_host.fill(volume, image)
    assert not (volume / "work").is_symlink()


def test_an_image_without_that_home_gives_nothing(tmp_path: Path) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    on_host.fill(volume, BytesIO())
    assert [entry.name for entry in volume.iterdir()] == ["work"]
