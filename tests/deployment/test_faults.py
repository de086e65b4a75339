"""What breaks, and what people notice of it: hub, proxy, Engine and database fail or restart under load."""

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
import requests
from playwright.sync_api import Page, expect
from websocket import WebSocketBadStatusException

from support.browser import sign_in, wait_for_lab
from support.deployment import PREFIX, Deployment
from support.docker import belongs
from support.kernel import Kernel
from support.load import HttpLoad, KernelLoad
from support.servers import running, stop
from support.waiting import wait_for

FORWARDER = Path(__file__).parents[1] / "support" / "engine_forwarder.py"
LOCK_DATABASE = """
import sqlite3
sqlite3.connect("/data/jupyterhub.sqlite").execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
input()
"""

type MakeDeployment = Callable[..., Deployment]


@pytest.fixture
def server(deployment: Deployment, token: str) -> Iterator[str]:
    """The container of alice's running server."""
    with running(deployment, "alice", token) as container:
        yield container


@pytest.fixture
def kernel(deployment: Deployment, server: str, token: str) -> Iterator[Kernel]:
    """A kernel on alice's server, which remembers x = 41."""
    with Kernel(deployment.url, "alice", token) as kernel:
        kernel.execute("x = 41")
        yield kernel


def inspect(deployment: Deployment, what: str, template: str) -> str:
    return deployment.docker("inspect", "--format", template, what).stdout.strip()


def wait_until_healthy(deployment: Deployment, container: str = "") -> None:
    name = container or deployment.project
    wait_for(lambda: inspect(deployment, name, "{{.State.Health.Status}}") == "healthy", 60, f"a healthy {name}")


def user_page(deployment: Deployment, user: str, token: str) -> requests.Response:
    """Ask a user's server for its version."""
    return requests.get(
        f"{deployment.url}/user/{user}/api",
        headers={"Authorization": f"token {token}"},
        verify=False,
        timeout=5,
        allow_redirects=False,
    )


def hub_answers(deployment: Deployment) -> bool:
    return requests.get(f"{deployment.url}/hub/api/", verify=False, timeout=2).status_code == 200


def file_of(deployment: Deployment, user: str, token: str) -> str:
    """What the user's file holds that the tests write."""
    with Kernel(deployment.url, user, token) as kernel:
        return kernel.execute("print(open('/home/jovyan/kept.txt').read(), end='')").text


# --- The hub ---


def test_a_restart_of_the_hub_disturbs_nobody(deployment: Deployment, server: str, kernel: Kernel, token: str) -> None:
    before = inspect(deployment, server, "{{.Id}}")
    with (
        HttpLoad(f"{deployment.url}/user/alice/api", token, interval=0.02) as page,
        KernelLoad(kernel, interval=0.02) as executions,
    ):
        deployment.docker("restart", deployment.project)
        wait_until_healthy(deployment)
        deployment.compose("up", "-d", "--force-recreate", "--wait", "hub")
        page.wait_for(page.counts.sent + 100)
        page.wait_for(300)
        executions.wait_for(100)
    assert page.counts.failed == 0, page.counts
    assert (executions.counts.failed, executions.counts.disconnects) == (0, 0), executions.counts
    assert kernel.execute("x").text == "41"
    assert inspect(deployment, server, "{{.Id}}") == before
    assert deployment.server_ready("alice", token=token)


