"""Servers that were started from an older image or older settings: a restart of the server would change something.

A server that runs is never touched when `.env` or an image changes. What it was made from is in its container: the
image's id by Docker itself, the settings as labels, which `scripts/servers` reads.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hub import paths
from hub.configuration import Configuration
from hub.names import LABELS, SERVER_LABEL, USER_LABEL
from hub.settings.model import SettingsModel, plain, setting_of

SETTINGS_LABEL = f"{LABELS}.settings"
VOLUMES_LABEL = f"{LABELS}.volumes"

FILES = (paths.PROFILES, paths.FOLDERS)


@dataclass(frozen=True)
class Origin:
    """What a container was made from, by its labels."""

    settings: str
    volumes: str

    @classmethod
    def of(cls, found: Configuration) -> Origin:
        """What a container would be made from now: the settings that servers depend on, and the files of FILES.

        A file counts as a whole: a change of one profile or folder makes every server an older one.
        """
        contents = [path.read_text() if path.exists() else "" for path in FILES]
        models = [found.hub, *(overlay.values for overlay in found.overlays)]
        parts = [*map(_of_servers, models), *contents]
        # With a key, because a token of a gateway is in it, which might be short enough to be found by trying.
        key = found.hub.configproxy_auth_token.get_secret_value().encode()
        digest = hmac.new(key, json.dumps(parts, sort_keys=True).encode(), hashlib.sha256)
        return cls(digest.hexdigest()[:16], found.hub.named_server_volumes)

    def labels(self) -> dict[str, str]:
        """The container's labels."""
        return {SETTINGS_LABEL: self.settings, VOLUMES_LABEL: self.volumes}


@dataclass(frozen=True)
class Server:
    """A server that runs, with what a restart of it would change."""

    user: str
    name: str
    old: tuple[str, ...]


def read(lines: Iterable[str], today: Origin) -> Iterator[Server]:
    """Yield a server for each line of `scripts/servers`.

    A line has the id of the container's image, the id that its name stands for now (`-` when there is none) and the
    container's labels, in JSON.
    """
    for line in lines:
        image, image_now, text = line.split(maxsplit=2)
        labels = json.loads(text)
        name = labels.get(SERVER_LABEL, "")
        # A container without these labels is from before there were any.
        older = labels.get(SETTINGS_LABEL) != today.settings or (name and labels[VOLUMES_LABEL] != today.volumes)
        old = {"older image": image != image_now, "older settings": older}
        yield Server(labels[USER_LABEL], name, tuple(what for what, true in old.items() if true))


def sentence(servers: Iterable[Server]) -> str:
    """Whose servers would be others after a restart; empty when there are none."""
    old = sorted({server.user for server in servers if server.old})
    if not old:
        return ""
    return (
        f"Started from an older image or older settings, and running on: the servers of {', '.join(old)}.\n"
        "They are not touched; each gets the new at its next start (make users says what is older)."
    )


def _of_servers(model: SettingsModel) -> dict[str, object]:
    """The settings of a group that a user's container depends on."""
    return {name: plain(value) for name, value in model if setting_of(type(model), name).restarts}
