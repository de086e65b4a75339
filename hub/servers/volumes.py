"""The volumes with users' files, as servers get them. How full they are: host/volumes.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docker.types import DriverConfig

from hub import names
from hub.settings.hub import HubSettings

if TYPE_CHECKING:
    from dockerspawner import DockerSpawner  # host/ needs this module without it: 0.5 s

# Docker's own volume driver calls the limit of a volume so.
SIZE = "size"


def mounts(settings: HubSettings) -> list[dict[str, object]]:
    """The user's volume, which the Engine makes with the first container that has it."""
    mount: dict[str, object] = {
        "type": "volume",
        "source": names.user_volume(settings.compose_project_name, "{owner}"),
        "target": settings.docker_notebook_dir,
    }
    if settings.disk_limit:
        mount["driver_config"] = DriverConfig("local", {SIZE: str(settings.disk_limit)})
    return [mount]


def format_name(own: bool, template: str, spawner: DockerSpawner) -> str:
    """Fill in the name of a volume; `own`: a named server has a volume of its own."""
    owner = names.owner(spawner.user.name, spawner.name if own else "")
    return template.format(owner=owner, **spawner.template_namespace())