@pytest.mark.alone
def test_a_crash_in_the_middle_of_a_start_loses_nothing(deployment: Deployment, token: str) -> None:
    Thread(target=deployment.api, args=("POST", "/users/bob/server"), kwargs={"token": token}, daemon=True).start()
    wait_for(
        lambda: inspect(deployment, deployment.container("bob"), "{{.State.Running}}") == "true", 20, "bob's container"
    )
    before = inspect(deployment, deployment.container("bob"), "{{.Id}}")
    hub = inspect(deployment, deployment.project, "{{.State.StartedAt}}")
    assert deployment.api("GET", "/users/bob", token=token).json()["servers"][""]["pending"] == "spawn"

    # The hub itself, not the init above it, so that it is a crash and the restart policy applies.
    deployment.hub_exec("sh", "-c", "kill -KILL $(cat /proc/1/task/1/children)")

    wait_for(lambda: inspect(deployment, deployment.project, "{{.State.StartedAt}}") > hub, 30, "the hub's restart")
    wait_for(lambda: hub_answers(deployment), 5, "the hub's answer")
    # The server asks for the hub 2, 6 and 14 s after its start, and starts to answer when the hub has.
    wait_for(lambda: deployment.server_ready("bob", token=token), 10, "bob's server to be taken over")
    assert inspect(deployment, deployment.container("bob"), "{{.Id}}") == before
    assert user_page(deployment, "bob", token).status_code == 200
    stop(deployment, "bob", token)


def test_a_dead_database_shows_in_the_health(deployment: Deployment) -> None:
    healthy = ("exec", deployment.project, "python", "-m", "hub.health")
    with locked_database(deployment):
        failed = deployment.docker(*healthy, check=False)
        assert failed.returncode == 1
        assert "does not answer from its database" in failed.stderr
    wait_for(lambda: deployment.docker(*healthy, check=False).returncode == 0, 30, "a healthy hub")


@contextmanager
def locked_database(deployment: Deployment) -> Iterator[None]:
    command = ["docker", "exec", "--interactive", deployment.project, "python", "-c", LOCK_DATABASE]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdin
        assert holder.stdout
        assert holder.stdout.readline() == "locked\n"
        try:
            yield
        finally:
            holder.communicate("\n")


def test_a_new_image_of_the_hub_keeps_servers_and_files(
    deployment: Deployment, server: str, kernel: Kernel, token: str
) -> None:
    kernel.execute("open('/home/jovyan/kept.txt', 'w').write('before the new image')")
    userlist = (deployment.root / "userlist").read_text()
    image, before = inspect(deployment, deployment.project, "{{.Image}}"), inspect(deployment, server, "{{.Id}}")

    deployment.write("userlist", f"{userlist}# {time.time()}\n")
    deployment.make("build")
    deployment.compose("up", "-d", "--wait")
    deployment.write("userlist", userlist)

    assert inspect(deployment, deployment.project, "{{.Image}}") != image
    assert inspect(deployment, server, "{{.Id}}") == before
    assert deployment.server_ready("alice", token=token)
    assert kernel.execute("x").text == "41"
    assert file_of(deployment, "alice", token) == "before the new image"


# --- The proxy ---


@pytest.mark.alone
def test_the_proxy_has_its_routes_back_within_seconds(deployment: Deployment, server: str, token: str) -> None:
    proxy = f"{deployment.project}-proxy"
    assert user_page(deployment, "alice", token).status_code == 200
    deployment.docker("restart", proxy)
    wait_for(lambda: requests.get(f"{deployment.url}/_chp_healthz", verify=False, timeout=2).ok, 30, "the proxy")
    wait_for(lambda: user_page(deployment, "alice", token).status_code == 200, 5, f"the route to {server}")
    wait_until_healthy(deployment, proxy)


def test_a_page_waits_for_the_hub(deployment: Deployment, page: Page) -> None:
    address = f"{deployment.url}/hub/login?next=%2Fhub%2Fhome"
    deployment.docker("stop", deployment.project)
    try:
        shown = page.goto(address)
        assert shown
        assert (shown.status, shown.header_value("cache-control")) == (503, "no-store")
        expect(page.get_by_role("heading")).to_have_text("The hub is starting again")
        program = requests.get(f"{deployment.url}/hub/api/", headers={"Accept": "text/html"}, verify=False, timeout=5)
        assert (program.status_code, program.json()["message"]) == (503, "The hub is starting again")
    finally:
        deployment.docker("start", deployment.project)
    expect(page.get_by_label("Username")).to_be_visible(timeout=60_000)
    assert page.url == address


