"""JUPYTERHUB_SPAWNER=docker-system-user: its settings, and what they need on the Docker host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator

from hub.configuration import Configuration
from hub.errors import OperatorError, Problem
from hub.overlays import Overlay
from hub.settings import host_paths
from hub.settings.model import SettingsModel, setting

if TYPE_CHECKING:
    from host.engine import Host

    from .spawner import SystemUserSpawner


def _home_format(path: str) -> str:
    if "{username}" not in path:
        raise ValueError("{username} is missing")
    if reason := host_paths.complaint(path.replace("{username}", "username")):
        raise ValueError(reason)
    return path


class SystemUserSettings(SettingsModel):
    """Where the Docker host has its accounts and their home directories."""

    host_etc: str = setting(
        "/etc",
        "folder of the Docker host with the files `passwd` and `group` in which the accounts are looked up",
        "an absolute path on the Docker host",
        restarts=False,
        pattern=r"^/\S*$",
    )
    host_homedir_format: Annotated[str, AfterValidator(_home_format)] = setting(
        "/home/{username}",
        "where the accounts' home directories are on the Docker host",
        "an absolute path with {username} in it, such as /volumes/user/{username}",
        trait="SystemUserSpawner.host_homedir_format",
    )


class SystemUsers(Overlay):
    """Servers run as accounts of the Docker host, with the home directories there."""

    settings = SystemUserSettings
    values: SystemUserSettings
    spawner = "docker-system-user"
    compose = True
    keeps_home = True

    @property
    def spawner_class(self) -> type[SystemUserSpawner]:
        """The spawner that looks up the account at each start."""
        from .spawner import SystemUserSpawner  # imports DockerSpawner, which checks do not need

        return SystemUserSpawner

    def problems(self, found: Configuration, environment: Mapping[str, str]) -> Iterator[Problem]:
        """The account is the host's, so nothing else can choose the user of a server."""
        yield from super().problems(found, environment)
        if found.hub.switches_user:
            yield Problem.conflict(
                "JUPYTERHUB_SPAWNER",
                f"is {self.spawner!r}, which starts servers as accounts of the host",
                f"docker, or {' and '.join(found.hub.switches_user)} left empty",
            )
        if any(overlay.read_only_volumes(found) for overlay in found.overlays if overlay is not self):
            yield Problem.conflict(
                "JUPYTERHUB_SPAWNER",
                f"is {self.spawner!r}, and client certificates are stored for the user of the notebook image",
                "docker, or no CLIENT_KEY, CLIENT_CERT and CLIENT_CA",
            )

    def check_hub(self) -> None:
        """See that accounts can be looked up.

        Raises:
            OperatorError: the host's `passwd` or `group` cannot be read.
        """
        from .spawner import HOST_ETC

        for name in ("passwd", "group"):
            try:
                (HOST_ETC / name).read_bytes()
            except OSError as error:
                raise OperatorError(
                    f"HOST_ETC: its file {name} cannot be read ({error.strerror})",
                    f"set COMPOSE_FILE={self.files()}, and HOST_ETC to a folder with passwd and group that all may "
                    "read, then run: make up",
                ) from None

    def check(self, host: Host) -> None:
        """See that HOST_ETC is a folder with the two files on the Docker host.

        Raises:
            OperatorError: it is not.
        """
        script = "[ -r /host/etc/passwd ] && [ -r /host/etc/group ]"
        if host.sees(self.values.host_etc, "/host/etc", script).code:
            raise OperatorError(
                f"HOST_ETC={self.values.host_etc} is not a folder of the Docker host with passwd and group",
                "correct it in .env; it is usually /etc",
            )


OVERLAY = SystemUsers
