"""The lock after failed sign-ins, with a clock of its own."""

import pytest

from hub.sign_in.native.lockout import ATTEMPTS, MAX_NAMES, SECONDS, Lockout

HASH = b"hash of the password"


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return the clock of `lockout`."""
    return Clock()


@pytest.fixture
def lockout(clock: Clock) -> Lockout:
    """Return a table in which nobody is."""
    return Lockout(clock)


def attempts(lockout: Lockout, count: int, name: str = "wash", password_hash: bytes = HASH) -> list[bool]:
    """Try to sign in `count` times; return which attempts were let through."""
    return [lockout.admit(name, password_hash) for _ in range(count)]


def test_five_attempts_and_no_sixth(lockout: Lockout) -> None:
    assert (ATTEMPTS, SECONDS) == (5, 600)
    assert attempts(lockout, 8) == [True] * 5 + [False] * 3


def test_attempts_at_the_same_time_count_from_their_start(lockout: Lockout) -> None:
    """None of the five has ended (nothing says that one failed), and yet a sixth is refused."""
    assert attempts(lockout, 6) == [True] * 5 + [False]
    lockout.succeeded("wash")
    assert attempts(lockout, 6) == [True] * 5 + [False]


def test_a_success_forgets_the_attempts_before(lockout: Lockout) -> None:
    for _ in range(3):
        assert attempts(lockout, 4) == [True] * 4
        lockout.succeeded("wash")


def test_success_of_somebody_without_attempts(lockout: Lockout) -> None:
    lockout.succeeded("nobody")
    assert attempts(lockout, 1, "nobody") == [True]


@pytest.mark.parametrize(("seconds", "free"), [(0, False), (1, False), (599.9, False), (600, True), (86_400, True)])
def test_the_lock_ends_after_ten_minutes(lockout: Lockout, clock: Clock, seconds: float, free: bool) -> None:
    attempts(lockout, 5)
    clock.now += seconds
    assert lockout.admit("wash", HASH) is free


def test_refused_attempts_do_not_make_the_lock_longer(lockout: Lockout, clock: Clock) -> None:
    attempts(lockout, 5)
    for _ in range(5):
        clock.now += 119
        assert not lockout.admit("wash", HASH)
    clock.now += 5
    assert lockout.admit("wash", HASH)


def test_after_the_lock_there_are_five_attempts_again(lockout: Lockout, clock: Clock) -> None:
    attempts(lockout, 5)
    clock.now += 600
    assert attempts(lockout, 6) == [True] * 5 + [False]


def test_the_lock_starts_at_the_last_attempt(lockout: Lockout, clock: Clock) -> None:
    for _ in range(5):
        assert lockout.admit("wash", HASH)
        clock.now += 100
    clock.now += 499
    assert not lockout.admit("wash", HASH)
    clock.now += 1
    assert lockout.admit("wash", HASH)


def test_slow_attempts_are_counted_too(lockout: Lockout, clock: Clock) -> None:
    for _ in range(5):
        assert lockout.admit("wash", HASH)
        clock.now += 599
    assert not lockout.admit("wash", HASH)


def test_names_are_locked_one_by_one(lockout: Lockout) -> None:
    attempts(lockout, 5, "wash")
    assert lockout.admit("zoe", HASH)


def test_a_new_password_unlocks(lockout: Lockout) -> None:
    attempts(lockout, 5)
    assert attempts(lockout, 6, password_hash=b"hash of the new one") == [True] * 5 + [False]


@pytest.mark.parametrize(("others", "remembered"), [(MAX_NAMES - 1, True), (MAX_NAMES, False)])
def test_the_table_has_an_end(lockout: Lockout, others: int, remembered: bool) -> None:
    attempts(lockout, 5, "wash")
    for number in range(others):
        lockout.admit(f"name{number}", HASH)
    assert lockout.admit("wash", HASH) is not remembered


def test_the_name_that_was_tried_longest_ago_goes_first(lockout: Lockout) -> None:
    attempts(lockout, 4, "wash")
    for number in range(MAX_NAMES - 1):
        lockout.admit(f"name{number}", HASH)
    assert lockout.admit("wash", HASH), "the fifth: wash was tried just now"
    lockout.admit("one more", HASH)
    assert not lockout.admit("wash", HASH)
