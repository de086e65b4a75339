"""Who holds the ports that the deployment is going to publish: `make up` asks before anything starts.

Usage, in a container with the host's network and processes:
    docker compose config --format json | python -m hub.ports PROJECT "$(docker ps --format json)"
"""

from __future__ import annotations

import errno
import json
import re
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psutil

# The proxy's ports in its container, and the settings that say where they are published.
SETTINGS = {8443: "HTTPS_PORT", 8080: "HTTP_PORT", 8000: "HTTP_PORT"}
EVERYWHERE = ("0.0.0.0", "::")


@dataclass(frozen=True)
class Port:
    """A port of the host that a service wants."""

    address: str
    number: int
    setting: str


def wanted(compose: dict[str, Any]) -> list[Port]:
    """The ports that the services publish, from what `docker compose config --format json` prints."""
    return [
        Port(port.get("host_ip", EVERYWHERE[0]), int(port["published"]), SETTINGS.get(port["target"], name))
        for name, service in compose["services"].items()
        for port in service.get("ports", ())
        if "published" in port
    ]


def published(containers: str) -> dict[int, tuple[str, str]]:
    """Name and Compose project of the container that holds each port, from what `docker ps --format json` prints."""
    found = {}
    for line in containers.splitlines():
        container = json.loads(line)
        project = re.search(r"com\.docker\.compose\.project=([^,]+)", container["Labels"])
        for number in re.findall(r":(\d+)->", container["Ports"]):
            found[int(number)] = (container["Names"], project[1] if project else "")
    return found


def problems(compose: dict[str, Any], project: str, containers: str) -> Iterator[str]:
    """A line for every port that cannot be had, with the name of what holds it."""
    held = published(containers)
    for port in wanted(compose):
        container, owner = held.get(port.number, ("", ""))
        if container and owner == project:
            continue  # ours: Compose takes it over
        reason = complaint(port.address, port.number)
        if reason == errno.EADDRNOTAVAIL:
            yield f"  BIND_ADDRESS={port.address} is no address of the Docker host."
        elif reason:
            holder = f"the container {container}" if container else process(port.number)
            yield f"  {port.setting}={port.number} is taken by {holder}."


def complaint(address: str, number: int) -> int:
    """The error number of the attempt to listen there; 0 when it can be done."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as attempt:
        # As Docker does: what a connection has left behind that is over does not count.
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((address, number))
            attempt.listen()
        except OSError as error:
            return error.errno or -1
    return 0


def process(number: int) -> str:
    """The process that listens at a port."""
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == number and connection.pid:
            return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    return "a process that cannot be seen"


def main(project: str, containers: str) -> None:
    """Entry point: exit 1 with every port that is taken."""
    if found := sorted(set(problems(json.load(sys.stdin), project, containers))):
        lines = "\n".join(found)
        sys.exit(
            f"FAIL: the ports cannot be published:\n{lines}\n"
            "      To mend it: stop what holds them, or set other ports in .env; nothing was started."
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
