"""Requests per second and latency at a user's server: through the proxy, and directly."""

import re
import subprocess
from dataclasses import dataclass

from benchmarks.hubs import Hub
from support import docker as docker_client

CONNECTIONS = 8
SERVER_PORT = 8888
MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0}
ADDRESS = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"


@dataclass(frozen=True)
class Throughput:
    """What `wrk` has seen: requests per second, and the latency's median and 99th percentile in ms."""

    per_second: float
    median: float
    p99: float

    def __str__(self) -> str:
        return f"{self.per_second:.0f}/s, {self.median:.1f} ms, {self.p99:.1f} ms"


def through_and_direct(hub: Hub, seconds: int) -> tuple[Throughput, Throughput]:
    """Ask a running server for its status for some seconds through the proxy, then as long at its own port."""
    user = hub.users[0]
    hub.start_server(user)
    (container,) = hub.containers()
    address = docker_client.docker("inspect", "--format", ADDRESS, container).stdout.strip()
    path = hub.status_url(user).removeprefix(hub.url)
    places = (hub.status_url(user), f"http://{address}:{SERVER_PORT}{path}")
    through, direct = (_measure(place, hub.token, seconds) for place in places)
    hub.stop_servers([user])
    return through, direct


def _measure(url: str, token: str, seconds: int) -> Throughput:
    command = ["wrk", "--threads=1", f"--connections={CONNECTIONS}", f"--duration={seconds}s", "--latency"]
    command += [f"--header=Authorization: token {token}", url]
    seen = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in seen, seen
    rate = re.search(r"Requests/sec:\s*([\d.]+)", seen)
    assert rate, seen
    return Throughput(float(rate[1]), _percentile(seen, 50), _percentile(seen, 99))


def _percentile(seen: str, percent: int) -> float:
    found = re.search(rf"^\s*{percent}%\s+([\d.]+)(us|ms|s)$", seen, re.MULTILINE)
    assert found, seen
    return float(found[1]) * MILLISECONDS[found[2]]
