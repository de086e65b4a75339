"""Steady load beside a test, counted, to see whether something running is disturbed.

    with HttpLoad(url, token) as load:
        deployment.docker("restart", "jhtest")
        load.wait_for(load.counts.sent + 20)
    assert load.counts.failed == 0, load.counts

Every load ends by itself, at the latest after `max_count` requests or `max_seconds`.
"""

import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self

import requests
from websocket import WebSocketException

from support.kernel import Kernel
from support.waiting import wait_for

REQUEST_SECONDS = 10


@dataclass
class Counts:
    """What a load has seen; `errors` counts each kind of failure by its text."""

    sent: int = 0
    failed: int = 0
    disconnects: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    slowest_seconds: float = 0.0


class Load(ABC):
    """One request after the other from a thread of its own, `interval` seconds apart. A context manager.

    Entering returns after the first request has been answered; leaving waits for the one under way.
    """

    def __init__(self, *, interval: float = 0.1, max_count: int = 5000, max_seconds: float = 600) -> None:
        """Prepare a load; it starts on entering."""
        self.interval = interval
        self.max_count = max_count
        self.max_seconds = max_seconds
        self.counts = Counts()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.wait_for(1)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def wait_for(self, sent: int, timeout: float = 60) -> None:
        """Return once `sent` requests in all have been made, answered or not."""
        wait_for(lambda: self.counts.sent >= sent, timeout, f"{sent} requests under load")

    @abstractmethod
    def request(self) -> None:
        """Make one request; an exception is a failure."""

    def _run(self) -> None:
        end = time.monotonic() + self.max_seconds
        while not self._stop.is_set() and self.counts.sent < self.max_count and time.monotonic() < end:
            self._request_counted()
            self._stop.wait(self.interval)

    def _request_counted(self) -> None:
        started = time.monotonic()
        try:
            self.request()
        except Exception as error:  # every kind of failure is what is counted here
            self.counts.failed += 1
            self.counts.errors[f"{type(error).__name__}: {error}"] += 1
        self.counts.slowest_seconds = max(self.counts.slowest_seconds, time.monotonic() - started)
        self.counts.sent += 1


class HttpLoad(Load):
    """GET one address again and again, over a new connection each time; a status of 400 or more is a failure."""

    def __init__(self, url: str, token: str = "", **limits: Any) -> None:
        """Prepare a load on `url`, authorized with `token` if it is not empty."""
        super().__init__(**limits)
        self.url = url
        self.headers = {"Authorization": f"token {token}"} if token else {}

    def request(self) -> None:
        """GET the address once."""
        response = requests.get(self.url, headers=self.headers, verify=False, timeout=REQUEST_SECONDS)
        response.raise_for_status()


class KernelLoad(Load):
    """Execute code again and again over the one websocket of a kernel, which nothing else may use meanwhile.

    A dropped websocket counts as a failure and a disconnect, and is opened anew; so does each attempt that fails.
    """

    def __init__(self, kernel: Kernel, **limits: Any) -> None:
        """Prepare a load on a kernel."""
        super().__init__(**limits)
        self.kernel = kernel

    def request(self) -> None:
        """Have the kernel compute something, and check the answer."""
        number = self.counts.sent
        try:
            text = self.kernel.execute(f"{number} + 1", timeout=REQUEST_SECONDS).text
        except (WebSocketException, ConnectionError):
            self.counts.disconnects += 1
            self.kernel.reconnect()
            raise
        if text != str(number + 1):
            raise AssertionError(f"the kernel answered {text!r}")
