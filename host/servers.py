"""Users' servers that run, and what a restart of each would change: its image, or its settings.

A server that runs is never touched when `.env` or an image changes. What it was made from is in its container: the
image's id, and labels for the settings (hub/servers/stale.py).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from host.engine import Host
from hub.names import SERVER_LABEL, USER_LABEL
from hub.servers.stale import SETTINGS_LABEL, VOLUMES_LABEL

IMAGE, SETTINGS = "older image", "older settings"


@dataclass(frozen=True)
class Server:
    """A server that runs, with what is older than it would be after a restart."""

    user: str
    name: str
    old: tuple[str, ...]


def running(host: Host, origin: Mapping[str, str]) -> list[Server]:
    """The servers that run.

    Args:
        host: the Docker host.
        origin: the labels for settings that a server would get now, as the hub has them.
    """
    ids: dict[str, str] = {}
    found = []
    for container in host.servers():
        name = container.attrs["Config"]["Image"]
        if name not in ids:
            ids[name] = host.image_id(name)
        found.append(judge(container.labels, container.attrs["Image"] == ids[name], origin))
    return found


def judge(labels: Mapping[str, str], image_is_current: bool, origin: Mapping[str, str]) -> Server:
    """A server by its container's labels; one without the label is from before there was one."""
    name = labels.get(SERVER_LABEL, "")
    compared = (SETTINGS_LABEL, VOLUMES_LABEL) if name else (SETTINGS_LABEL,)
    older = any(labels.get(label) != origin[label] for label in compared)
    old = {IMAGE: not image_is_current, SETTINGS: older}
    return Server(labels[USER_LABEL], name, tuple(what for what, true in old.items() if true))


def sentence(servers: Iterable[Server]) -> str:
    """The users whose servers a restart would change; empty when there are none."""
    old = sorted({server.user for server in servers if server.old})
    if not old:
        return ""
    return (
        f"These users' servers run with an older image or older settings: {', '.join(old)}.\n"
        "They go on; each gets the new ones at its next start. 'make users' shows what is older."
    )


def stop_all(host: Host) -> str:
    """Stop and remove every server, of whose users the names are returned. Files stay in the volumes."""
    containers = host.servers(all=True)
    for container in containers:
        container.stop()
        container.remove()
    return " ".join(sorted({container.labels[USER_LABEL] for container in containers}))
