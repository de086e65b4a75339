"""A fair queue for starts: first come, first served, a few at a time."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

from hub.servers.events import Change


class StartQueue:
    """Lets `size` starts run at a time, in the order of their arrival, and knows who waits where.

    A start takes 1.3 seconds of a core. Thirty at once share the cores so thinly that all of them are late; three at
    a time on two cores halved the mean wait, from 21.8 to 11.6 s, in a prototype.
    """

    def __init__(self, size: int) -> None:
        self._places = asyncio.Semaphore(size)
        self._waiting: dict[Hashable, None] = {}  # in the order of arrival, in which a semaphore serves, too
        self._moved = Change()

    @asynccontextmanager
    async def turn(self, who: Hashable) -> AsyncIterator[None]:
        """Wait until it is `who`'s turn; the place is given back at the end of the block."""
        self._waiting[who] = None
        try:
            async with self._places:
                self._leave(who)
                yield
        finally:
            self._leave(who)

    def ahead_of(self, who: Hashable) -> int | None:
        """How many starts wait before `who`'s; None when it does not wait (any more)."""
        return list(self._waiting).index(who) if who in self._waiting else None

    async def moved(self) -> None:
        """Return when the queue has moved on."""
        await self._moved.wait()

    def _leave(self, who: Hashable) -> None:
        self._waiting.pop(who, None)
        self._moved.happened()
