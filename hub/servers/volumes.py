"""The volumes with users' files, as servers get them. How full they are: hub/disk_use.py."""

from __future__ import annotations

from functools import partial

from docker.types import DriverConfig
from dockerspawner import DockerSpawner
from traitlets.config import Config

from hub import names
from hub.settings.hub import Settings

# What Docker's own volume driver calls the most that a volume may hold.
SIZE = "size"


def configure(c: Config, settings: Settings) -> None:
    """Mount a volume in each server. The Engine makes it with the first container that wants it."""
    mount: dict[str, object] = {
        "type": "volume",
        "source": names.user_volume(settings.compose_project_name, "{owner}"),
        "target": settings.docker_notebook_dir,
    }
    if settings.disk_limit:
        mount["driver_config"] = DriverConfig("local", {SIZE: str(settings.disk_limit)})
    spawner = c.QueueingDockerSpawner
    spawner.mounts = [mount]
    spawner.format_volume_name = partial(_format, settings.named_server_volumes == "own")


def _format(own: bool, template: str, spawner: DockerSpawner) -> str:
    """Fill in a volume's name; `own`: named servers have volumes of their own."""
    owner = names.owner(spawner.user.name, spawner.name if own else "")
    return template.format(owner=owner, **spawner.template_namespace())
