"""Who holds the ports: with sockets that are really taken."""

import errno
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from host import ports
from host.engine import Done, Host
from hub.errors import OperatorError


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


def container(name: str, project: str, port: int) -> dict[str, Any]:
    """What the Engine lists of a container that has published a port, and another one inside alone."""
    listed = [{"IP": "127.0.0.1", "PublicPort": port, "PrivatePort": 8443}, {"PrivatePort": 8000}]
    return {"Names": [f"/{name}"], "Labels": {"com.docker.compose.project": project}, "Ports": listed}


def problems(config: dict[str, Any], *containers: dict[str, Any]) -> list[str]:
    """The lines about the ports that Compose wants."""
    wanted, held = ports.wanted(config), ports.published(list(containers))
    return [line for port in wanted if (line := ports.judge(port, ports.holder(*port[:2]), held))]


def attempt(config: dict[str, Any]) -> None:
    """Judge the ports that Compose wants after a real attempt at each."""
    wanted = ports.wanted(config)
    ports.refuse([(port, ports.holder(*port[:2])) for port in wanted], {})


def test_free_ports_have_no_line() -> None:
    assert problems(compose((free(), 8443), (free(), 8080))) == []


def test_a_process_is_named(taken: int) -> None:
    (problem,) = problems(compose((taken, 8443), (free(), 8080)))
    assert f"HTTPS_PORT={taken}" in problem
    assert f"{psutil.Process().name()} (process {os.getpid()})" in problem


@pytest.mark.parametrize(("target", "setting"), [(8443, "HTTPS_PORT"), (8080, "HTTP_PORT"), (8000, "HTTP_PORT")])
def test_the_setting_is_named(taken: int, target: int, setting: str) -> None:
    (problem,) = problems(compose((taken, target)))
    assert f"{setting}={taken}" in problem


def test_a_container_of_another_project_is_named(taken: int) -> None:
    (problem,) = problems(compose((taken, 8443)), container("webserver", "site", taken))
    assert "the container webserver" in problem


def test_containers_are_known_with_their_project(taken: int) -> None:
    found = ports.published([container("jupyterhub-proxy", "hub", taken)])
    assert found == {taken: ("jupyterhub-proxy", "hub", {"127.0.0.1"})}


def test_everywhere_needs_every_address(taken: int) -> None:
    assert len(problems(compose((taken, 8443), address="0.0.0.0"))) == 1


def everywhere(port: int) -> dict[str, Any]:
    """What Compose says of a proxy that publishes a port without an address."""
    return {"services": {"proxy": {"ports": [{"published": str(port), "target": 8443}]}}}


def test_no_address_is_all_addresses_of_both_families(taken: int) -> None:
    assert [port.address for port in ports.wanted(everywhere(free()))] == ["0.0.0.0", "::"]
    assert len(problems(everywhere(taken))) == 1
    assert problems(everywhere(free())) == []


@pytest.mark.parametrize("number", [errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT])
def test_a_host_without_ipv6_is_no_problem(number: int) -> None:
    assert [ports.judge(port, (number, ""), {}) for port in ports.wanted(everywhere(443))] == ["", ""]


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
def test_an_address_of_another_machine_is_not_a_taken_port(address: str) -> None:
    with pytest.raises(OperatorError, match=f"^BIND_ADDRESS={address} is not an address") as raised:
        attempt(compose((free(), 8443), (free(), 8080), address=address))
    assert "address" in raised.value.fix
    assert "port" not in raised.value.fix


def test_taken_ports_have_another_fix(taken: int) -> None:
    with pytest.raises(OperatorError, match=f"HTTPS_PORT={taken}") as raised:
        attempt(compose((taken, 8443)))
    assert "ports in .env" in raised.value.fix


@pytest.mark.parametrize(("address", "refused"), [("127.0.0.1", False), ("0.0.0.0", False), ("192.0.2.1", True)])
def test_a_deployment_that_runs_may_move_to_another_address_of_the_host(
    send: Callable[..., Host], monkeypatch: pytest.MonkeyPatch, taken: int, address: str, refused: bool
) -> None:
    own = SimpleNamespace(containers=lambda: [container("jupyterhub-proxy", "jupyterhub", taken)])
    monkeypatch.setattr(Host, "client", SimpleNamespace(api=own))
    monkeypatch.setattr(
        Host,
        "module",
        lambda _, __, asked, **___: Done(0, json.dumps([ports.holder(*each) for each in json.loads(asked)]), ""),
    )
    services = {"hub": {"environment": {}}} | compose((taken, 8443), address=address)["services"]
    host = send({"compose.json": json.dumps({"name": "jupyterhub", "services": services})})
    with pytest.raises(OperatorError, match="BIND_ADDRESS") if refused else nullcontext():
        ports.check(host)
