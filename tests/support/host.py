"""Folders of the Docker host, which is another machine for the tests: they run in a container themselves."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from support.deployment import PREFIX, Deployment

ABOVE = "/srv"


@dataclass
class HostFolder:
    """A folder below /srv of the Docker host, handled by containers of the base image."""

    deployment: Deployment
    image: str
    path: str

    def run(self, script: str, *, check: bool = True) -> str:
        """Run a script of the shell as root, in the folder; what it prints, errors too."""
        mount = ("--mount", f"type=bind,source={ABOVE},target={ABOVE}")
        options = ("--rm", "--network", "none", "--user", "root", "--entrypoint", "sh", *mount)
        command = f"mkdir -p {self.path} && cd {self.path} && {script}"
        done = self.deployment.docker("run", *options, self.image, "-c", command, check=check)
        return done.stdout + done.stderr

    def owner(self, path: str) -> str:
        """Who owns what lies at `path` below the folder, by numbers, and its mode."""
        return self.run(f"stat -c '%u:%g %a' {path}").strip()


@contextmanager
def host_folder(deployment: Deployment, name: str) -> Generator[HostFolder]:
    """A folder of the Docker host that is called after the tests' prefix; it is removed afterwards."""
    image = os.environ.get("BASE_IMAGE", "debian:trixie-slim")
    folder = HostFolder(deployment, image, f"{ABOVE}/{PREFIX}-{name}")
    folder.run(f"rm -rf {folder.path}/*")
    try:
        yield folder
    finally:
        folder.run(f"cd / && rm -rf {folder.path}")