def test_a_server_whose_container_died_says_so_and_starts_again(
    deployment: Deployment, server: str, token: str, page: Page
) -> None:
    sign_in(page, deployment.url, "alice", deployment.password("alice"))
    kernel = Kernel(deployment.url, "alice", token)  # it ends with the container
    deployment.docker("kill", server)

    begin = time.monotonic()
    shown = page.goto(f"{deployment.url}/user/alice/lab")
    assert shown
    assert shown.status == 503
    assert time.monotonic() - begin < 15
    expect(page.get_by_role("heading")).to_have_text("This server does not answer")
    with pytest.raises(WebSocketBadStatusException) as refused:
        kernel.reconnect()
    assert refused.value.status_code == 503

    page.get_by_role("link", name="Start it again").click()
    page.get_by_role("button", name="Start My Server").or_(page.get_by_role("link", name="Start My Server")).click()
    wait_for_lab(page)


# --- The Engine ---


@pytest.fixture(scope="module")
def behind_forwarder(deployment: Deployment, make_deployment: MakeDeployment) -> Deployment:
    """A deployment whose hub reaches the Engine through a forwarder, with alice's server running."""
    name = f"{PREFIX}engine"
    forwarder = forwarder_of(name)
    deployment.docker("volume", "create", forwarder)
    path = inspect(deployment, forwarder, "{{.Mountpoint}}")
    deployment.docker(
        "run", "--detach", "--name", forwarder, "--user=root", "--network=none",
        f"--volume={deployment.settings.get('DOCKER_SOCKET', '/var/run/docker.sock')}:/var/run/docker.sock",
        f"--volume={forwarder}:/engine",
        f"{deployment.project}-hub:6.1.1", "python", "-c", FORWARDER.read_text(),
    )  # fmt: skip
    through = make_deployment(name, DOCKER_SOCKET=f"{path}/docker.sock")
    through.write("userlist", "admin admin\nalice\nbob\n")
    through.up()
    through.start_server("alice", token=through.token())
    return through


def forwarder_of(project: str) -> str:
    return f"{project}-forwarder"


@contextmanager
def hanging(forwarder: str, deployment: Deployment) -> Iterator[None]:
    deployment.docker("pause", forwarder)
    try:
        yield
    finally:
        deployment.docker("unpause", forwarder)


@contextmanager
def refusing(forwarder: str, deployment: Deployment) -> Iterator[None]:
    deployment.docker("kill", "--signal=USR1", forwarder)
    try:
        yield
    finally:
        deployment.docker("kill", "--signal=USR1", forwarder)


@pytest.mark.parametrize("away", [hanging, refusing])
def test_the_hub_starts_while_the_engine_is_away(behind_forwarder: Deployment, away: Callable) -> None:
    deployment = behind_forwarder
    token = deployment.token()
    before = inspect(deployment, deployment.container("alice"), "{{.Id}}")
    with HttpLoad(f"{deployment.url}/user/alice/api", token) as page:
        with away(forwarder_of(deployment.project), deployment):
            deployment.docker("restart", deployment.project)
            wait_until_healthy(deployment)
            assert requests.get(f"{deployment.url}/hub/login", verify=False, timeout=10).status_code == 200
            # Long enough for the hub to have given the server up, had it wanted to.
            page.wait_for(page.counts.sent + 100)
            alice = deployment.api("GET", "/users/alice", token=token).json()
            assert alice["servers"][""]["pending"] == "check"
        wait_for(lambda: deployment.server_ready("alice", token=token), 30, "alice's server to be checked")
        deployment.start_server("bob", token=token)
    assert page.counts.failed == 0, page.counts
    assert inspect(deployment, deployment.container("alice"), "{{.Id}}") == before
    stop(deployment, "bob", token)


# --- All of it ---


