"""Which process or container holds a port that the deployment is going to publish: asked before anything starts.

As a program this module runs in a container of its own, with the Docker host's network and processes, because that
host may be another machine.
"""

import errno
import json
import socket
import sys
from collections.abc import Container
from typing import Any, NamedTuple

import psutil

from host.engine import COMPOSE_PROJECT, Host
from hub.errors import OperatorError

# The proxy's ports in its container, and the settings that say where they are published.
SETTINGS = {8443: "HTTPS_PORT", 8080: "HTTP_PORT", 8000: "HTTP_PORT"}
# Where Docker publishes a port for which no address is set; the second one where the host has IPv6.
EVERYWHERE = ("0.0.0.0", "::")
NO_SUCH_ADDRESS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


class Port(NamedTuple):
    """A port of the host that a service wants."""

    address: str
    number: int
    setting: str


class Holder(NamedTuple):
    """The container that holds a port: its name, its Compose project, and the addresses where it does."""

    name: str
    project: str
    addresses: set[str]


def check(host: Host) -> None:
    """See that the ports are free, or held by this deployment.

    Raises:
        OperatorError: with a line for each that is not.
    """
    held = published(host.client.api.containers())
    ours = {number for number, holder in held.items() if holder.project == host.project}
    others = [
        port
        for port in wanted(host.checkout.compose)
        if port.number not in ours or port.address not in held[port.number].addresses
    ]
    if not others:
        return
    tried = host.module(
        "host.ports",
        json.dumps([port[:2] for port in others]),
        network_mode="host",
        pid_mode="host",
        privileged=True,
        security_opt=[],
    )
    refuse(list(zip(others, json.loads(tried.out), strict=True)), held, ours)


def wanted(compose: dict[str, Any]) -> list[Port]:
    """The ports that the services publish, from what `docker compose config --format json` prints."""
    return [
        Port(address, int(port["published"]), SETTINGS.get(port["target"], str(name)))
        for name, service in compose["services"].items()
        for port in service.get("ports", ())
        if "published" in port
        for address in ([port["host_ip"]] if port.get("host_ip") else EVERYWHERE)
    ]


def published(containers: list[dict[str, Any]]) -> dict[int, Holder]:
    """The container that holds each port, from what the Engine lists."""
    held: dict[int, Holder] = {}
    for container in containers:
        name, project = container["Names"][0].lstrip("/"), container["Labels"].get(COMPOSE_PROJECT, "")
        for port in container["Ports"]:
            if "PublicPort" in port:
                held.setdefault(port["PublicPort"], Holder(name, project, set())).addresses.add(port.get("IP", ""))
    return held


def refuse(tried: list[tuple[Port, tuple[int, str]]], held: dict[int, Holder], ours: Container[int] = ()) -> None:
    """Judge the ports that were tried, each with the error number of the attempt to listen there and its holder.

    Args:
        tried: the ports.
        held: the containers that hold some.
        ours: the numbers of those that this deployment holds, at another address.

    Raises:
        OperatorError: the address is none of the Docker host's, or ports are taken, with a line for each.
    """
    for port, (number, _) in tried:
        if number in NO_SUCH_ADDRESS and port.address not in EVERYWHERE:
            raise OperatorError(
                f"BIND_ADDRESS={port.address} is not an address of the Docker host",
                "set it to one of its addresses, or leave it empty",
                show="ip address",
            )
    if lines := {judge(port, found, held) for port, found in tried if port.number not in ours} - {""}:
        fix = "stop what holds them, or set other ports in .env"
        raise OperatorError("the ports cannot be published", fix, lines=sorted(lines))


def judge(port: Port, found: tuple[int, str], held: dict[int, Holder]) -> str:
    """A line about a port, where the attempt to listen there ended with this error number and holder."""
    number, process = found
    if not number or number in NO_SUCH_ADDRESS:
        return ""  # it is free, or there is no IPv6 here: an address that was set has been refused already
    holder = f"the container {held[port.number].name}" if port.number in held else process
    return f"  {port.setting}={port.number} is taken by {holder}."


def process(number: int) -> str:
    """The process that listens at a port."""
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (number,) and connection.pid:
            return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    return "a process that cannot be seen"


def holder(address: str, number: int) -> tuple[int, str]:
    """The error number of the attempt to listen at a port, and the process that does; 0 when it can be done."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        # As Docker does, it counts no connection that is over: SO_REUSEADDR is set.
        socket.create_server((address, number), family=family).close()
    except OSError as error:
        return error.errno or -1, process(number)
    return 0, ""


if __name__ == "__main__":
    print(json.dumps([holder(*port) for port in json.loads(sys.argv[1])]))
