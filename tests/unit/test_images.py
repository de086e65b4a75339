"""Pulls: how far they are, and what ends them."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from hub.servers.images import Layers, Pulls


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
    """Gives up in the middle of a pull. The real one does so only after retries of more than a minute."""

    def __init__(self, message: str) -> None:
        self.message = message

    def pull(self, _: str, **options: bool) -> Iterable[Mapping[str, Any]]:
        """Answer as the Engine's client does."""
        assert options == {"stream": True, "decode": True}
        yield said("a", "Downloading", 50, 100)
        yield {"error": self.message, "errorDetail": {"message": self.message}}


async def test_what_the_engine_says_when_it_gives_up() -> None:
    message = "write /layer: no space left on device"
    pulls = Pulls()
    pull = pulls.join("crew/notebook", Engine(message))
    assert pulls.join("crew/notebook", Engine("another pull")) is pull
    async with asyncio.timeout(5):
        percents = [percent async for percent in pull.progress()]
    assert percents in ([0], [0, 25])
    assert (pull.over, pull.refusal) == (True, message)
    assert pulls.join("crew/notebook", Engine("another pull")) is not pull
