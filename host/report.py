"""What the Docker host knows of people: their certificates, volumes and running servers, as scripts/users tells it.

Each line begins with what it is about: `certificate`, `volume` or `server`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from hub.gateway import pki
from hub.gateway.settings import GatewaySettings

from host import disk_use
from host.disk_use import Volume
from hub import names
from hub.servers import stale
from hub.servers.stale import Origin, Server
from hub.settings.hub import Settings


@dataclass(frozen=True)
class HostReport:
    """It for everybody; `certificates` (those of `pki.notes`; None: nobody needs one) and volumes by escaped names."""

    disk_limit: int = 0
    certificates: dict[str, str] | None = None
    volumes: dict[str, list[Volume]] = field(default_factory=dict)
    servers: list[Server] = field(default_factory=list)

    @classmethod
    def read(cls, lines: Iterable[str], settings: Settings, gateway: GatewaySettings) -> Self:
        """Read the lines."""
        by_kind: dict[str, list[str]] = {"certificate": [], "volume": [], "server": []}
        for line in lines:
            kind, words = line.split(maxsplit=1)
            by_kind[kind].append(words)
        volumes: dict[str, list[Volume]] = {}
        for volume in map(Volume.read, by_kind["volume"]):
            volumes.setdefault(volume.user(settings.compose_project_name), []).append(volume)
        return cls(
            settings.disk_limit,
            pki.notes(iter(by_kind["certificate"])) if gateway.wants_certificates else None,
            volumes,
            list(stale.read(by_kind["server"], Origin.today(settings, gateway))),
        )

    def volumes_of(self, user: str) -> list[Volume]:
        """A user's volumes, those of named servers included."""
        return self.volumes.get(names.escaped(user), [])

    def notes(self, user: str) -> list[str]:
        """What should be known of a user."""
        found = []
        if self.certificates is not None:
            found.append(self.certificates.get(names.escaped(user), "no client certificate"))
        if any(volume.limit != self.disk_limit for volume in self.volumes_of(user)):
            found.append("volume older than DISK_LIMIT")
        found += dict.fromkeys(what for server in self.servers if server.user == user for what in server.old)
        return [note for note in found if note]

    def left_over(self, users: Iterable[str]) -> str:
        """The volumes that belong to none of these, a line each below a headline; empty when there are none."""
        strangers = self.volumes.keys() - set(map(names.escaped, users))
        lines = [
            f"  {volume.name}  {disk_use.describe([volume])}"
            for stranger in sorted(strangers)
            for volume in self.volumes[stranger]
        ]
        return "\n".join(["Volumes of nobody here:", *lines]) if lines else ""
