"""Users' servers: the queue, how they start, stop and fail, their limits and files."""

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import requests
from playwright.sync_api import Page, expect

from support.browser import PASSWORD_FIELD, SUBMIT, USER_FIELD, visit
from support.deployment import PREFIX, Deployment
from support.kernel import Kernel
from support.servers import ask, inspected, progress, running, stop
from support.waiting import wait_for

# As on two cores, whatever this machine has: three servers start at a time.
SLOTS = 3
OVERRIDE = """
services:
  hub:
    environment:
      PYTHON_CPU_COUNT: "2"
"""
CLASS = [f"pupil{number}" for number in range(9)]
# A command with arguments, quotes and a dollar; two users' servers misbehave, and others wait as long as they have a
# certain file.
HOLD = "/home/jovyan/hold"
SPAWN_CMD = """sh -c 'case "$JUPYTERHUB_USER" in
pupil*) while [ -e /home/jovyan/hold ]; do sleep 0.1; done ;;
slow) trap "" TERM ;;
dying) echo "last words" >&2; exit 3 ;;
esac
start-singleuser.py "$@"' sh --ServerApp.custom_display_url=https://example.org"""
MIB = 1024**2
MEM_LIMIT = 400 * MIB
PIDS_LIMIT = 100
USERLIST = "\n".join(["admin admin", "alice", "bob", "slow", "dying", *CLASS, ""])

type MakeDeployment = Callable[..., Deployment]


@pytest.fixture(scope="module")
def other(make_deployment: MakeDeployment) -> Deployment:
    """A deployment in which every setting of the servers is another than the default."""
    deployment = make_deployment(
        f"{PREFIX}servers",
        DOCKER_SPAWN_CMD=SPAWN_CMD,
        MEM_LIMIT="400M",
        SWAP_LIMIT="64M",
        SHM_LIMIT="96M",
        CPU_LIMIT="0.5",
        PIDS_LIMIT=str(PIDS_LIMIT),
        NAMED_SERVER_LIMIT="1",
    )
    deployment.write("userlist", USERLIST)
    deployment.write("docker-compose.override.yml", OVERRIDE)
    deployment.up()
    return deployment


@pytest.fixture(scope="module")
def other_token(other: Deployment) -> str:
    return other.token()


@contextmanager
def starting(deployment: Deployment, users: list[str], token: str) -> Iterator[None]:
    """Ask for a server for each of the users, one after the other; stop them afterwards."""
    with ThreadPoolExecutor(len(users)) as pool:
        for user in users:
            pool.submit(ask, deployment, user, token)
            wait_for(lambda user=user: deployment.server(user, token=token), 20, f"the hub to take up {user}'s start")
        yield
        wait_for(lambda: all(deployment.server_ready(user, token=token) for user in users), 120, "all the servers")
        list(pool.map(lambda user: stop(deployment, user, token), users))


def in_container(deployment: Deployment, container: str, code: str, *, check: bool = True) -> str:
    result = deployment.docker("exec", container, "python", "-c", code, check=check)
    return result.stdout + result.stderr


# --- The queue ---


def test_starts_queue_up_and_the_page_counts_down(other: Deployment, other_token: str) -> None:
    with starting(other, CLASS, other_token):
        messages = [event["message"] for event in progress(other, CLASS[-1], other_token)]
        started = [inspected(other, other.container(user))["State"]["StartedAt"] for user in CLASS]
    places = [int(match[1]) for message in messages if (match := re.match(r"In the queue: number (\d+)\.", message))]
    # Two that finish together move it on by two.
    assert len(places) >= 3
    assert places == sorted(set(places), reverse=True)
    assert messages[-1].startswith("Server ready")
    # First come, first served: those who start at the same time may overtake each other, nobody else.
    assert all(first < later for first, later in zip(started, started[SLOTS:], strict=False))


def test_the_spawn_page_shows_the_queue(other: Deployment, other_token: str, page: Page) -> None:
    visit(page, f"{other.url}/hub/login?next=/hub/home")
    page.fill(USER_FIELD, "alice")
    page.fill(PASSWORD_FIELD, other.password("alice"))
    page.click(SUBMIT)
    expect(page.locator("#start")).to_be_visible()
    # However long the page takes, those who are first hold the queue up.
    held = CLASS[:SLOTS]
    for user in held:
        volume = f"{other.project}-user-{user}:/home/jovyan"
        other.docker("run", "--rm", "--network=none", "--volume", volume, f"{other.project}-user", "touch", HOLD)
    with starting(other, CLASS, other_token):
        visit(page, f"{other.url}/hub/spawn/alice")
        expect(page.locator("#progress-message")).to_contain_text("In the queue: number")
        for user in held:
            other.docker("exec", other.container(user), "rm", HOLD)
    wait_for(lambda: other.server_ready("alice", token=other_token), 60, "alice's server")
    stop(other, "alice", other_token)


