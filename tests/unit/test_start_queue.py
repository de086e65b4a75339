"""The queue of starts: fair, bounded, and it loses no place whatever happens to those in it."""

import asyncio
from contextlib import suppress

import pytest

from hub.servers.queue import StartQueue


async def settle() -> None:
    """Let every task go on until all of them wait for something."""
    for _ in range(20):
        await asyncio.sleep(0)


class Starts:
    """Starts of servers in one queue; each goes on until the test ends it."""

    def __init__(self, size: int) -> None:
        self.queue = StartQueue(size)
        self.running: list[str] = []
        self._ends: dict[str, asyncio.Future[None]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def add(self, *names: str) -> None:
        """Begin starts, in this order."""
        for name in names:
            self._ends[name] = asyncio.get_running_loop().create_future()
            self._tasks[name] = asyncio.create_task(self._run(name))
        await settle()

    async def end(self, name: str, error: Exception | None = None) -> None:
        """End a start that runs: well, or with an error."""
        self._ends[name].set_exception(error) if error else self._ends[name].set_result(None)
        with suppress(ArithmeticError):
            await self._tasks[name]
        await settle()

    async def cancel(self, name: str) -> None:
        """Call a start off, be it running or waiting."""
        self.cancel_soon(name)
        with pytest.raises(asyncio.CancelledError):
            await self._tasks[name]
        await settle()

    def cancel_soon(self, name: str) -> None:
        """Call a start off without letting any task go on before."""
        self._tasks[name].cancel()

    async def _run(self, name: str) -> None:
        async with self.queue.turn(name):
            self.running.append(name)
            try:
                await self._ends[name]
            finally:
                self.running.remove(name)


async def test_first_come_first_served() -> None:
    starts = Starts(1)
    await starts.add(*"abcde")
    order = []
    while starts.running:
        [name] = starts.running
        order.append(name)
        await starts.end(name)
    assert order == list("abcde")


@pytest.mark.parametrize("size", [1, 2, 3])
async def test_no_more_than_size_at_a_time(size: int) -> None:
    starts = Starts(size)
    await starts.add(*"abcdef")
    seen = []
    while starts.running:
        seen.append("".join(starts.running))
        await starts.end(starts.running[0])
    assert seen == ["abcdef"[first : first + size] for first in range(6)]


async def test_who_comes_later_does_not_overtake() -> None:
    starts = Starts(1)
    await starts.add("a", "b")
    async with asyncio.timeout(1):
        await starts.end("a")
        await starts.add("c")
    assert starts.running == ["b"]


async def test_positions() -> None:
    starts = Starts(2)
    await starts.add(*"abcde")
    assert [starts.queue.ahead_of(name) for name in "abcde"] == [None, None, 0, 1, 2]
    assert starts.queue.ahead_of("nobody") is None
    await starts.end("b")
    assert [starts.queue.ahead_of(name) for name in "acde"] == [None, None, 0, 1]
    await starts.cancel("d")
    assert [starts.queue.ahead_of(name) for name in "de"] == [None, 0]


@pytest.mark.parametrize("how", ["end", "cancel the running one", "cancel a waiting one", "fail"])
async def test_who_watches_is_told_of_every_move(how: str) -> None:
    starts = Starts(1)
    await starts.add(*"abc")
    watchers = [asyncio.create_task(starts.queue.moved()) for _ in range(3)]
    await settle()
    assert not any(watcher.done() for watcher in watchers)
    match how:
        case "end":
            await starts.end("a")
        case "cancel the running one":
            await starts.cancel("a")
        case "cancel a waiting one":
            await starts.cancel("b")
        case "fail":
            await starts.end("a", ArithmeticError())
    async with asyncio.timeout(1):
        await asyncio.gather(*watchers)


async def test_who_leaves_the_queue_while_waiting_takes_no_place() -> None:
    starts = Starts(1)
    await starts.add(*"abc")
    await starts.cancel("b")
    assert starts.running == ["a"]
    await starts.end("a")
    assert starts.running == ["c"]
    await starts.end("c")
    await starts.add("d", "e")
    assert starts.running == ["d"]


@pytest.mark.parametrize("waiting", ["", "c", "cd"])
async def test_cancelled_just_when_the_turn_came(waiting: str) -> None:
    starts = Starts(1)
    async with starts.queue.turn("a"):
        await starts.add("b", *waiting)
    # The place is b's now, but b has not gone on yet.
    starts.cancel_soon("b")
    await settle()
    assert starts.running == list(waiting[:1])
    if waiting:
        await starts.end("c")
    await starts.add("e")
    assert starts.running == (["d"] if "d" in waiting else ["e"])


async def test_everybody_cancelled_at_once() -> None:
    starts = Starts(2)
    await starts.add(*"abcdef")
    for name in "abcdef":
        starts.cancel_soon(name)
    await settle()
    await starts.add(*"ghi")
    assert starts.running == ["g", "h"]


@pytest.mark.parametrize("how", ["cancel", "fail"])
async def test_the_place_comes_back_whatever_ends_the_block(how: str) -> None:
    starts = Starts(1)
    await starts.add("a", "b")
    if how == "cancel":
        await starts.cancel("a")
    else:
        await starts.end("a", ArithmeticError())
    assert starts.running == ["b"]
    await starts.end("b")
    await starts.add("c", "d")
    assert starts.running == ["c"]


async def test_an_exception_in_the_block_is_the_callers() -> None:
    queue = StartQueue(1)
    with pytest.raises(ArithmeticError, match="seven"):
        async with queue.turn("a"):
            raise ArithmeticError("seven")


async def test_the_same_one_may_come_again() -> None:
    starts = Starts(1)
    await starts.add("a")
    await starts.end("a")
    await starts.add("a")
    assert starts.running == ["a"]
