"""`python -m hub.check`, as `make build` calls it: what Compose or the userlist says on stdin, problems on stderr."""

import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
# Under x-host, Compose writes what docker-compose.yml says: always a value.
HOST = {"BIND_ADDRESS": "0.0.0.0", "HTTPS_PORT": "443", "HTTP_PORT": "80", "JUPYTERHUB_ADMIN": ""}
TOKENS = {"CONFIGPROXY_AUTH_TOKEN": "c" * 64, "JUPYTERHUB_HEALTH_TOKEN": "f" * 64}


def check(*arguments: str, stdin: bytes) -> tuple[int, str]:
    """Run the check; return its exit code and what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "hub.check", *arguments], cwd=REPOSITORY, input=stdin, capture_output=True, check=False
    )
    assert done.stdout == b""
    assert b"Traceback" not in done.stderr
    return done.returncode, done.stderr.decode()


def check_settings(**given: str | None) -> tuple[int, str]:
    """Check settings in the form that `docker compose config --format json` prints."""
    host = {name: given.pop(name) for name in HOST if name in given}
    services = {"proxy": {}, "hub": {"environment": TOKENS | given}}
    compose = {"name": "jupyterhub", "services": services, "x-host": HOST | host}
    return check("settings", stdin=json.dumps(compose).encode())


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"MEM_LIMIT": "512M", "DOCKER_SPAWN_CMD": "", "CPU_LIMIT": None},
        {"JUPYTERHUB_ADMIN_PASSWORD": "pa$$word of mal", "DOCKER_SPAWN_CMD": 'sh -c "exec start $$HOME"'},
    ],
    ids=["defaults", "empty and unset", "dollars"],
)
def test_good_settings(given: dict[str, str | None]) -> None:
    assert check_settings(**given) == (0, "")


def test_every_bad_setting_is_named() -> None:
    code, message = check_settings(MEM_LIMIT="2 gigs", IDLE_TIMEOUT="-1", HTTPS_PORT="70000")
    assert code == 1
    assert message.startswith("FAIL: 3 settings cannot be used:\n")
    assert "MEM_LIMIT (.env or the shell) is '2 gigs'; expected a size such as 512M or 2G, or 0." in message
    assert "HTTPS_PORT (.env or the shell) is '70000'; expected a port from 1 to 65535." in message
    assert "IDLE_TIMEOUT (.env or the shell) is '-1'; expected a whole number of seconds." in message


def test_two_dollars_of_compose_are_one() -> None:
    assert "is '$HOME/work';" in check_settings(DOCKER_NOTEBOOK_DIR="$$HOME/work")[1]
    seven_characters = "$$" * 2 + "mal_r"
    assert check_settings(JUPYTERHUB_ADMIN_PASSWORD=seven_characters)[0] == 1
    assert check_settings(JUPYTERHUB_ADMIN_PASSWORD=seven_characters + "e")[0] == 0


def test_an_old_name_is_a_warning() -> None:
    code, message = check_settings(DOCKER_CONTAINER_IMAGE="image")
    assert code == 0
    assert message.startswith("WARNING: DOCKER_CONTAINER_IMAGE is called DOCKER_NOTEBOOK_IMAGE today")


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "said"),
    [
        (["admin"], b"", 0, ""),
        (["admin"], "\ufeffzoë pilots\r\nwash\r\n".encode(), 0, ""),
        ([""], b"zoe admin\n", 0, ""),
        ([], b"zoe admin\n", 0, ""),
        ([""], b"zoe\n", 1, "userlist: nobody is an administrator"),
        (["admin"], b"zoe\n\nzoe\nwash,\n", 1, "userlist:3: 'zoe' is listed twice, first in line 1"),
        (["admin"], b"zoe\nwash,\n", 1, "userlist:2: 'wash,' cannot be a name"),
        (["admin"], b"zoe\nzo\xeb\n", 1, "userlist:2: not UTF-8"),
        (["the captain"], b"zoe\n", 1, "JUPYTERHUB_ADMIN: 'the captain' cannot be a name"),
    ],
)
def test_userlist(arguments: list[str], stdin: bytes, code: int, said: str) -> None:
    result, message = check("list", *arguments, stdin=stdin)
    assert result == code
    assert said in message
    assert message.startswith("FAIL: the userlist cannot be used:\n") is (code == 1)


def tar(**files: str) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as into:
        for name, text in files.items():
            entry = tarfile.TarInfo({"profiles": "profiles.yaml"}.get(name, name))
            entry.size = len(text.encode())
            into.addfile(entry, io.BytesIO(text.encode()))
    return archive.getvalue()


@pytest.mark.parametrize(
    ("profiles", "code", "said"),
    [
        ("- {name: a, groups: [pilots]}\n- name: b\n", 0, ""),
        ("- {name: a, groups: [cooks]}\n- name: b\n", 0, "WARNING: profiles.yaml: 'a' is for the group 'cooks', which"),
        (
            "- {name: a, groups: [pilots]}\n",
            0,
            "WARNING: profiles.yaml: no profile is for everybody: who is in none of",
        ),
        ("- name: a\n- name: a\n", 1, "FAIL: profiles.yaml cannot be used:\nprofiles.yaml:2: 'a' is there twice"),
    ],
)
def test_profiles(profiles: str, code: int, said: str) -> None:
    result, message = check("profiles", "admin", stdin=tar(userlist="zoe pilots\n", profiles=profiles))
    assert result == code
    assert message.startswith(said) if said else message == ""


def test_the_images_of_profiles_are_printed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hub.check", "images"],
        cwd=REPOSITORY,
        input=b"- {name: a, image: x}\n- name: b\n- {name: c, image: 'y:1'}\n",
        capture_output=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == (b"x\ny:1\n", b"")
    assert check("images", stdin=b"- name: [x]\n")[0] == 1
