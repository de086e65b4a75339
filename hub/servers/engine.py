"""DockerSpawner that waits for an Engine which does not answer, and touches only containers of its own."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

import requests
from docker.errors import APIError, DockerException
from dockerspawner import DockerSpawner

from hub.names import PROJECT_LABEL, SERVER_LABEL, USER_LABEL

# DockerSpawner has one thread for the calls to the Engine: while `docker stop` waited 10 s for one server, another
# user's start took 10.45 s; with 8 threads 1.0 to 1.2 s.
ENGINE_THREADS = 8
# What may be asked again after the Engine did not answer, because asking twice does no harm.
REPEATABLE = {"inspect_container", "inspect_image", "inspect_volume", "stop", "remove_container"}
ENGINE_RETRY_SECONDS = 1


class PatientDockerSpawner(DockerSpawner):
    """The calls to the Engine about a server's container."""

    # Shared by every user's spawner: DockerSpawner keeps the threads and the client on the class, too.
    _executor = ThreadPoolExecutor(ENGINE_THREADS, thread_name_prefix="docker")

    async def docker(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call the Engine; where that is safe, wait for it as long as it does not answer.

        The hub takes an error of `poll` for a stopped server: started while the Engine was unavailable, it marked every
        running server stopped and deleted its route.
        """
        warned = False
        while True:
            try:
                return await super().docker(method, *args, **kwargs)
            except (requests.RequestException, DockerException) as error:
                if not _worth_repeating(method, error):
                    raise
                if not warned:
                    self.log.warning("%s (%s). Waiting for it", _what_is_wrong(error), error)
                    warned = True
            await asyncio.sleep(ENGINE_RETRY_SECONDS)

    async def get_object(self) -> dict[str, Any] | None:
        """Inspect the container; one of the same name that is not this server's is left alone.

        `PREFIX-proxy`, the server of a user called proxy, may be the hub's own proxy.
        """
        found = await super().get_object()
        rendered: Any = self._render_templates(self.extra_create_kwargs)
        mine = rendered["labels"]
        # The server's label came last: one that runs may be from before.
        theirs = {SERVER_LABEL: mine[SERVER_LABEL]} | (found["Config"]["Labels"] or {}) if found else {}
        if any(theirs.get(name) != mine[name] for name in (PROJECT_LABEL, USER_LABEL, SERVER_LABEL)):
            self.object_id = ""
            return None
        return found

    async def remove_object(self) -> None:
        """Remove the container, also one that is left over from before and runs.

        Such a one is there when the hub's database is older than it. DockerSpawner takes the Engine's refusal to
        remove it for success, and fails when it makes the new one.
        """
        self.log.info("Removing %s", self.container_name)
        try:
            await self.docker("remove_container", self.object_id, v=True, force=True)
        except APIError as error:
            if error.status_code not in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):  # gone, or going
                raise


def _what_is_wrong(error: Exception) -> str:
    if "Permission denied" in str(error):
        return "The hub may not use the Docker Engine's socket. Fix: make up, which gives the hub the socket's group"
    return "The Docker Engine does not answer"


def _worth_repeating(method: str, error: Exception) -> bool:
    """Whether the Engine was unavailable and asking again does no harm; not when it has answered with a refusal."""
    if isinstance(error, APIError):
        return method.startswith("inspect") and error.is_server_error()
    # The client asks for the Engine's version first and wraps what goes wrong then in a bare DockerException.
    away = isinstance(error, requests.ConnectionError | requests.Timeout) or type(error) is DockerException
    return away and method in REPEATABLE
