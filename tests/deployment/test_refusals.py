"""A userlist or a setting that cannot be used is refused, at the build and at the start, and nothing changes."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.bad_values import HOST, HUB
from support.deployment import Deployment
from support.settings import TOKENS

BAD_LINES = {
    b"zoe": "",
    b"# the crew": "",
    b"mal,inara": "userlist:3: 'mal,inara' cannot be a name",
    b"mal: crew": "userlist:4: 'mal:' cannot be a name",
    b'mal "first crew"': "userlist:5: '\"first' cannot be a name",
    b"mal/../zoe": "userlist:6: 'mal/../zoe' cannot be a name",
    b"x" * 65: "it is longer than 64 bytes",
    b"ZOE pilots": "userlist:8: 'zoe'",
}
BAD_LISTS = {
    "bad lines": (b"\n".join([*BAD_LINES, b""]), [message for message in BAD_LINES.values() if message]),
    "not UTF-8": (b"zoe\njos\xe9\n", ["userlist:2: "]),
}
NOBODY = "userlist: there is no administrator"
# Compose itself has to do with these, before there is a container to check the others in.
OF_COMPOSE = {
    "BASE_IMAGE",
    "BIND_ADDRESS",
    "COMPOSE_PROJECT_NAME",
    "DOCKER_SOCKET",
    "HTTPS_PORT",
    "HTTP_PORT",
    "TLS",
}
BAD_SETTINGS = {name: value for name, value in (HUB | HOST).items() if name not in {*TOKENS, *OF_COMPOSE}}
WEAK_PASSWORD = "trustno1"


def state(deployment: Deployment) -> tuple[str, str, str]:
    """What a refusal must not change: the hub that runs, its proxy, the images."""
    containers = [deployment.project, f"{deployment.project}-proxy"]
    images = {*deployment.compose("config", "--images").stdout.split(), f"{deployment.project}-user"}
    return (
        deployment.docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", *containers).stdout,
        deployment.docker("inspect", "--format", "{{.State.Health.Status}}", *containers).stdout,
        deployment.docker("image", "inspect", "--format", "{{.Id}}", *sorted(images)).stdout,
    )


@pytest.fixture
def untouched(deployment: Deployment) -> Generator[None]:
    """Hub, proxy and images are after the test what they were before it."""
    before = state(deployment)
    assert before[1] == "healthy\nhealthy\n"
    yield
    assert state(deployment) == before


@contextmanager
def file_with(path: Path, content: bytes) -> Generator[None]:
    """A file has another content for a while."""
    before = path.read_bytes()
    path.write_bytes(content)
    try:
        yield
    finally:
        path.write_bytes(before)


def build_refused(deployment: Deployment, env: dict[str, str] | None = None) -> str:
    """What `make build` says on its way out."""
    result = deployment.make("build", env=env, check=False)
    assert result.returncode != 0, result.stderr
    return result.stdout + result.stderr


def start_refused(
    deployment: Deployment, *options: str, userlist: bytes | None = None, env: dict[str, str] | None = None
) -> str:
    """What a hub says that is started around the check of `make build`, with another list or other settings."""
    name = f"{deployment.project}-refused"
    variables = [f"--env={key}={value}" for key, value in ({"JUPYTERHUB_ADMIN": "admin"} | (env or {})).items()]
    secrets = [f"--env-file={deployment.root}/secrets/{file}.env" for file in ("proxy", "hub")]
    image = deployment.docker("inspect", "--format", "{{.Config.Image}}", deployment.project).stdout.strip()
    deployment.docker("create", "--name", name, "--network", "none", *secrets, *variables, *options, image)
    try:
        if userlist is not None:
            bad = deployment.root / "userlist.bad"
            bad.write_bytes(userlist)
            deployment.docker("cp", str(bad), f"{name}:/srv/jupyterhub/userlist")
        result = deployment.docker("start", "--attach", name, check=False)
    finally:
        deployment.docker("rm", "--force", "--volumes", name)
    assert result.returncode == 1, result.stdout + result.stderr
    return result.stdout + result.stderr


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(("content", "messages"), BAD_LISTS.values(), ids=BAD_LISTS.keys())
def test_a_bad_list_is_refused_and_all_of_it_named(deployment: Deployment, content: bytes, messages: list[str]) -> None:
    with file_with(deployment.root / "userlist", content):
        built = build_refused(deployment)
    started = start_refused(deployment, userlist=content)
    for output in (built, started):
        assert [message for message in messages if message not in output] == []


@pytest.mark.usefixtures("untouched")
def test_a_list_without_an_administrator_is_refused(deployment: Deployment) -> None:
    with file_with(deployment.root / "userlist", b"zoe\nmal pilots\n"):
        assert NOBODY in build_refused(deployment, {"JUPYTERHUB_ADMIN": ""})
    assert NOBODY in start_refused(deployment, userlist=b"zoe\n", env={"JUPYTERHUB_ADMIN": ""})


@pytest.mark.usefixtures("untouched")
def test_an_administrator_that_cannot_be_a_name_is_refused(deployment: Deployment) -> None:
    message = "JUPYTERHUB_ADMIN: 'mal reynolds' cannot be a name"
    assert message in build_refused(deployment, {"JUPYTERHUB_ADMIN": "Mal Reynolds"})
    assert message in start_refused(deployment, env={"JUPYTERHUB_ADMIN": "Mal Reynolds"})


@pytest.mark.usefixtures("untouched")
def test_a_missing_list_is_refused(deployment: Deployment) -> None:
    userlist = deployment.root / "userlist"
    away = userlist.rename(userlist.with_suffix(".away"))
    try:
        assert "userlist: cannot be read" in build_refused(deployment)
    finally:
        away.rename(userlist)


@pytest.mark.usefixtures("untouched")
def test_every_bad_setting_is_named_in_one_message(deployment: Deployment) -> None:
    headline = f"{len(BAD_SETTINGS)} settings cannot be used:"
    for output in (build_refused(deployment, BAD_SETTINGS), start_refused(deployment, env=BAD_SETTINGS)):
        assert headline in output
        lines = output.splitlines()
        for name, value in BAD_SETTINGS.items():
            shown = "not usable" if name == "SERVER_ENVIRONMENT" else repr(value)
            assert any(f"{name} (" in line and shown in line and "expected" in line for line in lines), name


@pytest.mark.usefixtures("untouched")
def test_an_authenticator_that_nobody_knows_is_refused(deployment: Deployment) -> None:
    unknown = {"JUPYTERHUB_AUTHENTICATOR": "kerberos"}
    for output in (build_refused(deployment, unknown), start_refused(deployment, env=unknown)):
        assert "JUPYTERHUB_AUTHENTICATOR (.env or the shell) is 'kerberos'; expected one of native, github," in output


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("name", "value"), [("CPU_LIMIT", "inf"), ("CPU_LIMIT", "nan"), ("MEM_LIMIT", "1K"), ("DOCKER_NETWORK_NAME", "a b")]
)
def test_a_value_that_no_server_could_start_with_is_refused(deployment: Deployment, name: str, value: str) -> None:
    assert f"{name} (.env or the shell) is" in build_refused(deployment, {name: value})


@pytest.mark.usefixtures("untouched")
def test_a_weak_password_of_the_administrator_is_refused_and_not_shown(deployment: Deployment) -> None:
    secrets = deployment.root / "secrets" / "hub.env"
    weak = secrets.read_bytes() + f"JUPYTERHUB_ADMIN_PASSWORD='{WEAK_PASSWORD}'\n".encode()
    with file_with(secrets, weak):
        built = build_refused(deployment)
    started = start_refused(deployment, env={"JUPYTERHUB_ADMIN_PASSWORD": WEAK_PASSWORD})
    for output in (built, started):
        assert "JUPYTERHUB_ADMIN_PASSWORD (secrets/hub.env) is not usable" in output
        assert WEAK_PASSWORD not in output


@pytest.mark.usefixtures("untouched")
def test_a_hub_that_may_not_use_the_engine_is_refused(deployment: Deployment) -> None:
    """As one that `docker compose build` made without the number of the socket's group."""
    socket = os.environ.get("DOCKER_SOCKET", "/var/run/docker.sock")
    said = start_refused(deployment, f"--volume={socket}:/var/run/docker.sock", "--user=jupyterhub:nogroup")
    assert "the hub may not use the Docker Engine's socket, which belongs to the group " in said
    assert "Fix: make up" in said
