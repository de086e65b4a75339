"""The volumes with users' files, as servers get them. How full they are: host/volumes.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docker.types import DriverConfig

from hub import names
from hub.settings.hub import HOME, HubSettings

if TYPE_CHECKING:
    from dockerspawner import DockerSpawner  # host/ needs this module without it: 0.5 s

# Docker's own volume driver calls the limit of a volume so.
SIZE = "size"
# The Engine's `volume prune --all` leaves out volumes with options: for these, it would count no space as freed. See
# https://github.com/moby/moby/issues/40152. A size of 0 is such an option, and limits nothing.
KEPT = {SIZE: "0"}


def mounts(settings: HubSettings) -> list[dict[str, object]]:
    """The user's volume, which the Engine makes with the first container that has it."""
    mount: dict[str, object] = {
        "type": "volume",
        "source": names.user_volume(settings.compose_project_name, "{owner}"),
        "target": settings.docker_notebook_dir,
        "labels": {names.PLACE_LABEL: settings.docker_notebook_dir},
        "driver_config": DriverConfig("local", KEPT | {SIZE: str(settings.disk_limit)}),
    }
    return [mount]


def environment(settings: HubSettings) -> dict[str, str]:
    """What keeps a home useful that outlives its server.

    What may be lost stays out of the volume: caches, which are large, and the runtime folder, which two servers of one
    user must not share. With the default place the volume is the home in images that have another one, too.
    """
    home = {"HOME": HOME} if settings.docker_notebook_dir == HOME else {}
    return {"XDG_CACHE_HOME": "/tmp/cache", "JUPYTER_RUNTIME_DIR": "/tmp/jupyter", **home}


def format_name(own: bool, template: str, spawner: DockerSpawner) -> str:
    """Fill in the name of a volume; `own`: a named server has a volume of its own."""
    owner = names.owner(spawner.user.name, spawner.name if own else "")
    return template.format(owner=owner, **spawner.template_namespace())
