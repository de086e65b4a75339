"""How full the volumes with users' files are; servers get them from hub/servers/volumes.py."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from hub import names

UNITS = "KMGTP"


@dataclass(frozen=True)
class Volume:
    """One with a user's files; sizes are bytes, a limit of 0 is none."""

    name: str
    size: int
    limit: int

    @classmethod
    def read(cls, words: str) -> Self:
        """Make one of what scripts/users says of it: its name, its KiB, and the limit in bytes if it has one."""
        name, size, *limit = words.split()
        return cls(name, int(size) * 1024, _bytes(limit[0]) if limit else 0)

    def user(self, project: str) -> str:
        """Whose it is, or whose named server's: an escaped name."""
        return self.name.removeprefix(names.user_volume(project, "")).partition(names.BETWEEN)[0]


def describe(volumes: Iterable[Volume]) -> str:
    """How much they hold together and, where all have a limit, of how much; empty when there are none."""
    volumes = list(volumes)
    if not volumes:
        return ""
    held = human(sum(volume.size for volume in volumes))
    limits = [volume.limit for volume in volumes]
    return f"{held} of {human(sum(limits))}" if all(limits) else held


def _bytes(size: str) -> int:
    """A limit as it was given to the Engine: we give bytes, somebody else perhaps 10G or 10GiB."""
    number, unit = re.findall(rf"^([\d.]+)([{UNITS}]?)", size.upper())[0]
    return int(float(number) * 1024 ** (UNITS.index(unit) + 1 if unit else 0))


def human(size: int) -> str:
    """A size in two or three digits, such as 4K, 3.2M or 10G."""
    number, power = float(size), 0
    while number >= 1023.5 and power < len(UNITS):
        number, power = number / 1024, power + 1
    text = f"{number:.0f}" if number >= 9.95 else f"{number:.1f}".removesuffix(".0")
    return text + ("", *UNITS)[power]
