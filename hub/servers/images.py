"""Pulling images that are not on the Docker host: one pull for each image, however many users wait for it."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from typing import Any

from docker import APIClient
from docker.errors import APIError

from hub.servers.events import Change

DOWNLOADED = ("Verifying Checksum", "Download complete")
# What the Engine says of a layer that it has to fetch; other messages have an `id`, too, such as the image's tag.
EXPECTED = ("Pulling fs layer", "Waiting", "Downloading", *DOWNLOADED, "Extracting", "Pull complete")


class Pull:
    """One pull, which goes on when a user stops waiting for it.

    Over it is when the image is here, or when `refusal` says in the Engine's words why it is not.
    """

    def __init__(self, image: str, engine: APIClient) -> None:
        """Begin the pull; there has to be a running event loop."""
        self.percent = 0
        self.over = False
        self.refusal = ""
        self._change = Change()
        self._loop = asyncio.get_running_loop()
        # A thread of its own: those for the Engine's other calls are few, and a pull takes minutes. A daemon, so that
        # the hub can end meanwhile.
        Thread(target=self._run, args=(image, engine), name=f"pull {image}", daemon=True).start()

    async def progress(self) -> AsyncIterator[int]:
        """Yield how many per cent are done, at each change, until it is over."""
        seen = -1
        while not self.over:
            if seen == self.percent:
                await self._change.wait()
            else:
                seen = self.percent
                yield seen

    def _run(self, image: str, engine: APIClient) -> None:
        refusal = ""
        try:
            self._watch(engine.pull(image, stream=True, decode=True))
        except Exception as error:  # whatever it is, each user who waits gets the reason
            refusal = engines_words(error)
        self._call(self._end, refusal)

    def _watch(self, messages: Iterable[Mapping[str, Any]]) -> None:
        layers, percent = Layers(), 0
        for message in messages:
            if error := message.get("error"):
                raise PullError(error)
            if (now := layers.take(message)) != percent:
                percent = now
                self._call(self._move, percent)

    def _call(self, method: Any, *args: Any) -> None:
        with suppress(RuntimeError):  # the hub ends, and its event loop is closed
            self._loop.call_soon_threadsafe(method, *args)

    def _move(self, percent: int) -> None:
        self.percent = percent
        self._change.happened()

    def _end(self, refusal: str) -> None:
        self.refusal = refusal
        self.over = True
        self._change.happened()


class Pulls:
    """The pulls that are under way."""

    def __init__(self) -> None:
        self._pulls: dict[str, Pull] = {}

    def join(self, image: str, engine: APIClient) -> Pull:
        """The pull of an image that is under way, or a new one."""
        pull = self._pulls.get(image)
        if pull is None or pull.over:
            pull = self._pulls[image] = Pull(image, engine)
        return pull


class PullError(Exception):
    """The Engine began with a pull and gave up."""


@dataclass
class Layer:
    """A layer to fetch: its compressed size, and how much of it is downloaded and then extracted."""

    size: int = 0
    moved: int = 0
    complete: bool = False


class Layers:
    """How far a pull is, by what the Engine says of each layer: half of the way is the download, half the extraction.

    The Engine reports a layer's size only when it begins with it, three at a time. Until then it counts as one of
    average size; what turns out larger halts the per cent, but never moves it back.
    """

    def __init__(self) -> None:
        self._layers: dict[str, Layer] = {}
        self._percent = 0

    def take(self, message: Mapping[str, Any]) -> int:
        """Take a message of the Engine's into account and return the per cent that are done, at most 99."""
        status = message.get("status", "")
        if status in EXPECTED:
            self._update(self._layers.setdefault(message["id"], Layer()), status, message.get("progressDetail") or {})
            self._percent = max(self._percent, min(99, self._estimate()))
        return self._percent

    def _update(self, layer: Layer, status: str, detail: Mapping[str, Any]) -> None:
        layer.size = max(layer.size, detail.get("total") or 0)
        if status == "Downloading":
            layer.moved = detail.get("current") or 0
        elif status in DOWNLOADED:
            layer.moved = layer.size
        elif status == "Extracting":
            layer.moved = layer.size + (detail.get("current") or 0)
        elif status == "Pull complete":
            layer.moved = 2 * layer.size
            layer.complete = True

    def _estimate(self) -> int:
        sizes = [layer.size for layer in self._layers.values() if layer.size]
        if not sizes:
            return 0
        unknown = sum(1 for layer in self._layers.values() if not layer.size and not layer.complete)
        total = 2 * sum(sizes) * (len(sizes) + unknown) / len(sizes)
        return int(100 * sum(layer.moved for layer in self._layers.values()) / total)


def engines_words(error: Exception) -> str:
    """What the Engine says is wrong, without the client's words around it."""
    words = error.explanation if isinstance(error, APIError) else None
    return str(words or error).strip()
