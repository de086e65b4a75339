"""Who holds the ports: with sockets that are really taken."""

import json
import os
import socket
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from host import ports

LABELS = "com.docker.compose.project={},com.docker.compose.service=proxy"


@pytest.fixture
def taken() -> Iterator[int]:
    """A port at which this process listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def free() -> int:
    """A port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def compose(*published: tuple[int, int], address: str = "127.0.0.1") -> dict[str, Any]:
    """What Compose says of a proxy that publishes pairs of a port and its port in the container."""
    wanted = [{"host_ip": address, "published": str(port), "target": target} for port, target in published]
    return {"services": {"proxy": {"ports": wanted}, "hub": {}}}


def container(name: str, project: str, port: int) -> str:
    """A line of `docker ps --format json`."""
    published = f"127.0.0.1:{port}->8443/tcp, 8000/tcp"
    return json.dumps({"Names": name, "Labels": LABELS.format(project), "Ports": published})


def test_free_ports_are_nothing_to_speak_of() -> None:
    assert list(ports.problems(compose((free(), 8443), (free(), 8080)), "jupyterhub", "")) == []


def test_a_process_is_named(taken: int) -> None:
    me = f"{psutil.Process().name()} (process {os.getpid()})"
    (problem,) = ports.problems(compose((taken, 8443), (free(), 8080)), "jupyterhub", "")
    assert problem == f"  HTTPS_PORT={taken} is taken by {me}."


@pytest.mark.parametrize(("target", "setting"), [(8443, "HTTPS_PORT"), (8080, "HTTP_PORT"), (8000, "HTTP_PORT")])
def test_the_setting_is_named(taken: int, target: int, setting: str) -> None:
    (problem,) = ports.problems(compose((taken, target)), "jupyterhub", "")
    assert problem.startswith(f"  {setting}={taken} is taken")


def test_somebody_elses_container_is_named(taken: int) -> None:
    other = container("webserver", "site", taken)
    (problem,) = ports.problems(compose((taken, 8443)), "jupyterhub", other)
    assert problem == f"  HTTPS_PORT={taken} is taken by the container webserver."


def test_our_own_proxy_may_hold_it(taken: int) -> None:
    ours = container("jupyterhub-proxy", "jupyterhub", taken)
    assert list(ports.problems(compose((taken, 8443)), "jupyterhub", ours)) == []


def test_everywhere_needs_every_address(taken: int) -> None:
    assert len(list(ports.problems(compose((taken, 8443), address="0.0.0.0"), "jupyterhub", ""))) == 1


def test_an_address_of_another_machine_is_no_taken_port() -> None:
    (problem,) = ports.problems(compose((free(), 8443), address="192.0.2.1"), "jupyterhub", "")
    assert problem == "  BIND_ADDRESS=192.0.2.1 is no address of the Docker host."
