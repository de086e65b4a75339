"""People who guess passwords on the login page, in a process of their own: see `guess_for`."""

import itertools
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import requests
import urllib3

REQUEST_SECONDS = 60


def guess_for(url: str, users: list[str], clients: int, seconds: float, begun: Event) -> int:
    """Guess passwords: every other guess is for one of `users`, the rest for unknown names.

    Args:
        url: the hub's public address.
        users: names that exist.
        clients: how many guess at once, each as fast as it is answered.
        seconds: how long.
        begun: is set at the first answer to a guess.

    Returns:
        The number of guesses, all of them wrong.
    """
    urllib3.disable_warnings()
    end = time.monotonic() + seconds
    with ThreadPoolExecutor(clients) as pool:
        return sum(pool.map(lambda _: _guess_until(end, url, users, begun), range(clients)))


def _guess_until(end: float, url: str, users: list[str], begun: Event) -> int:
    session = requests.Session()
    session.verify = False
    session.get(f"{url}/hub/login", timeout=REQUEST_SECONDS)
    for count in itertools.count():
        if time.monotonic() >= end:
            return count
        name = users[count // 2 % len(users)] if count % 2 else f"nobody{uuid.uuid4().hex}"
        form = {"username": name, "password": "a wrong one", "_xsrf": session.cookies["_xsrf"]}
        response = session.post(f"{url}/hub/login", data=form, timeout=REQUEST_SECONDS)
        # What the form answers; a guess that was not looked at would be no guess.
        assert "login_error" in response.text, f"{response.status_code}: {response.text}"
        if count == 0:
            begun.set()
    raise AssertionError("unreachable")
