"""The messages of a start: the page of a pending server shows it, and the API streams it."""

import asyncio
import html
from collections.abc import AsyncIterator
from typing import Any

# See hub/pages/pages.css: of such messages in a row the page's log keeps the last.
PASSING = "passing"


class Change:
    """Wakes all who wait for the next change; who looks and then waits, with no `await` in between, misses none."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    async def wait(self) -> None:
        """Return at the next change."""
        await self._next.wait()

    def happened(self) -> None:
        """Wake all who wait."""
        self._next.set()
        self._next = asyncio.Event()


class StartEvents:
    """The messages of one start, for each page that shows it: one that is opened late gets them from the first on.

    The bar never goes back: what takes long, as a pull does, may have moved it further than the next step begins.
    """

    def __init__(self) -> None:
        self._events: list[tuple[int, dict[str, Any]]] = []
        self._number = 0
        self._change = Change()

    @property
    def latest(self) -> str:
        """The last message, which says what the start is busy with."""
        return self._events[-1][1]["message"] if self._events else ""

    def clear(self) -> None:
        """Forget everything, for the next start. A page that is open gets the next start's messages."""
        self._events.clear()

    def add(self, message: str, percent: int, *, passing: bool = False) -> None:
        """Add a message; a `passing` one is replaced by the next that is."""
        percent = max([percent, *(event["progress"] for _, event in self._events)])
        event: dict[str, Any] = {"message": message, "progress": percent}
        if passing:
            event["html_message"] = f'<span class="{PASSING}">{html.escape(message)}</span>'
            if self._events and PASSING in self._events[-1][1].get("html_message", ""):
                self._events.pop()
        self._number += 1
        self._events.append((self._number, event))
        self._change.happened()

    async def follow(self) -> AsyncIterator[dict[str, Any]]:
        """Yield each message so far, then each further one as it comes. It does not end by itself."""
        seen = 0
        while True:
            new = [(number, event) for number, event in self._events if number > seen]
            if not new:
                await self._change.wait()
            for number, event in new:
                seen = number
                yield event
