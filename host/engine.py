"""The Docker host: its Engine, and throw-away containers for what only a mount or the host's network shows."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import docker
import requests
from docker.errors import APIError, ImageNotFound, NotFound
from docker.models.containers import Container
from docker.types import Mount

from host.checkout import Checkout, packed
from hub import configuration
from hub.configuration import Configuration
from hub.errors import OperatorError, RelayedError
from hub.names import PROJECT_LABEL
from hub.profiles import profiles

COMPOSE_PROJECT = "com.docker.compose.project"
COMPOSE_SERVICE = "com.docker.compose.service"
# Long enough for the first start of a large image from a slow disk.
RUN_SECONDS = 60
TIMED_OUT = 124


@dataclass(frozen=True)
class Done:
    """How a command ended: its exit code, its output, and its errors."""

    code: int
    out: str
    err: str

    @property
    def last_words(self) -> str:
        """The last line of the errors."""
        lines = [line for line in self.err.splitlines() if line.strip()]
        return (lines or ["no reason was given"])[-1]


class Host:
    """The Docker host, with the deployment of the checkout."""

    def __init__(self, checkout: Checkout) -> None:
        self.checkout = checkout

    @cached_property
    def client(self) -> docker.DockerClient:
        """The Engine."""
        return docker.DockerClient(base_url="unix:///var/run/docker.sock", timeout=RUN_SECONDS)

    @cached_property
    def found(self) -> Configuration:
        """All settings and files.

        Raises:
            SettingsError, FileError: they cannot be used.
        """
        return configuration.load(self.checkout.environment, self.checkout.root)

    @property
    def project(self) -> str:
        """COMPOSE_PROJECT_NAME, also where other settings are bad."""
        return self.checkout.compose["name"]

    @property
    def image(self) -> str:
        """The image that this program runs in."""
        return f"{self.project}-host"

    @property
    def proxy_base(self) -> str:
        """The image of the proxy without a TLS pair."""
        return f"{self.project}-proxy-base"

    def notebook_images(self) -> list[str]:
        """The images that servers may be started from: that of `.env`, then those of the profiles, each once."""
        return list(dict.fromkeys([self.found.hub.docker_notebook_image, *profiles.images(self.found.profiles)]))

    def run(
        self,
        image: str,
        command: Sequence[str] | None = None,
        *,
        mounts: Sequence[Mount] = (),
        files: Mapping[str, bytes] | None = None,
        seconds: float = RUN_SECONDS,
        **options: Any,
    ) -> Done:
        """Run a command in a container that is removed afterwards, without rights beyond those in `options`.

        Args:
            image: its image, which has to be on the Docker host.
            command: the command; the image's own where it is None.
            mounts: what it sees of the Docker host.
            files: files to put into it, by path.
            seconds: how long it may take; after that its exit code is TIMED_OUT.
            options: of the SDK's `containers.create`.
        """
        strict: dict[str, Any] = {"network_mode": "none", "cap_drop": ["ALL"], "security_opt": ["no-new-privileges"]}
        labels = {COMPOSE_PROJECT: self.project}
        try:
            container = self.client.containers.create(
                image, list(command) if command else None, mounts=list(mounts), labels=labels, **strict | options
            )
        except APIError as error:
            return Done(125, "", str(error.explanation))
        try:
            if files:
                container.put_archive("/", packed(files))
            container.start()
            code = container.wait(timeout=seconds)["StatusCode"]
            out, err = (container.logs(stdout=first, stderr=not first).decode() for first in (True, False))
            return Done(code, out, err)
        except APIError as error:  # also a RequestException
            return Done(127, "", str(error.explanation))
        except requests.exceptions.RequestException:
            return Done(TIMED_OUT, "", "")
        finally:
            container.remove(force=True, v=True)

    def module(self, module: str, *arguments: str, **options: Any) -> Done:
        """`run` a module of this program as root."""
        command = ["python", "-m", module, *arguments]
        return self.run(self.image, command, entrypoint="", user="root", **options)

    def sees(self, path: str, target: str, script: str) -> Done:
        """What a script of the shell says about a path of the Docker host, mounted at `target` for reading."""
        mount = Mount(target, path, type="bind", read_only=True)
        return self.run(self.image, ["sh", "-c", script], entrypoint="", mounts=[mount])

    def in_hub(self, *command: str) -> str:
        """What a command in the hub's container prints.

        Raises:
            OperatorError: the hub does not run, or the command has failed: its own report.
        """
        try:
            container = self.client.containers.get(self.project)
            done: Any = container.exec_run(list(command), demux=True)
        except (NotFound, APIError):
            raise OperatorError("the hub does not run", "make up") from None
        out, err = ((output or b"").decode() for output in done.output)
        if done.exit_code:
            raise RelayedError(err)
        return out

    def hub_users(self) -> dict[str, Any]:
        """What the hub knows of its users; see `hub.admin.users`."""
        return json.loads(self.in_hub("python", "-m", "hub.admin", "users"))

    def service(self, name: str) -> Container | None:
        """The container of a Compose service; None where there is none."""
        labels = [f"{COMPOSE_PROJECT}={self.project}", f"{COMPOSE_SERVICE}={name}", "com.docker.compose.oneoff=False"]
        found = self.client.containers.list(all=True, filters={"label": labels})
        return found[0] if found else None

    @staticmethod
    def health(container: Container | None) -> str:
        """What a container's health check says; empty where there is none."""
        return container.attrs["State"].get("Health", {}).get("Status", "") if container else ""

    def servers(self, all: bool = False) -> list[Container]:
        """The containers of users' servers: those that run, or `all`."""
        return self.client.containers.list(all=all, filters={"label": f"{PROJECT_LABEL}={self.project}"})

    def image_id(self, name: str) -> str:
        """The id that an image's name stands for now; empty where there is no such image."""
        try:
            return self.client.images.get(name).id or ""
        except ImageNotFound:
            return ""

    def kept(self) -> Iterator[tuple[str, Any, str, bool]]:
        """The network and the volumes that `make build` makes once; Compose does not own them: `down -v` deletes none.

        Yields:
            The kind, what makes one of it, the name, and whether it is there.
        """
        volumes = [self.found.host.data_volume_host, *(name for each in self.found.overlays for name in each.volumes())]
        for kind, collection, name in (
            ("network", self.client.networks, self.found.hub.docker_network_name),
            *(("volume", self.client.volumes, volume) for volume in volumes),
        ):
            try:
                collection.get(name)
            except NotFound:
                yield kind, collection, name, False
            else:
                yield kind, collection, name, True

    def user_of(self, image: str, **options: Any) -> int:
        """The number of the user that an image runs a command as.

        Raises:
            OperatorError: it cannot say so.
        """
        done = self.run(image, ["-u"], entrypoint="id", **options)
        if done.code or not done.out.strip().isdecimal():
            raise OperatorError(
                f"the notebook image {image} does not say who its user is: {done.last_words}", "make notebook_image"
            )
        return int(done.out)