def test_a_slow_stop_holds_up_nobody_else(other: Deployment, other_token: str) -> None:
    other.start_server("slow", token=other_token)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(other.api, "DELETE", "/users/slow/server", token=other_token)
        wait_for(lambda: other.server("slow", token=other_token)["pending"] == "stop", 10, "the slow stop to begin")
        asked = time.monotonic()
        with running(other, "bob", other_token):
            took = time.monotonic() - asked
            slow = other.server("slow", token=other_token)
            assert slow["pending"] == "stop", "the slow stop was over, nothing is proved"
    assert took < 5
    wait_for(lambda: not other.server("slow", token=other_token), 30, "the end of the slow server")


# --- How a server starts ---


def test_a_server_has_the_default_limits(deployment: Deployment, token: str) -> None:
    with running(deployment, "alice", token) as container:
        state = inspected(deployment, container)
    host = state["HostConfig"]
    assert (host["Memory"], host["MemorySwap"]) == (2 * 1024**3, 2 * 1024**3)
    assert host["ShmSize"] == 1024**3
    assert host["CpuQuota"] / host["CpuPeriod"] == 1
    assert host["PidsLimit"] == 1024
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["Init"] is True
    assert host["Privileged"] is False
    assert host["LogConfig"] == {"Type": "local", "Config": {"max-size": "10m", "max-file": "3"}}
    assert host["RestartPolicy"]["Name"] in ("", "no")
    assert state["Config"]["Cmd"] == ["start-singleuser.py"]


def test_jupyterlab_is_where_people_land(deployment: Deployment, token: str) -> None:
    with running(deployment, "alice", token):
        response = requests.get(
            f"{deployment.url}/user/alice/",
            headers={"Authorization": f"token {token}"},
            verify=False,
            allow_redirects=False,
            timeout=10,
        )
    assert response.status_code == 302
    assert response.headers["Location"].split("?")[0] == "/user/alice/lab"


def test_files_are_in_the_users_volume_and_outlive_the_server(deployment: Deployment, token: str) -> None:
    deployment.docker("volume", "rm", "--force", f"{deployment.project}-user-bob")
    with running(deployment, "bob", token) as container, Kernel(deployment.url, "bob", token) as kernel:
        mounts = [(mount["Name"], mount["Destination"]) for mount in inspected(deployment, container)["Mounts"]]
        assert mounts == [(f"{deployment.project}-user-bob", "/home/jovyan")]
        assert kernel.execute("open('/home/jovyan/kept.txt', 'w').write('here')").status == "ok"
    with running(deployment, "bob", token), Kernel(deployment.url, "bob", token) as kernel:
        assert kernel.execute("print(open('/home/jovyan/kept.txt').read())").text == "here\n"


def test_the_spawn_command_is_used_when_it_is_set(other: Deployment, other_token: str) -> None:
    with running(other, "alice", other_token) as container:
        command = inspected(other, container)["Config"]["Cmd"]
    assert command[:2] == ["sh", "-c"]
    assert command[3:] == ["sh", "--ServerApp.custom_display_url=https://example.org"]


def test_named_servers_are_off_by_default(deployment: Deployment, token: str) -> None:
    response = deployment.api("POST", "/users/alice/servers/second", token=token)
    assert response.status_code == 400
    assert "Named servers are not enabled" in response.text


def test_named_servers_up_to_the_limit(other: Deployment, other_token: str) -> None:
    assert other.api("POST", "/users/bob/servers/second", token=other_token).status_code in (201, 202)
    wait_for(lambda: ready_servers(other, "bob", other_token) == ["second"], 60, "the named server")
    third = other.api("POST", "/users/bob/servers/third", token=other_token)
    other.api("DELETE", "/users/bob/servers/second", token=other_token, json={"remove": True})
    assert third.status_code == 400
    assert "maximum of 1 named servers" in third.text
    wait_for(lambda: not ready_servers(other, "bob", other_token), 30, "the end of the named server")


def ready_servers(deployment: Deployment, user: str, token: str) -> list[str]:
    servers = deployment.api("GET", f"/users/{user}", token=token).json()["servers"]
    return [name for name, state in servers.items() if state["ready"]]


# --- Limits ---


@pytest.fixture
def small(other: Deployment, other_token: str) -> Iterator[str]:
    """A server with little memory and few processes."""
    with running(other, "alice", other_token) as container:
        yield container


