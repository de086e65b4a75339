"""Pulls: how far they are, and that one serves everybody who waits."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from threading import Event
from typing import Any

import pytest

from hub.images import Layers, Pulls


def said(layer: str, status: str, current: int = 0, total: int = 0) -> dict[str, Any]:
    """What the Engine tells of a layer."""
    detail = {"current": current, "total": total} if total else {}
    return {"id": layer, "status": status, "progressDetail": detail}


def percents(*messages: Mapping[str, Any]) -> list[int]:
    layers = Layers()
    return [layers.take(message) for message in messages]


def test_a_layer_is_downloaded_and_then_extracted() -> None:
    assert percents(
        said("latest", "Pulling from crew/notebook"),
        said("a", "Pulling fs layer"),
        said("a", "Downloading", 10, 100),
        said("a", "Downloading", 60, 100),
        said("a", "Verifying Checksum"),
        said("a", "Download complete"),
        said("a", "Extracting", 40, 100),
        said("a", "Extracting", 100, 100),
        said("a", "Pull complete"),
        {"status": "Digest: sha256:0"},
    ) == [0, 0, 5, 30, 50, 50, 70, 99, 99, 99]


def test_a_layer_of_unknown_size_counts_as_an_average_one() -> None:
    assert percents(
        said("a", "Pulling fs layer"),
        said("b", "Waiting"),
        said("a", "Downloading", 100, 100),
        said("b", "Downloading", 0, 100),
        said("b", "Downloading", 100, 100),
    ) == [0, 0, 25, 25, 50]


def test_the_percent_halts_where_a_layer_is_larger_than_thought() -> None:
    assert percents(
        said("a", "Pulling fs layer"),
        said("b", "Pulling fs layer"),
        said("a", "Pull complete"),
        said("b", "Downloading", 10, 1000),
        said("b", "Download complete"),
        said("c", "Downloading", 0, 100_000),
    ) == [0, 0, 0, 0, 50, 50]


def test_layers_that_are_here_already_do_not_count() -> None:
    assert percents(
        said("a", "Already exists"),
        said("b", "Pulling fs layer"),
        said("b", "Downloading", 50, 100),
    ) == [0, 0, 25]


class Engine:
    """Answers one pull after the other; each waits for `go` where a message is None."""

    def __init__(self, *messages: dict[str, Any] | None) -> None:
        self.messages = messages
        self.go = Event()
        self.asked: list[str] = []

    def pull(self, repository: str, *, stream: bool, decode: bool) -> Iterable[Mapping[str, Any]]:
        """Answer as the Engine's client does."""
        assert stream
        assert decode
        self.asked.append(repository)
        return self._answer()

    def _answer(self) -> Iterator[Mapping[str, Any]]:
        for message in self.messages:
            if message is None:
                assert self.go.wait(5)
            else:
                yield message


async def test_one_pull_for_all_and_it_outlives_those_who_wait() -> None:
    engine = Engine(said("a", "Downloading", 50, 100), None, said("a", "Pull complete"))
    pulls = Pulls()
    seen: list[list[int]] = [[], []]

    async def wait(seen: list[int]) -> None:
        async for percent in pulls.join("crew/notebook", engine).progress():
            seen.append(percent)

    waiting = [asyncio.create_task(wait(mine)) for mine in seen]
    async with asyncio.timeout(5):
        while not all(mine and mine[-1] == 25 for mine in seen):
            await asyncio.sleep(0.01)
        for task in waiting:
            task.cancel()
        again = asyncio.create_task(wait(seen[0]))
        await asyncio.sleep(0)
        engine.go.set()
        await again
    assert seen[0][-1] in (25, 99)
    assert engine.asked == ["crew/notebook"]
    pull = pulls.join("crew/notebook", engine)
    assert engine.asked == ["crew/notebook"] * 2, "the next one is a new pull"
    assert not pull.over


@pytest.mark.parametrize("message", ["manifest unknown", "write /layer: no space left on device"])
async def test_what_the_engine_says_when_it_gives_up(message: str) -> None:
    engine = Engine(said("a", "Downloading", 50, 100), {"error": message, "errorDetail": {"message": message}})
    pull = Pulls().join("crew/notebook", engine)
    async with asyncio.timeout(5):
        _ = [percent async for percent in pull.progress()]
    assert (pull.over, pull.refusal) == (True, message)
