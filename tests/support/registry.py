"""A registry for the tests: Debian's docker-registry in a container beside a deployment, as slow as a network."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Self

import requests

from support.beside import Beside
from support.deployment import Deployment
from support.waiting import wait_for

ALIAS = "registry"
START_SECONDS = 30
# With this file nobody gets anything, as from a private registry without its password.
PRIVATE = "/registry/private"


class Registry(Beside):
    """One registry; what is pushed into it lasts as long as its container."""

    host: str

    @classmethod
    def start(cls, deployment: Deployment, port: int) -> Self:
        """Start it at a port of this machine, where the Engine needs no HTTPS, and return once it answers."""
        server = cls(deployment, ALIAS)
        server.host = f"127.0.0.1:{port}"
        server.run_from("registry", "--publish", f"{server.host}:80")
        wait_for(lambda: requests.get(f"http://{server.host}/v2/", timeout=5).ok, START_SECONDS, "the registry")
        return server

    def downloads(self) -> list[str]:
        """The digests of what has been pulled, each as often as it was."""
        result = self.deployment.docker("logs", self.container)
        return re.findall(r'"GET /v2/\S+/blobs/(\S+) ', result.stdout + result.stderr)

    @contextmanager
    def private(self) -> Generator[None]:
        """Within it, everybody is asked for a password."""
        self.run("touch", PRIVATE)
        try:
            yield
        finally:
            self.run("rm", PRIVATE)

    @contextmanager
    def away(self) -> Generator[None]:
        """Within it, nobody listens."""
        self.deployment.docker("stop", "--time", "1", self.container)
        try:
            yield
        finally:
            self.deployment.docker("start", self.container)
