"""Guessing passwords: a name is locked, the answers tell nothing about names, and the hub goes on answering."""

import secrets
import statistics
import time
from collections import Counter
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from support.deployment import Deployment
from support.load import Load
from support.people import Visitor, users

WRONG = "Invalid username or password"
LOCKED = "Too many failed attempts. This name is locked for 10 minutes."
AT_ONCE = 16
TRIES = 8
BOUND_SECONDS = 0.5  # generous: the benchmark has the exact figure


def random_name() -> str:
    return f"guessed{secrets.token_hex(6)}"


@pytest.fixture
def bobs_password(deployment: Deployment) -> Generator[str]:
    """The password of bob, whose name is not locked: not before the test, and not after it."""
    yield deployment.new_password("bob")
    deployment.new_password("bob")


@pytest.fixture
def known_names(deployment: Deployment) -> Generator[list[str]]:
    """The names of users with accounts, one for each try."""
    names = [random_name() for _ in range(TRIES)]
    token = deployment.token()
    created = deployment.api("POST", "/users", token=token, json={"usernames": names})
    assert created.status_code == 201, created.text
    yield names
    for name in names:
        deployment.api("DELETE", f"/users/{name}", token=token)


class Guesser(Load):
    """Guesses the passwords of names that do not exist, each once, so that none is locked."""

    def __init__(self, url: str) -> None:
        """Prepare a load on the login form at `url`."""
        super().__init__(interval=0, max_seconds=120)
        self.visitor = Visitor(url)
        self.xsrf = self.visitor.xsrf("/hub/login")

    def request(self) -> None:
        """Make one guess."""
        assert self.visitor.sign_in(random_name(), "a guess", self.xsrf) == WRONG


def guess_at_once(deployment: Deployment, name: str) -> Counter[str]:
    """The answers to as many wrong guesses, sent at the same time by as many visitors."""
    visitors = [Visitor(deployment.url) for _ in range(AT_ONCE)]
    tokens = [visitor.xsrf("/hub/login") for visitor in visitors]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        attempts = [
            pool.submit(visitor.sign_in, name, f"guess {number}", xsrf)
            for visitor, xsrf, number in zip(visitors, tokens, count())
        ]
        return Counter(attempt.result() for attempt in attempts)


def test_five_failures_lock_a_name_even_for_the_right_password(deployment: Deployment, bobs_password: str) -> None:
    visitor = Visitor(deployment.url)
    assert [visitor.sign_in("bob", "a guess") for _ in range(5)] == [WRONG] * 5
    # In any case, and again: an attempt that is refused does not unlock.
    assert [visitor.sign_in(name, bobs_password) for name in ("bob", "BOB", "bob")] == [LOCKED] * 3
    assert visitor.sign_in("bob", deployment.new_password("bob")) == ""


def test_a_success_forgets_the_failures(deployment: Deployment, bobs_password: str) -> None:
    for _ in range(2):
        visitor = Visitor(deployment.url)
        assert [visitor.sign_in("bob", "a guess") for _ in range(4)] == [WRONG] * 4
        assert visitor.sign_in("bob", bobs_password) == ""


def test_guesses_at_once_lock_a_name(deployment: Deployment, bobs_password: str) -> None:
    assert guess_at_once(deployment, "bob") == {WRONG: 5, LOCKED: AT_ONCE - 5}
    assert Visitor(deployment.url).sign_in("bob", bobs_password) == LOCKED


def test_a_name_that_does_not_exist_is_locked_like_one_that_does(deployment: Deployment) -> None:
    name = random_name()
    visitor = Visitor(deployment.url)
    assert [visitor.sign_in(name, "a guess") for _ in range(6)] == [WRONG] * 5 + [LOCKED]
    assert guess_at_once(deployment, random_name()) == {WRONG: 5, LOCKED: AT_ONCE - 5}


def test_the_old_password_is_counted_where_it_is_changed(deployment: Deployment, bobs_password: str) -> None:
    visitor = Visitor(deployment.url)
    assert visitor.sign_in("bob", bobs_password) == ""
    new = {"new_password": "a fairly good one", "new_password_confirmation": "a fairly good one"}
    for _ in range(5):
        visitor.post("/hub/change-password", new | {"old_password": "a guess"})
    assert "is changed" not in visitor.post("/hub/change-password", new | {"old_password": bobs_password}).text
    assert Visitor(deployment.url).sign_in("bob", bobs_password) == LOCKED


@pytest.mark.alone
def test_the_time_of_an_answer_does_not_tell_whether_a_name_exists(
    deployment: Deployment, known_names: list[str]
) -> None:
    visitor = Visitor(deployment.url)
    xsrf = visitor.xsrf("/hub/login")

    def seconds(name: str) -> float:
        started = time.perf_counter()
        assert visitor.sign_in(name, "a guess", xsrf) == WRONG
        return time.perf_counter() - started

    # In turn, so that whatever else the machine does slows both down.
    pairs = [(seconds(known), seconds(random_name())) for known in known_names]
    known, unknown = (statistics.median(times) for times in zip(*pairs, strict=True))
    assert 0.5 < unknown / known < 2, f"{unknown:.3f} s without an account, {known:.3f} s with one"


@pytest.mark.alone
def test_the_hub_answers_while_passwords_are_guessed(deployment: Deployment) -> None:
    names_before = set(users(deployment))
    visitor = Visitor(deployment.url)
    seconds = []
    guessers = [Guesser(deployment.url) for _ in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(Guesser.__enter__, guessers))
        try:
            done = sum(guesser.counts.sent for guesser in guessers)
            while sum(guesser.counts.sent for guesser in guessers) < done + AT_ONCE:
                started = time.perf_counter()
                assert visitor.get("/hub/login").status_code == 200
                seconds.append(time.perf_counter() - started)
        finally:
            list(pool.map(lambda guesser: guesser.__exit__(), guessers))
    assert sum((guesser.counts.errors for guesser in guessers), Counter()) == {}
    assert statistics.quantiles(seconds, n=20)[-1] < BOUND_SECONDS, f"95 % of {len(seconds)} answers"
    assert set(users(deployment)) == names_before
