"""Telling everybody who waits that something has changed."""

from __future__ import annotations

import asyncio


class Change:
    """Take `next`, look at what may change, then wait for what was taken: so no change is missed in between."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    @property
    def next(self) -> asyncio.Event:
        """What is set at the next change."""
        return self._next

    def happened(self) -> None:
        """Wake everybody who waits."""
        self._next.set()
        self._next = asyncio.Event()
