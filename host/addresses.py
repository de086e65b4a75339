"""The addresses of the Docker host in its network, by which other machines reach it.

As a program this module runs in a container of its own, with the Docker host's network, because that host may be
another machine.
"""

import json
import socket
from collections.abc import Iterable
from ipaddress import ip_address, ip_network

import psutil

from host.engine import Host

# Containers run in a virtual machine there, whose addresses no other machine reaches.
VIRTUAL = "Docker Desktop"


def of_network(host: Host) -> list[str]:
    """The IPv4 addresses at which the proxy listens for other machines; none where only this machine reaches it."""
    settings = host.found.host
    bound = settings.bind_address
    if settings.tls == "off" and bound is None:
        return []
    if bound is not None and not bound.is_unspecified:
        return [] if bound.is_loopback else [str(bound)]
    if host.client.info()["OperatingSystem"] == VIRTUAL:
        return []
    done = host.module("host.addresses", network_mode="host")
    return reachable(json.loads(done.out) if not done.code else [], bridges(host))


def bridges(host: Host) -> list[str]:
    """The subnets of Docker's own networks, in which the host has an address, too."""
    networks = [network.attrs for network in host.client.networks.list() if network.attrs["Driver"] == "bridge"]
    return [config["Subnet"] for each in networks for config in each["IPAM"]["Config"] or () if "Subnet" in config]


def reachable(addresses: Iterable[str], inside: Iterable[str]) -> list[str]:
    """Those of the addresses that other machines reach: not of this machine alone, and in none of the subnets."""
    subnets = [ip_network(subnet) for subnet in inside]
    found = [ip_address(address) for address in dict.fromkeys(addresses)]
    return [
        str(each)
        for each in found
        if not (each.is_loopback or each.is_link_local) and not any(each in subnet for subnet in subnets)
    ]


def of_interfaces() -> list[str]:
    """The IPv4 addresses of all interfaces; those of IPv6 change too often for a certificate."""
    found = psutil.net_if_addrs().values()
    return [each.address for interface in found for each in interface if each.family == socket.AF_INET]


if __name__ == "__main__":
    print(json.dumps(of_interfaces()))
