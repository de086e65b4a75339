"""Clients in containers, with addresses of their own: who they are for the hub is what its log says."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping

from support.deployment import Deployment
from support.waiting import wait_for

# What the hub and Jupyter Server read, each claiming to be somebody else who has come by HTTPS or HTTP.
FORGED = {
    "X-Forwarded-For": "203.0.113.66",
    "X-Real-IP": "203.0.113.66",
    "Forwarded": "for=203.0.113.66;proto=http",
    "X-Scheme": "http",
    "X-Forwarded-Proto": "http",
}
# Prints status and headers of a GET; redirects are answers, too.
GET = """
import json, ssl, sys, http.client
from urllib.parse import urlsplit
url, headers = sys.argv[1], json.loads(sys.argv[2])
parts = urlsplit(url)
context = ssl._create_unverified_context()
tls = parts.scheme == "https"
connection = (http.client.HTTPSConnection if tls else http.client.HTTPConnection)(
    parts.hostname, parts.port, timeout=30, **({"context": context} if tls else {})
)
connection.request("GET", f"{parts.path}?{parts.query}", headers=headers)
answer = connection.getresponse()
print(json.dumps([answer.status, answer.getheaders()]))
"""
SEEN = re.compile(r"\(\S*@(\S+)\)")


class Client:
    """A container in a network, which lives as long as the deployment."""

    def __init__(self, deployment: Deployment, name: str, network: str) -> None:
        """Start it, from the hub's image because that has Python."""
        self.deployment = deployment
        self.container = f"{deployment.project}-{name}"
        image = f"{deployment.project}-hub:6.1.1"
        place = ("--network", network, "--entrypoint", "sleep")
        deployment.docker("run", "--detach", "--init", "--name", self.container, *place, image, "infinity")

    def inspect(self, field: str) -> str:
        """A field of its one network: IPAddress, Gateway."""
        template = f"{{{{range .NetworkSettings.Networks}}}}{{{{.{field}}}}}{{{{end}}}}"
        return self.deployment.docker("inspect", "--format", template, self.container).stdout.strip()

    @property
    def address(self) -> str:
        """Its own IP address."""
        return self.inspect("IPAddress")

    @property
    def gateway(self) -> str:
        """The Docker host's, in its network."""
        return self.inspect("Gateway")

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> tuple[int, list[tuple[str, str]]]:
        """Status and headers of a GET."""
        return get_from(self.deployment, self.container, url, headers)


def get_from(
    deployment: Deployment, container: str, url: str, headers: Mapping[str, str] | None = None
) -> tuple[int, list[tuple[str, str]]]:
    """Status and headers of a GET by a running container that has Python."""
    command = ("exec", container, "python3", "-c", GET, url, json.dumps(dict(headers or {})))
    status, received = json.loads(deployment.docker(*command).stdout)
    return status, [(name, value) for name, value in received]


def new_page(deployment: Deployment) -> str:
    """The path, below the hub's address, of a page that nobody has asked for yet and that the hub's log will have."""
    return f"/hub/page-{uuid.uuid4().hex}"


def logged_address(deployment: Deployment, page: str) -> str:
    """The client's address of a request for a page of `new_page`, as the hub's log has it."""

    def find() -> str:
        lines = [line for line in deployment.logs("hub").splitlines() if page in line]
        return SEEN.findall(lines[0])[0] if lines else ""

    return wait_for(find, 20, f"{page} in the hub's log")