def test_make_down_stops_everything_and_loses_no_file(deployment: Deployment, token: str) -> None:
    deployment.start_server("alice", token=token)
    with Kernel(deployment.url, "alice", token) as kernel:
        kernel.execute("open('/home/jovyan/kept.txt', 'w').write('before make down')")
    # A server that has just crashed, and that the hub has not noticed yet.
    deployment.start_server("bob", token=token)
    deployment.docker("kill", deployment.container("bob"))

    stopped = deployment.make("down")

    assert re.search(r"Stopped the servers of:.* alice", stopped.stderr)
    left = deployment.docker("ps", "--all", "--format", "{{.Names}}").stdout.split()
    assert [name for name in left if belongs(name, deployment.project)] == []
    volumes = deployment.docker("volume", "ls", "--format", "{{.Name}}").stdout.split()
    assert {f"{deployment.project}-data", f"{deployment.project}-user-alice"} <= set(volumes)

    deployment.up()
    deployment.start_server("alice", token=token)
    assert file_of(deployment, "alice", token) == "before make down"
    stop(deployment, "alice", token)


def test_servers_run_on_while_the_deployment_is_down(
    deployment: Deployment, server: str, kernel: Kernel, token: str
) -> None:
    before = inspect(deployment, server, "{{.Id}}")
    deployment.compose("down")
    assert inspect(deployment, server, "{{.State.Status}}") == "running"
    assert inspect(deployment, server, "{{.Id}}") == before

    deployment.compose("up", "-d", "--wait")

    wait_for(lambda: deployment.server_ready("alice", token=token), 10, "alice's server to be taken back")
    assert inspect(deployment, server, "{{.Id}}") == before
    kernel.reconnect()
    assert kernel.execute("x").text == "41"


def test_a_server_on_another_network_does_not_keep_the_hub_from_starting(
    deployment: Deployment, server: str, token: str
) -> None:
    network = deployment.settings["DOCKER_NETWORK_NAME"]
    deployment.set_env(DOCKER_NETWORK_NAME=f"{network}-other")
    try:
        deployment.up()
        assert "The hub cannot reach the running server" in deployment.logs("hub")
        assert inspect(deployment, server, "{{.State.Running}}") == "true"
        deployment.start_server("bob", token=token)
    finally:
        stop(deployment, "bob", token)
        deployment.set_env(DOCKER_NETWORK_NAME=network)
        deployment.up()


def test_a_second_make_up_changes_nothing(deployment: Deployment, server: str) -> None:
    deployment.up()
    before = everything(deployment, server)
    deployment.up()
    assert everything(deployment, server) == before


def everything(deployment: Deployment, server: str) -> dict[str, str]:
    """What a second `make up` could change: containers, secrets, passwords."""
    names = (deployment.project, f"{deployment.project}-proxy", server)
    return (
        {name: inspect(deployment, name, "{{.Id}} {{.State.StartedAt}}") for name in names}
        | {path.name: path.read_text() for path in sorted((deployment.root / "secrets").iterdir())}
        | {"passwords": deployment.hub_exec("sh", "-c", "grep -r . /data/initial-passwords | sort")}
    )


# --- Compose without make ---


@pytest.fixture(scope="module")
def plain(make_deployment: MakeDeployment) -> Deployment:
    """A deployment that has only been built."""
    deployment = make_deployment(f"{PREFIX}plain")
    deployment.make("build")
    return deployment


@pytest.mark.parametrize("compose", ["docker compose", "docker-compose"])
def test_plain_compose_starts_what_make_has_built(plain: Deployment, compose: str) -> None:
    plain.run(*compose.split(), "up", "-d")
    wait_for(lambda: requests.get(f"{plain.url}/hub/login", verify=False, timeout=5).ok, 60, "the login page")
    plain.run(*compose.split(), "down")


def test_the_environment_beats_the_env_file(plain: Deployment) -> None:
    env_file = plain.root / ".env"
    plain.write(".env", env_file.read_text().replace("MEM_LIMIT=2G", "MEM_LIMIT=1G"))
    limit = ("sh", "-c", "echo $MEM_LIMIT")
    plain.compose("up", "-d", "--wait")
    assert plain.hub_exec(*limit) == "1G\n"
    plain.run("docker", "compose", "up", "-d", "--wait", env={"MEM_LIMIT": "512M"})
    assert plain.hub_exec(*limit) == "512M\n"
    plain.make("up", env={"MEM_LIMIT": "768M"})
    assert plain.hub_exec(*limit) == "768M\n"
