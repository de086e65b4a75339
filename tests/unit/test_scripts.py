"""What the scripts share, in scripts/lib.sh."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
# One for each way in which a verb finds the Engine.
VERBS = ("build", "down", "users", "password", "settings")
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def refusal(*command: str, cwd: Path = REPOSITORY, **environment: str) -> str:
    """What a command says that ends with an error before it has done anything."""
    variables = os.environ | {"HOME": "/nonexistent"} | environment
    done = subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr


@pytest.fixture
def engine() -> Iterator[str]:
    """The address of a socket at which an Engine may listen, and that only root may use."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        Path(folder).chmod(0o755)
        listener.bind(f"{folder}/docker.sock")
        Path(folder, "docker.sock").chmod(0o600)
        yield f"unix://{folder}/docker.sock"


@pytest.mark.parametrize(
    ("minimum", "version", "enough"),
    [
        ("25", "26.1.5+dfsg1", True),
        ("25", "25.0.0", True),
        ("25", "100.0.1", True),
        ("25", "24.0.7", False),
        ("25", "9.0", False),
        ("2.24", "v2.24.0-desktop.1", True),
        ("2.24", "2.26.1-4", True),
        ("2.24", "v2.23.3", False),
        ("2.24", "2.3.1", False),
        ("2.24", "0", False),
    ],
)
def test_versions_are_compared_by_their_numbers(minimum: str, version: str, enough: bool) -> None:
    script = '. scripts/lib.sh && at_least "$@"'
    done = subprocess.run(
        ["bash", "-c", script, "bash", minimum, version], cwd=REPOSITORY, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0 if enough else 1, b"")


@pytest.mark.parametrize("verb", ["up", "status"])
def test_a_name_that_compose_refuses(verb: str) -> None:
    said = refusal("make", verb, COMPOSE_PROJECT_NAME="MyHub")
    assert said.startswith("FAIL: COMPOSE_PROJECT_NAME (.env or the shell) cannot be used: ")
    assert "\n      Fix: " in said


@pytest.mark.parametrize("verb", VERBS)
def test_an_engine_that_the_user_may_not_use(verb: str, engine: str) -> None:
    said = refusal(*NOBODY, "make", verb, DOCKER_HOST=engine)
    assert said.startswith("FAIL: the user nobody may not use Docker: ")
    assert "\n      Fix: sudo usermod -aG docker nobody" in said


def test_an_engine_that_does_not_answer(engine: str) -> None:
    said = refusal("make", "status", DOCKER_HOST=engine)
    assert said.startswith(f"FAIL: the Docker Engine at DOCKER_HOST={engine} does not answer: ")
    assert "\n      Fix: start it there" in said


def test_a_copy_without_its_settings(tmp_path: Path) -> None:
    """As `cp -r folder/*` leaves it."""
    shutil.copytree(REPOSITORY / "scripts", tmp_path / "scripts")
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    said = refusal("make", "build", cwd=tmp_path)
    assert said.startswith(f"FAIL: the file .env is missing in {tmp_path}.\n      Fix: ")


def test_what_compose_says_of_env(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "scripts", tmp_path / "scripts")
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    (tmp_path / ".env").write_text("MEM_LIMIT=2G\nmemory limit=2G\n")
    said = refusal("make", "users", cwd=tmp_path)
    assert said.startswith("FAIL: Compose cannot read the settings: ")
    assert f"{tmp_path}/.env" in said
