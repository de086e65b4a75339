"""A choice is a folder of examples/: with a further one, everything works without a change outside that folder."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support.deployment import PREFIX, Deployment
from support.people import users

TOY = Path(__file__).parents[1] / "overlays" / "toy"
FOLDER = "examples/toy"
BEGIN = ("git", "-c", "user.name=test", "-c", "user.email=test@example.org")


@pytest.fixture(scope="module")
def hub(make_deployment: Callable[..., Deployment]) -> Deployment:
    """A deployment with the toy, running; the checkout had no change before the folder was added."""
    hub = make_deployment(f"{PREFIX}toy")
    hub.write("userlist", "admin admin\nzoe\n")
    for command in (["init"], ["add", "--all"], ["commit", "--quiet", "--message", "Without the toy"]):
        hub.run(*BEGIN, *command)
    shutil.copytree(TOY, hub.root / FOLDER)
    hub.set_env(COMPOSE_FILE=f"docker-compose.yml:{FOLDER}/docker-compose.yml", TOY_GREETING="ahoy")
    hub.up()
    return hub


def state(hub: Deployment) -> str:
    """What a refusal must not change: the hub that runs, its proxy, the images."""
    containers = hub.docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", hub.project, f"{hub.project}-proxy")
    names = sorted(hub.compose("config", "--images").stdout.split())
    images = hub.docker("image", "inspect", "--format", "{{.Id}}", *names)
    return containers.stdout + images.stdout


def refusal(hub: Deployment, **settings: str) -> str:
    """What `make build` prints when it refuses, and changes nothing."""
    before = state(hub)
    done = hub.make("build", env=settings, check=False)
    assert done.returncode != 0, done.stdout
    assert state(hub) == before
    return done.stderr


def test_a_bad_value_of_its_setting_is_refused_by_name(hub: Deployment) -> None:
    assert "TOY_GREETING (.env or the shell) is 'Ahoy!'" in refusal(hub, TOY_GREETING="Ahoy!")


def test_its_check_refuses(hub: Deployment) -> None:
    volume = f"{hub.project}-silence"
    hub.docker("volume", "create", volume)
    try:
        said = refusal(hub)
        assert f"FAIL: the volume {volume} forbids greetings." in said
        assert f"Fix: docker volume rm {volume}" in said
    finally:
        hub.docker("volume", "rm", volume)
    hub.make("build")


def test_its_verb_is_a_verb_of_make(hub: Deployment) -> None:
    assert hub.make("toy", "USER=zoe").stdout == "ahoy zoe\n"
    assert hub.make("toy", env={"TOY_GREETING": "hello"}).stdout == "hello\n"
    [line] = [line for line in hub.make("help").stdout.splitlines() if line.split()[:1] == ["toy"]]
    assert line.split(maxsplit=1)[1] == "Greet USER=name"


def test_its_note_is_in_the_table_of_users(hub: Deployment) -> None:
    assert users(hub)["zoe"]["note"] == "ahoy"


def test_a_change_of_its_setting_makes_servers_old(hub: Deployment) -> None:
    hub.start_server("zoe", token=hub.token())
    assert hub.docker("exec", hub.container("zoe"), "printenv", "TOY_GREETING").stdout == "ahoy\n"
    assert "older settings" not in users(hub)["zoe"]["note"]
    hub.set_env(TOY_GREETING="hello")
    hub.compose("up", "--detach", "--wait")
    assert "older settings" in users(hub)["zoe"]["note"]


def test_without_its_file_it_is_not_there(hub: Deployment) -> None:
    done = hub.make("toy", env={"COMPOSE_FILE": "docker-compose.yml"}, check=False)
    assert done.returncode != 0
    assert f"FAIL: {FOLDER} is not in use." in done.stderr
    plain = hub.run("docker", "compose", "config", env={"COMPOSE_FILE": "docker-compose.yml"}).stdout
    assert "TOY_GREETING" not in plain


def test_nothing_outside_its_folder_has_changed(hub: Deployment) -> None:
    hub.make("settings")
    assert "| `TOY_GREETING` | `hello` |" in (hub.root / FOLDER / "README.md").read_text()
    changed = hub.run("git", "status", "--porcelain", "--untracked-files=all").stdout.splitlines()
    assert {line.split()[1] for line in changed} == {f"{FOLDER}/{path.name}" for path in TOY.iterdir()}
