"""Whether a server works while no browser looks on, so that the culler does not take it for idle.

The hub knows of what passes the proxy, which has every message of an open tab and every part of an upload, and of what
the server reports, which is the messages of kernels. A long cell that prints nothing sends none, and neither does a
job in a terminal without a tab. Both can be asked for, whatever the image is. Upstream, for kernels:
https://github.com/jupyterhub/jupyterhub-idle-culler/issues/55. Try without `_computes` from 2027-06-01 on.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import requests
from docker.errors import DockerException
from jupyterhub.utils import url_path_join, utcnow
from traitlets import Integer

from hub.servers.engine import PatientDockerSpawner

ANSWER_SECONDS = 10
# Users can make their servers answer anything.
ANSWER_BYTES = 1_000_000
# Of each process: its group, its session, the group that its terminal is given to (-1: no terminal), its state.
COLUMNS = "pid,pgid,sid,tpgid,stat"
# Stopped with Ctrl-Z, or ended.
RESTING = ("T", "Z")


class ActiveDockerSpawner(PatientDockerSpawner):
    """The server's last activity, in the hub's database."""

    idle_seconds = Integer(help="The time without activity after which a server is asked; 0: never.").tag(config=True)

    _asked: datetime | None = None

    async def poll_and_notify(self) -> int | None:
        """See whether the server runs, as JupyterHub does every `poll_interval`, and if it seems idle, what it does."""
        status = await super().poll_and_notify()
        if status is None and self._seems_idle() and await self._works():
            self.is_active()
        return status

    def is_active(self) -> None:
        """Note that the server is active now."""
        self.orm_spawner.last_activity = utcnow(with_tz=False)
        self.db.commit()

    def _seems_idle(self) -> bool:
        """Whether it is time to ask; each question counts, so that an idle server is not asked at every poll."""
        now = utcnow(with_tz=False)
        seen = max(filter(None, (self.orm_spawner.last_activity, self._asked)), default=None)
        if not self.idle_seconds or not seen or now - seen < timedelta(seconds=self.idle_seconds):
            return False
        self._asked = now
        return True

    async def _works(self) -> bool:
        return any(await asyncio.gather(self._runs_job(), self._computes()))

    async def _runs_job(self) -> bool:
        """Whether a terminal has a job; the Engine's host may have a `ps` that cannot say so."""
        try:
            found = await self.docker("top", self.container_id, f"-o {COLUMNS}")
        except (DockerException, requests.RequestException) as error:
            self.log.debug("No processes of %s: %s", self._log_name, error)
            return False
        return has_job(dict(zip(found["Titles"], row, strict=False)) for row in found["Processes"])

    async def _computes(self) -> bool:
        """Whether a kernel is busy, as Jupyter Server's own list has it; the question itself is no activity there."""
        container = await self.get_object()
        variables = dict(line.partition("=")[::2] for line in container["Config"]["Env"]) if container else {}
        headers = {"Authorization": f"token {variables.get('JUPYTERHUB_API_TOKEN')}"}
        url = url_path_join(self.server.url, "api/kernels?no_track_activity=1")
        clock = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=clock, headers=headers) as session,
                session.get(url, allow_redirects=False) as response,
            ):
                return is_busy(json.loads(await response.content.read(ANSWER_BYTES)))
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            self.log.debug("No kernels of %s: %s", self._log_name, error)
            return False


def has_job(processes: Iterable[Mapping[str, str]]) -> bool:
    """Whether a shell in a terminal has started something, in front or behind, that is still there and not stopped.

    Args:
        processes: of the container, each with the columns that `ps` gives for COLUMNS.
    """
    return any(
        each["TPGID"] != "-1" and each["PGID"] != each["SID"] and not each["STAT"].startswith(RESTING)
        for each in processes
    )


def is_busy(kernels: Any) -> bool:
    """Whether one of Jupyter Server's models of kernels is of a busy one."""
    models = kernels if isinstance(kernels, list) else []
    return any(isinstance(each, dict) and each.get("execution_state") == "busy" for each in models)
