"""DockerSpawner with a queue, without random waits, and with a message for each step."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Any

import aiohttp
import requests
from docker.errors import APIError, DockerException, ImageNotFound
from jupyterhub.utils import maybe_future, url_path_join
from traitlets import Bytes, Unicode

from hub.servers import failures, server_log, variables, versions
from hub.servers.events import StartEvents
from hub.servers.failures import StartError
from hub.servers.images import Pulls, engines_words
from hub.servers.mounting import MountingDockerSpawner
from hub.servers.queue import StartQueue

ANSWER_POLL_SECONDS = 0.03
# What a program answers that knows nothing of a server's API. A server of another make may ask to sign in first.
NO_JUPYTERHUB = {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
ALIVE_POLL_SECONDS = 2
# JupyterHub's own limit, `start_timeout`, ends a start without a reason and removes the container with its log. Ours
# comes this long before, and reports both.
REPORT_SECONDS = 15

# How far the bar of the spawn page is at each step; a pull takes it from 0 to PULLED.
PULLED = 90
QUEUED = 10
CREATING = 40
STARTING = 60
ANSWERING = 80
ANSWERED = 95


class HubDockerSpawner(MountingDockerSpawner):
    """The spawner of this deployment: each user's server in a container of its own."""

    own_images = Unicode(help="How images are called that `make build` builds, and no registry has.").tag(config=True)
    gpus = Unicode(help="The GPUs of the container: see hub/settings/gpus.py.").tag(config=True)

    authorities = Bytes(help="A tar that goes into the container: see hub/servers/authorities.py.").tag(config=True)

    # What the chosen profile adds to the environment.
    profile_environment: Mapping[str, str] = {}

    # Shared by every user's spawner.
    _queue = StartQueue(size=max(1, (os.cpu_count() or 1) * 3 // 2))
    _pulls = Pulls()
    _starting: asyncio.Task[Any] | None = None
    # The image that this start has found, and what the Engine says of it.
    _found: tuple[str, dict[str, Any]] | None = None

    def __init__(self, **traits: Any) -> None:
        self._events = StartEvents()
        super().__init__(**traits)

    def clear_state(self) -> None:
        """Forget the container and the messages: JupyterHub calls this when a start begins."""
        super().clear_state()
        self._events.clear()
        self._found = None

    def get_env(self) -> dict[str, Any]:
        """The environment: JupyterHub's and the configured one, what the profile adds, and what follows from them."""
        found = variables.threads(self.cpu_limit) | super().get_env() | dict(self.profile_environment)
        return found | variables.beside_proxy(found)

    async def run_pre_spawn_hook(self) -> None:
        """Run the configured hook, then fetch the image if it is missing.

        Here JupyterHub's clock for the start does not run yet, nor is a place in the queue taken.
        """
        await maybe_future(super().run_pre_spawn_hook())
        await self.pull_image(self.image)

    async def pull_image(self, image: str) -> None:
        """Make sure that the image is on the host; DockerSpawner asks again when the start begins.

        Raises:
            StartError: it is not, and cannot be pulled.
        """
        if self._found is None or self._found[0] != image:
            self._found = (image, await self._find(image))

    async def _find(self, image: str) -> dict[str, Any]:
        """What the Engine says of an image, which is pulled when it is missing: `make build` did, so it was removed."""
        try:
            return await self.docker("inspect_image", image)
        except ImageNotFound:
            if self.own_images and image.startswith(self.own_images):
                raise StartError(
                    "image",
                    f"The notebook image {image} is not on the Docker host, and no registry has it.",
                    "An administrator has to run 'make build'.",
                ) from None
        except APIError as error:
            what = f"The Docker Engine could not look for the image {image}: {engines_words(error)}"
            raise StartError("image", what) from error
        self.log.warning("The notebook image %s is not on the Docker host. Pulling it for %s", image, self._log_name)
        pull = self._pulls.join(image, self.client)
        async for percent in pull.progress():
            self._events.add(f"Fetching the image {image}: {percent} %", percent * PULLED // 100, passing=True)
        if pull.refusal:
            raise StartError(
                "image",
                f"The notebook image {image} is not on the Docker host and cannot be pulled: {pull.refusal}",
                "An administrator has to run 'make build', which signs in to registries as 'docker login' has done.",
            )
        self._events.add(f"Fetching the image {image}: 100 %", PULLED, passing=True)
        return await self.docker("inspect_image", image)

    async def start(self) -> tuple[str, int]:
        """Start the container when it is this server's turn.

        Returns:
            Address and port, once the server answers there: JupyterHub's own waiting, up to several random seconds
            between two looks, then ends at its first.

        Raises:
            StartError: it does not start, ends before it answers, or takes too long.
        """
        self._starting = asyncio.current_task()
        limit = max(1, self.start_timeout - REPORT_SECONDS)
        clock = asyncio.timeout(limit)
        try:
            async with clock:
                return await self._start()
        except TimeoutError:
            if not clock.expired():
                raise
            raise await self._too_late(limit) from None
        except (DockerException, requests.RequestException) as error:
            words = engines_words(error)
            what = f"The Docker Engine could not start the container: {words}"
            raise StartError("engine", what, failures.cure_of(words)) from error

    async def _start(self) -> tuple[str, int]:
        places = asyncio.create_task(self._report_places())
        try:
            async with self._queue.turn(self):
                started: Any = await super().start()
                ip, port = started
                self._events.add("Waiting for the server to answer", ANSWERING)
                status, version = await self._wait_for_answer(f"http://{ip}:{port}")
        finally:
            places.cancel()
        if version is None and status in NO_JUPYTERHUB:
            raise await self._other_program(port, status)
        if mismatch := versions.compare(version, self.image):
            message = f"{mismatch.message} An administrator can {mismatch.fix}."
            self.log.log(mismatch.level, "%s: %s", self._log_name, message)
            self._events.add(message, ANSWERED)
        return ip, port

    async def get_command(self) -> list[str]:
        """The command that starts the server: the configured one or the image's.

        An image with an ENTRYPOINT alone has no command, to which DockerSpawner cannot add its arguments.
        """
        if self.cmd or self._found is None:
            return await super().get_command()
        config = self._found[1]["Config"]
        command = config.get("Cmd") or []
        if not command and not config.get("Entrypoint"):
            raise StartError("command", f"The image {self.image} has no command.", failures.IMAGE_CURE)
        return command + self.get_args()

    async def create_object(self) -> Any:
        """Create the container with what it trusts, and say so."""
        self._events.add("Creating the container", CREATING)
        created = await super().create_object()
        if self.authorities:
            await self.docker("put_archive", created["Id"], "/", self.authorities)
        return created

    async def start_object(self) -> None:
        """Start the container, and say so."""
        self._events.add("Starting the container", STARTING)
        await super().start_object()

    async def get_url(self) -> str:
        """Where a server is that the hub found running when it started.

        The database does not know it yet after a crash in the middle of a start. Returns once the server answers, so
        that JupyterHub's own waiting ends at its first look, as in `start`. While the hub did not run, nothing could be
        active: that time does not make a server idle.
        """
        self.is_active()
        try:
            ip, port = await self.get_ip_and_port()
            await asyncio.wait_for(self._wait_for_answer(f"http://{ip}:{port}"), self.http_timeout)
        except Exception:  # whatever is wrong with one server, an error here would keep the hub from starting
            self.log.exception("The hub cannot reach the running server %s at its address", self._log_name)
            return self.server.url
        return f"http://{ip}:{port}{self.server.base_url}"

    async def stop(self, now: bool = False) -> None:
        """Stop and remove the container; a start that still waits in the queue is called off.

        JupyterHub gives up on a start after `start_timeout` but lets it run on.
        """
        if self._starting and not self._starting.done() and self._starting is not asyncio.current_task():
            self._starting.cancel()
        if self.container_id or await self.get_object():
            await super().stop(now)

    def progress(self) -> AsyncIterator[dict[str, Any]]:
        """What the page shows while a start is pending: the pull, the place in the queue, each step."""
        return self._events.follow()

    async def _report_places(self) -> None:
        while (ahead := self._queue.ahead_of(self)) is not None:
            place = f"In the queue: number {ahead + 1}. Servers start a few at a time, which is faster for all users."
            self._events.add(place, QUEUED, passing=True)
            await self._queue.moved()

    async def _wait_for_answer(self, origin: str) -> tuple[int, str | None]:
        """Return once the server answers: the status of its API, and the version of JupyterHub that it reports."""
        # Side by side: the address of a container that has ended may swallow a connection for many seconds.
        answer = asyncio.create_task(_wait_until_answered(origin + url_path_join(self.server.base_url, "api")))
        end = asyncio.create_task(self._wait_for_end())
        try:
            await asyncio.wait((answer, end), return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                container = end.result()
                raise StartError("exit", *failures.ended(container, self.image), await self._last_lines(container))
            return answer.result()
        finally:
            answer.cancel()
            end.cancel()

    async def _wait_for_end(self) -> dict[str, Any]:
        """Return what the Engine says of the container when it runs no more; nothing when it is gone."""
        while (container := await self.get_object()) and container["State"]["Running"]:
            await asyncio.sleep(ALIVE_POLL_SECONDS)
        return container or {}

    async def _too_late(self, seconds: float) -> StartError:
        latest = self._events.latest
        container = await self.get_object()
        if not container or not container["State"]["Running"]:
            what = f"The server did not start within {seconds:g} seconds. The last step was: {latest}"
            return StartError("timeout", what, "An administrator can raise START_TIMEOUT.")
        what = f"The server did not answer at port {self.port} within {seconds:g} seconds."
        cure = failures.command_cure(container, self.image)
        return StartError("timeout", what, cure, await self._last_lines(container))

    async def _other_program(self, port: int, status: int) -> StartError:
        container = await self.get_object()
        if not container:
            return StartError("exit", *failures.ended({}, self.image))
        what = f"The program that answers at port {port} is not JupyterHub: it has no page {self.server.base_url}api"
        cure = failures.command_cure(container, self.image)
        return StartError("image", f"{what} (status {status}).", cure, await self._last_lines(container))

    async def _last_lines(self, container: dict[str, Any]) -> str:
        """The end of the server's log without its secrets; the hub's log gets it, too."""
        if not container:
            return ""
        log = await self.docker("logs", container["Id"], tail=server_log.LINES)
        lines = server_log.last_lines(log, server_log.secrets_in(container["Config"]["Env"]))
        self.log.error("Last lines of %s:\n%s", self.container_name, lines)
        return lines


async def _wait_until_answered(url: str) -> tuple[int, str | None]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        while True:
            try:
                async with session.get(url, allow_redirects=False) as response:
                    if response.status < 500:
                        return response.status, response.headers.get("X-JupyterHub-Version")
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(ANSWER_POLL_SECONDS)
