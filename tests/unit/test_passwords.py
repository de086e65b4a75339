"""Passwords: which are good enough, and where the initial ones are kept."""

import re
import string
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from math import log2, prod
from pathlib import Path
from stat import S_IMODE

import bcrypt
import pytest

from hub.sign_in.native import passwords
from hub.sign_in.native.passwords import InitialPasswords

COMMON = files("nativeauthenticator").joinpath("common-credentials.txt").read_text().split()
GENERATED = re.compile(r"[a-z]{7}(-[a-z]{7}){3}")
TOO_SHORT, TOO_LONG, TOO_COMMON = "8 characters", "72 bytes", "common"


@pytest.fixture
def initial(tmp_path: Path) -> InitialPasswords:
    """Return a place for initial passwords whose directory is not there yet."""
    return InitialPasswords(tmp_path / "data" / "initial-passwords")


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", TOO_SHORT),
        ("serenit", TOO_SHORT),
        ("ëëëëëëë", TOO_SHORT),  # 7 characters, 14 bytes
        ("serenity9", None),
        ("ëëëëëëëë", None),
        ("mal reynolds", None),
        ("q" * 72, None),
        ("q" * 73, TOO_LONG),
        ("ë" * 36, None),  # 72 bytes
        ("ë" * 36 + "q", TOO_LONG),
        ("€" * 24, None),  # 72 bytes
        ("€" * 25, TOO_LONG),
        ("password", TOO_COMMON),
        ("Password", TOO_COMMON),
        ("PASSWORD", TOO_COMMON),
        ("12345678", TOO_COMMON),
    ],
)
def test_complaint(password: str, reason: str | None) -> None:
    complaint = passwords.complaint(password)
    assert reason in complaint if reason and complaint else complaint is reason


def test_every_common_password_is_refused() -> None:
    accepted = [password for password in COMMON if passwords.complaint(password) is None]
    assert accepted == []


@pytest.mark.parametrize("password", ["q" * 72, "ë" * 36, "serenity\0valley"])
def test_what_is_not_complained_about_can_be_used(password: str) -> None:
    assert passwords.complaint(password) is None
    hashed = passwords.hash_password(password)
    assert passwords.matches(password, hashed)
    assert not passwords.matches(password[:-1], hashed)


@pytest.mark.parametrize("password", ["q" * 73, "q" * 10_000, "q" * 71 + "ë"], ids=len)
def test_more_than_72_bytes_never_match(password: str) -> None:
    hashed = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4))
    assert not passwords.matches(password, hashed)


def test_the_hash_for_unknown_names_costs_what_any_other_costs(hashed: bytes) -> None:
    assert passwords.unmatched_hash() == passwords.unmatched_hash()
    assert passwords.unmatched_hash()[:7] == hashed[:7], "algorithm and cost"
    assert not passwords.matches("", passwords.unmatched_hash())


def test_generated_passwords_are_words_that_are_read_and_typed_easily() -> None:
    generated = {passwords.generate() for _ in range(1000)}
    assert len(generated) == 1000
    assert all(GENERATED.fullmatch(password) for password in generated)
    assert not any(part in password for password in generated for part in passwords.UNWANTED)
    assert [password for password in generated if passwords.complaint(password)] == []


def test_generated_passwords_are_as_strong_as_16_mixed_characters() -> None:
    letters = [(passwords.CONSONANTS, passwords.VOWELS)[place % 2] for place in range(passwords.WORD_LENGTH)]
    words = prod(map(len, letters))
    for part in passwords.UNWANTED:
        for first in range(passwords.WORD_LENGTH - len(part) + 1):
            own = letters[first : first + len(part)]
            if all(letter in each for letter, each in zip(part, own, strict=True)):
                words -= prod(map(len, letters)) // prod(map(len, own))
    assert passwords.WORDS * log2(words) >= 16 * log2(len(string.ascii_letters + string.digits) - len("0Oo1lI"))


def test_kept_until_forgotten(initial: InitialPasswords) -> None:
    assert initial.all() == {}
    initial.keep("wash", "first")
    initial.keep("zoe", "second")
    initial.keep("wash", "third")
    assert initial.all() == {"wash": "third", "zoe": "second"}
    initial.forget("wash")
    initial.forget("wash")
    initial.forget("nobody")
    assert initial.all() == {"zoe": "second"}


def test_nobody_else_can_read_them(initial: InitialPasswords) -> None:
    initial.keep("wash", "first")
    [file] = initial.directory.iterdir()
    assert S_IMODE(initial.directory.stat().st_mode) == 0o700
    assert S_IMODE(file.stat().st_mode) == 0o600
    initial.keep("wash", "second")
    assert S_IMODE(file.stat().st_mode) == 0o600


ODD_NAMES = [
    "wash@serenity.example",
    "hoban.washburne",
    "hoban+test@serenity.example",
    "$sys1",
    "zoë",
    "ë" * 32,  # 64 bytes, the most that a userlist may have
    "%2e%2e%2f",
    "a:b*c?",
    "-rf",
    ".hidden",
    "../wash",
    "wash.",
    "wash.partial",
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names(initial: InitialPasswords, name: str) -> None:
    initial.keep(name, "secret")
    assert initial.all() == {name: "secret"}
    assert [path.parent for path in initial.directory.parent.rglob("*") if path.is_file()] == [initial.directory]
    initial.forget(name)
    assert initial.all() == {}


@pytest.mark.parametrize(
    ("name", "other"), [("wash", "wash.partial"), ("wash.x", "wash.partial"), ("wash.x", "wash.y"), ("a/b", "a%2Fb")]
)
def test_names_do_not_get_in_each_others_way(initial: InitialPasswords, name: str, other: str) -> None:
    initial.keep(other, "theirs")
    initial.keep(name, "mine")
    assert initial.all() == {name: "mine", other: "theirs"}
    initial.forget(name)
    assert initial.all() == {other: "theirs"}


def test_what_a_crash_left_is_nobodys_password(initial: InitialPasswords) -> None:
    initial.keep("zoe", "second")
    with pytest.raises(UnicodeEncodeError):
        initial.keep("wash", "cannot be written: \ud800")
    assert len(list(initial.directory.iterdir())) == 2
    assert initial.all() == {"zoe": "second"}
    initial.keep("wash", "first")
    assert initial.all() == {"zoe": "second", "wash": "first"}


def at_once(*functions: Callable[[], object]) -> None:
    """Run functions 1500 times each, all at the same time; the first error is raised."""

    def repeat(function: Callable[[], object]) -> None:
        for _ in range(1500):
            function()

    with ThreadPoolExecutor(len(functions)) as threads:
        for future in [threads.submit(repeat, function) for function in functions]:
            future.result()


def test_the_hub_and_make_password_keep_at_the_same_time(initial: InitialPasswords) -> None:
    names = ["wash@serenity.example", "wash@serenity.org", "wash"]
    at_once(*(lambda name=name: initial.keep(name, name) for name in names))
    assert initial.all() == {name: name for name in names}


def test_listing_while_one_is_forgotten(initial: InitialPasswords) -> None:
    def come_and_go() -> None:
        initial.keep("wash", "first")
        initial.forget("wash")

    initial.keep("zoe", "second")
    at_once(come_and_go, initial.all)
    assert initial.all() == {"zoe": "second"}
