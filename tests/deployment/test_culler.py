"""Idle servers are stopped; one that works is not idle, even when nobody looks on, nor is time without the hub."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import requests
from websocket import create_connection

from support.deployment import PREFIX, Deployment
from support.kernel import UNCHECKED, Kernel
from support.waiting import wait_for

IDLE_SECONDS = 20
WORK_SECONDS = 3 * IDLE_SECONDS
# A long cell that prints nothing: its kernel sends no message until it has finished.
CELL = f"""
import time, pathlib
time.sleep({WORK_SECONDS})
pathlib.Path("/tmp/finished").touch()
"""
PRINTS = f"for i in $(seq {WORK_SECONDS}); do date; sleep 1; done; touch /tmp/finished"
BEHIND = f"(sleep {WORK_SECONDS}; touch /tmp/finished) &"
# What keeps a shell's session but is no work: a job that was stopped.
RESTS = "sh -c 'kill -STOP $$'"

type MakeDeployment = Callable[..., Deployment]


@pytest.fixture(scope="module")
def hub(make_deployment: MakeDeployment) -> Deployment:
    """A deployment that stops idle servers soon."""
    deployment = make_deployment(f"{PREFIX}culler", IDLE_TIMEOUT=str(IDLE_SECONDS))
    deployment.write("userlist", "admin admin\nalice\nbob\nzoe\nwash\nmal\n")
    deployment.up()
    return deployment


def compute(hub: Deployment, user: str, token: str) -> None:
    """Run CELL and close the tab."""
    kernel = Kernel(hub.url, user, token)
    kernel.send_execute_request(CELL)
    wait_for(lambda: "busy" in kernel.request("GET", kernel.api).text, 20, "a busy kernel")
    kernel.socket.close()


def type_into_terminal(hub: Deployment, user: str, token: str, line: str) -> None:
    """Type a line into a new terminal, and close the tab once it is there."""
    headers = {"Authorization": f"token {token}"}
    url = f"{hub.url}/user/{user}"
    made = requests.post(f"{url}/api/terminals", headers=headers, verify=False, timeout=20)
    address = f"{url}/terminals/websocket/{made.json()['name']}".replace("http", "ws", 1)
    socket = create_connection(address, timeout=20, header=headers, sslopt=UNCHECKED)
    socket.send(json.dumps(["stdin", f"{line}\r"]))
    seen = ""
    while line[-10:] not in seen:
        seen += "".join(map(str, json.loads(socket.recv())))
    socket.close()


def upload_slowly(hub: Deployment, user: str, token: str) -> int:
    """Upload a file, a byte a second; the status of the answer."""

    def parts() -> Iterator[bytes]:
        yield b'{"type": "file", "format": "text", "content": "'
        for _ in range(WORK_SECONDS):
            yield b"x"
            time.sleep(1)  # the network
        yield b'"}'

    headers = {"Authorization": f"token {token}"}
    url = f"{hub.url}/user/{user}/api/contents/slow.txt"
    return requests.put(url, data=parts(), headers=headers, verify=False, timeout=60).status_code


def leave_users_alone(hub: Deployment, token: str) -> None:
    """Stop the hub for longer than a server may be idle."""
    hub.docker("stop", hub.project)
    time.sleep(IDLE_SECONDS + 5)
    hub.docker("start", hub.project)
    wait_for(lambda: hub.api("GET", "/users", token=token).ok, 60, "the hub")


def has_finished(hub: Deployment, user: str) -> bool:
    """Whether a user's work has ended; asked in the container, because a request to the server would be activity."""
    return hub.docker("exec", hub.container(user), "test", "-e", "/tmp/finished", check=False).returncode == 0


def test_an_idle_server_is_stopped_and_one_that_works_is_not(hub: Deployment, token: str) -> None:
    workers = ("alice", "zoe", "wash", "mal")
    for user in workers:
        hub.start_server(user, token=token)
    compute(hub, "alice", token)
    type_into_terminal(hub, "zoe", token, PRINTS)
    type_into_terminal(hub, "wash", token, BEHIND)
    hub.start_server("bob", token=token)
    type_into_terminal(hub, "bob", token, RESTS)
    idle_since = time.monotonic()
    with ThreadPoolExecutor() as threads:
        upload = threads.submit(upload_slowly, hub, "mal", token)
        wait_for(lambda: not hub.server_ready("bob", token=token), 3 * IDLE_SECONDS, "the end of bob's idle server")
        assert time.monotonic() - idle_since >= IDLE_SECONDS - 5
        leave_users_alone(hub, token)
        for user in workers[:-1]:
            wait_for(partial(has_finished, hub, user), 6 * IDLE_SECONDS, f"the end of the work of {user}")
            assert hub.server_ready(user, token=token)
        assert upload.result() == 201

    wait_for(
        lambda: not any(hub.server_ready(user, token=token) for user in workers),
        3 * IDLE_SECONDS,
        "the end of the servers that have no more work",
    )
