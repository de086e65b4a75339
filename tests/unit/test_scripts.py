"""What the scripts share, in scripts/lib.sh."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
# What runs on the host of a person who uses the deployment, with bash 3.2 and BSD's tools where that is macOS.
ON_THE_HOST = [
    REPOSITORY / "Makefile",
    *(path for path in (REPOSITORY / "scripts").iterdir() if path.suffix in ("", ".sh")),
    *(
        path
        for path in (REPOSITORY / "examples").glob("*/*")
        if path.is_file() and "bash" in path.open("rb").readline().decode("latin-1")
    ),
]
NEWER = {
    "an associative array, or a reference": r"\b(?:local|declare|typeset) -\w*[Ang]",
    "mapfile": r"\b(?:mapfile|readarray)\b",
    "another case": r"\$\{\w+(?:\[[^]]*\])?(?:\^|,)",
    "a transformation": r"\$\{\w+@\w\}",
    "one redirection of both streams": r"&>>|\|&",
    "wait for the next": r"\bwait -\w*[np]",
    "coproc": r"\bcoproc\b",
    "whether a variable is set": r"\[\[ -v|\btest -v|\[ -v",
    "a case that goes on": r";;?&(?!&)",
    "options of the shell": r"\b(?:globstar|lastpipe|inherit_errexit)\b",
    "the time by printf": r"%\([^)]*\)T",
    "an index from the end": r"\$\{\w+\[-\d",
    "a number of digits in a sequence": r"\{\d+\.\.\d+\.\.",
    "GNU's readlink, sed, grep, date, stat": (
        r"\breadlink -[em]|\brealpath\b|\bsed (?:-\w*[ir]|--)|\bgrep -\w*P|\bdate (?:-d|--)|\bstat (?:-c|--)"
    ),
    "a tar without a file": r"\btar -[cx] (?!.*-f )",
    "long options of sort, hostname": r"\b(?:sort|hostname|paste|head|tail|mktemp|cut|tr) --",
}
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


@pytest.mark.parametrize(("options", "refused"), [("name=seccomp,profile=builtin name=userns", True), ("", False)])
def test_an_engine_whose_containers_cannot_use_its_socket(options: str, refused: bool) -> None:
    """No such Engine runs here: this is what its client would print."""
    script = f". scripts/lib.sh; docker() {{ echo '[{options}]'; }}; refuse_userns_remap"
    done = subprocess.run(["bash", "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.returncode, "userns-remap" in done.stderr) == (int(refused), refused)


@pytest.mark.parametrize("path", ON_THE_HOST, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_scripts_keep_to_the_bash_and_the_tools_of_macos(path: Path) -> None:
    lines = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
    assert [(what, line) for what, pattern in NEWER.items() for line in lines if re.search(pattern, line)] == []


@pytest.mark.parametrize(
    "line",
    ["local -A found", "mapfile -t x < y", "${x,,}", "x &>>y", "x |& y", "wait -n", "sed -i s/a/b/ c", "tar -c a | b"],
)
def test_what_macos_does_not_have_is_found(line: str) -> None:
    assert [what for what, pattern in NEWER.items() if re.search(pattern, line)]


def test_a_list_that_may_be_empty_is_expanded_with_care() -> None:
    """Bash before 4.4 takes `"${list[@]}"` of an empty list for a variable that is not set."""
    careless = r'(?<!\[@\]\+)"\$\{(\w+)\[@\]\}"'
    lists = [(path.name, name) for path in ON_THE_HOST for name in re.findall(careless, path.read_text())]
    assert lists == [("runner", "list")]  # which is filled before


def test_a_checkout_on_windows_ends_no_line_with_a_return() -> None:
    assert "* text=auto eol=lf" in (REPOSITORY / ".gitattributes").read_text().splitlines()
