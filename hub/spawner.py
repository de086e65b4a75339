"""DockerSpawner with a queue, without random waits, and patient with an Engine that does not answer."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import aiohttp
import requests
from docker.errors import APIError, DockerException, ImageNotFound
from dockerspawner import DockerSpawner
from jupyterhub.spawner import SpawnException
from jupyterhub.utils import url_path_join

from hub.start_queue import StartQueue

# DockerSpawner has one thread for the calls to the Engine: while `docker stop` waited 10 s for one server, another
# user's start took 10.45 s; with 8 threads 1.0 to 1.2 s.
ENGINE_THREADS = 8
# What may be asked again after the Engine did not answer, because asking twice does no harm.
REPEATABLE = {"inspect_container", "inspect_image", "inspect_volume", "stop", "remove_container"}
ENGINE_RETRY_SECONDS = 1
ANSWER_POLL_SECONDS = 0.03
ALIVE_POLL_SECONDS = 2
LAST_WORDS = 20  # lines

# What the spawn page shows: text and per cent.
CREATING = ("Starting the container", 40)
ANSWERING = ("Waiting for the server to answer", 80)


class QueueingDockerSpawner(DockerSpawner):
    """Each user's server in a container of its own."""

    # Shared by every user's spawner: DockerSpawner keeps the threads and the client on the class, too.
    _executor = ThreadPoolExecutor(ENGINE_THREADS, thread_name_prefix="docker")
    _queue = StartQueue(size=max(1, (os.cpu_count() or 1) * 3 // 2))
    _stage = CREATING
    _starting: asyncio.Task[Any] | None = None

    async def docker(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call the Engine; where that is safe, wait for it as long as it does not answer.

        The hub takes an error of `poll` for a stopped server: started while the Engine was away, it marked every
        running server stopped and deleted its route.
        """
        told = False
        while True:
            try:
                return await super().docker(method, *args, **kwargs)
            except (requests.RequestException, DockerException) as error:
                if not _worth_repeating(method, error):
                    raise
                if not told:
                    self.log.warning("The Docker Engine does not answer (%s): waiting for it", error)
                    told = True
            await asyncio.sleep(ENGINE_RETRY_SECONDS)

    async def pull_image(self, image: str) -> None:
        """Never pull at a start: `make build` makes sure that the image is here."""
        try:
            await super().pull_image(image)
        except ImageNotFound:
            raise SpawnException(
                f"The notebook image {image} is not on the Docker host: an administrator has to run 'make build'.",
                reason="image",
            ) from None

    async def start(self) -> tuple[str, int]:
        """Start the container when it is this server's turn.

        Returns:
            Address and port, once the server answers there: JupyterHub's own waiting, up to several random seconds
            between two looks, then ends at its first.

        Raises:
            SpawnException: the image is missing, or the server ended before it answered.
        """
        self._starting = asyncio.current_task()
        async with self._queue.turn(self):
            self._stage = CREATING
            ip, port = await super().start()
            self._stage = ANSWERING
            await self._wait_for_answer(f"http://{ip}:{port}")
        return ip, port

    async def get_url(self) -> str:
        """Where a server is that the hub found running when it started.

        The database does not know it yet after a crash in the middle of a start. Returns once the server answers, so
        that JupyterHub's own waiting ends at its first look, as in `start`.
        """
        try:
            ip, port = await self.get_ip_and_port()
            await asyncio.wait_for(self._wait_for_answer(f"http://{ip}:{port}"), self.http_timeout)
        except Exception:  # whatever is wrong with one server, an error here would keep the hub from starting
            self.log.exception("%s cannot be taken over at its address", self._log_name)
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

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """What the page shows while a start is pending: the place in the queue, then each stage."""
        last = None
        while True:
            message, percent = self._describe_progress()
            if message != last:
                yield {"message": message, "progress": percent}
                last = message
            if self._queue.ahead_of(self) is None:
                await asyncio.sleep(0.2)
            else:
                await self._queue.moved()

    def _describe_progress(self) -> tuple[str, int]:
        ahead = self._queue.ahead_of(self)
        if ahead is None:
            return self._stage
        return f"In the queue: number {ahead + 1}. Servers start a few at a time, which is faster for everybody.", 10

    async def _wait_for_answer(self, origin: str) -> None:
        # Side by side: the address of a container that has ended may swallow a connection for many seconds.
        answer = asyncio.create_task(_wait_until_answered(origin + url_path_join(self.server.base_url, "api")))
        end = asyncio.create_task(self._wait_for_end())
        try:
            await asyncio.wait((answer, end), return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                await self._report_end(end.result())
            answer.result()
        finally:
            answer.cancel()
            end.cancel()

    async def _report_end(self, status: str) -> NoReturn:
        last_words = await self.docker("logs", self.container_id, tail=LAST_WORDS)
        self.log.error("Last lines of %s:\n%s", self.container_name, last_words.decode(errors="replace"))
        raise SpawnException(
            f"The server ended before it answered ({status}). The hub's log has its last lines.", reason="exit"
        )

    async def _wait_for_end(self) -> Any:
        while (status := await self.poll()) is None:
            await asyncio.sleep(ALIVE_POLL_SECONDS)
        return status


def _worth_repeating(method: str, error: Exception) -> bool:
    """Whether the Engine was away and asking again does no harm; not when it has answered with a refusal."""
    if isinstance(error, APIError):
        return method.startswith("inspect") and error.is_server_error()
    # The client asks for the Engine's version first and wraps what goes wrong then in a bare DockerException.
    away = isinstance(error, requests.ConnectionError | requests.Timeout) or type(error) is DockerException
    return away and method in REPEATABLE


async def _wait_until_answered(url: str) -> None:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        while not await _answers(session, url):
            await asyncio.sleep(ANSWER_POLL_SECONDS)


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url, allow_redirects=False) as response:
            return response.status < 500
    except (aiohttp.ClientError, TimeoutError):
        return False
