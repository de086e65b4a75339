"""A server of ours in a container beside a deployment: on its network, and removed together with it."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from support.deployment import REPOSITORY, Deployment

BASE_IMAGE = os.environ.get("BASE_IMAGE", "debian:trixie-slim")
CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


@dataclass
class Beside:
    """One server; `name` is its alias on the network and the end of its container's name."""

    deployment: Deployment
    name: str

    def run_from(self, folder: str, *arguments: str) -> None:
        """Build the image of servers/FOLDER and start it, with further arguments of `docker run`.

        The deployment's network is made; the deployment itself need not be built yet.
        """
        if self.deployment.docker("network", "inspect", self.network, check=False).returncode != 0:
            self.deployment.docker("network", "create", self.network)
        image = f"{self.container}:test"
        sources = ("--build-arg", f"BASE_IMAGE={BASE_IMAGE}", "--secret", f"id=ca_bundle,src={CA_BUNDLE}")
        self.deployment.docker("build", "--quiet", "--tag", image, *sources, str(REPOSITORY / "tests/servers" / folder))
        place = ("--network", self.network, "--network-alias", self.name)
        self.deployment.docker("run", "--detach", "--name", self.container, *place, *arguments, image)

    @property
    def network(self) -> str:
        """The network that it is on: the one of the users' servers, hub and proxy."""
        return self.deployment.settings["DOCKER_NETWORK_NAME"]

    @property
    def container(self) -> str:
        """The container's name: the project's, so that it is removed with the deployment."""
        return f"{self.deployment.project}-{self.name}"

    @property
    def address(self) -> str:
        """The IP address of the container, which the hub and the browser both reach; a new start may change it."""
        template = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        return self.deployment.docker("inspect", "--format", template, self.container).stdout.strip()

    def run(self, *command: str) -> str:
        """Run a command in the container and return its stdout."""
        return self.deployment.docker("exec", self.container, *command).stdout

    def ca(self) -> str:
        """The certificate of the authority that signed the server's, PEM."""
        return self.run("cat", "/ca/ca.crt")

    @contextmanager
    def paused(self) -> Generator[None]:
        """Within it, connections are taken and nothing is answered."""
        self.deployment.docker("pause", self.container)
        try:
            yield
        finally:
            self.deployment.docker("unpause", self.container)