def test_other_limits_hold(other: Deployment, small: str) -> None:
    host = inspected(other, small)["HostConfig"]
    assert (host["Memory"], host["MemorySwap"]) == (MEM_LIMIT, MEM_LIMIT + 64 * MIB)
    assert host["ShmSize"] == 96 * MIB
    assert host["CpuQuota"] / host["CpuPeriod"] == 0.5
    assert host["PidsLimit"] == PIDS_LIMIT


def test_a_changed_limit_holds_from_the_next_start(other: Deployment, other_token: str) -> None:
    before = other.settings["MEM_LIMIT"]
    with running(other, "alice", other_token) as container:
        other.set_env(MEM_LIMIT="300M")
        other.compose("up", "-d", "--wait")
        assert inspected(other, container)["HostConfig"]["Memory"] == MEM_LIMIT
    with running(other, "alice", other_token) as container:
        assert inspected(other, container)["HostConfig"]["Memory"] == 300 * 1024**2
    other.set_env(MEM_LIMIT=before)
    other.compose("up", "-d", "--wait")


def test_a_fork_bomb_ends_at_the_limit(other: Deployment, other_token: str, small: str) -> None:
    start = "threading.Thread(target=threading.Event().wait, daemon=True).start()"
    with Kernel(other.url, "alice", other_token) as kernel:
        text = kernel.execute(f"import threading\nfor _ in range({PIDS_LIMIT}): {start}").text
        assert "can't start new thread" in text
        assert processes_and_threads(other, small) <= PIDS_LIMIT
        assert server_answers(other, "alice", other_token, "/api")
    assert server_answers(other, "alice", other_token)


def processes_and_threads(deployment: Deployment, container: str) -> int:
    """How many the container has, by the host's own count."""
    return int(deployment.docker("stats", "--no-stream", "--format", "{{.PIDs}}", container).stdout)


def server_answers(deployment: Deployment, user: str, token: str, path: str = "/api/contents") -> bool:
    return requests.get(
        f"{deployment.url}/user/{user}{path}",
        headers={"Authorization": f"token {token}"},
        verify=False,
        timeout=30,
    ).ok


def test_a_kernel_that_takes_too_much_memory_ends_and_its_server_lives(
    other: Deployment, other_token: str, small: str
) -> None:
    before = inspected(other, small)["State"]["StartedAt"]
    with Kernel(other.url, "alice", other_token) as kernel:
        first = kernel.execute("import os; print(os.getpid())").text
        kernel.send_execute_request(f"hog = b'x' * {2 * MEM_LIMIT}")
        wait_for(lambda: f"/proc/{first.strip()}" not in processes(other, small), 60, "the end of the kernel")
        assert server_answers(other, "alice", other_token)
    assert inspected(other, small)["State"]["StartedAt"] == before
    assert other.server_ready("alice", token=other_token)


def processes(deployment: Deployment, container: str) -> list[str]:
    return in_container(deployment, container, "import glob; print(*glob.glob('/proc/[0-9]*'))").split()


# --- Servers that do not start ---


def test_make_build_refuses_a_notebook_image_that_is_nowhere(deployment: Deployment) -> None:
    image = f"localhost:1/{deployment.project}-nowhere:1"
    refused = deployment.make("build", env={"DOCKER_NOTEBOOK_IMAGE": image}, check=False)
    assert refused.returncode != 0
    assert f"FAIL: the notebook image {image} is not here and cannot be pulled" in refused.stderr
    assert "Fix: correct DOCKER_NOTEBOOK_IMAGE in .env" in refused.stderr


def test_a_removed_notebook_image_fails_at_once_and_says_what_to_do(deployment: Deployment, token: str) -> None:
    image, kept = f"{deployment.project}-user", f"{deployment.project}-kept"
    deployment.docker("tag", image, kept)
    deployment.docker("rmi", image)
    try:
        asked = time.monotonic()
        response = ask(deployment, "alice", token)
        took = time.monotonic() - asked
    finally:
        deployment.docker("tag", kept, image)
        deployment.docker("rmi", kept)
    assert response.status_code == 503
    assert f"The notebook image {image} is not on the Docker host, and no registry has it." in response.text
    assert "make build" in response.text
    assert took < 5
    with running(deployment, "alice", token):
        assert server_answers(deployment, "alice", token)


def test_a_server_that_ends_at_once_fails_at_once_and_leaves_its_last_words(
    other: Deployment, other_token: str
) -> None:
    asked = time.monotonic()
    response = ask(other, "dying", other_token)
    took = time.monotonic() - asked
    assert response.status_code == 503
    assert "The server ended before it answered: exit code 3." in response.text
    assert "last words" in response.text
    assert took < 8
    assert "last words" in other.logs("hub")
