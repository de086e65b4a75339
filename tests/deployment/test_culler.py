"""Idle servers are stopped; one whose kernel computes is not idle, even when nobody looks on and nothing is printed."""

import time
from collections.abc import Callable

from support.deployment import PREFIX, Deployment
from support.kernel import Kernel
from support.waiting import wait_for

IDLE_SECONDS = 20
# A long cell that prints nothing: its kernel sends no message until it has finished.
CELL = f"""
import time, pathlib
time.sleep({4 * IDLE_SECONDS})
pathlib.Path("/tmp/finished").touch()
"""

type MakeDeployment = Callable[..., Deployment]


def test_an_idle_server_is_stopped_and_a_busy_one_is_not(make_deployment: MakeDeployment) -> None:
    deployment = make_deployment(f"{PREFIX}culler", IDLE_TIMEOUT=str(IDLE_SECONDS))
    deployment.write("userlist", "admin admin\nalice\nbob\n")
    deployment.up()
    token = deployment.token()

    deployment.start_server("alice", token=token)
    kernel = Kernel(deployment.url, "alice", token)
    kernel.send_execute_request(CELL)
    wait_for(lambda: "busy" in kernel.request("GET", kernel.api).text, 20, "a busy kernel")
    kernel.socket.close()
    deployment.start_server("bob", token=token)
    idle_since = time.monotonic()

    wait_for(lambda: not deployment.server_ready("bob", token=token), 3 * IDLE_SECONDS, "the end of bob's idle server")
    assert time.monotonic() - idle_since >= IDLE_SECONDS - 5
    container = deployment.container("alice")
    # Asked in the container: a request to the server would count as activity.
    finished = ("exec", container, "test", "-e", "/tmp/finished")
    wait_for(
        lambda: deployment.docker(*finished, check=False).returncode == 0, 6 * IDLE_SECONDS, "the end of alice's cell"
    )
    assert deployment.server_ready("alice", token=token)

    wait_for(lambda: not deployment.server_ready("alice", token=token), 3 * IDLE_SECONDS, "the end of alice's server")
