"""Waiting for something to become true, with a limit, instead of sleeping and hoping."""

import time
from collections.abc import Callable

POLL_SECONDS = 0.1


def wait_for[T](predicate: Callable[[], T], timeout: float, what: str) -> T:
    """Call `predicate` until it returns something true, and return that.

    An exception inside it counts as "not yet", because a service that is coming up refuses connections.
    After `timeout` seconds an AssertionError names `what` and the last thing seen.
    """
    end = time.monotonic() + timeout
    while True:
        seen: object
        try:
            value = predicate()
            if value:
                return value
            seen = value
        except Exception as error:  # whatever it is, it is reported below when time is up
            seen = error
        if time.monotonic() >= end:
            raise AssertionError(f"waited {timeout:g} s in vain for {what}; last seen: {seen!r}")
        time.sleep(POLL_SECONDS)
