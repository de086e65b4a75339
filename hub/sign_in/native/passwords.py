"""Passwords: which ones are good enough, how they are hashed, and where the initial ones are kept."""

import functools
import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote, unquote

import bcrypt

MIN_LENGTH = 8
# bcrypt looks at no more than 72 bytes, and bcrypt 5 raises an error for more.
MAX_BYTES = 72
# What a user reads before choosing one; `complaint` says which rule was broken.
RULES = f"At least {MIN_LENGTH} characters, and not one of the most common passwords."
# Words that can be read aloud and typed from paper: consonant, vowel, consonant and so on. Without l, which looks like
# 1 and I, and without q, x and y. No two consonants stand side by side, where "rn" would look like "m".
CONSONANTS, VOWELS = "bcdfghjkmnprstvwz", "aeiou"
WORDS, WORD_LENGTH = 4, 7
# What should not stand on the slip of a twelve-year-old.
UNWANTED = (
    *("nazi", "nig", "fic", "fik", "fuc", "fuk", "pis", "penis"),
    *("puta", "kak", "cac", "tit", "rape", "homo", "jude"),
)

# The prefix of a fast hash, by its cost: see `hash_generated`.
FAST_COST = 4
_FAST = b"$2b$%02d$" % FAST_COST

# A check takes about 0.2 s of a core. It runs in threads (bcrypt releases the GIL), so that the hub goes on answering;
# and on half of the cores, because 16 concurrent attempts must not take those that users' servers need.
workers = ThreadPoolExecutor(max_workers=max(1, (os.cpu_count() or 2) // 2), thread_name_prefix="bcrypt")


@functools.cache
def _common() -> frozenset[str]:
    text = files("nativeauthenticator").joinpath("common-credentials.txt").read_text(encoding="utf-8")
    return frozenset(text.lower().split())


def complaint(password: str) -> str | None:
    """A sentence that says why `password` is refused, or None where it is good enough."""
    if len(password) < MIN_LENGTH:
        return f"The password needs at least {MIN_LENGTH} characters."
    if len(password.encode()) > MAX_BYTES:
        return f"The password has more than {MAX_BYTES} bytes, which is the maximum."
    if password.lower() in _common():
        return "This password is one of the most common ones. Choose another one."
    return None


def generate() -> str:
    """A random password of four words of seven letters, such as `bakutem-sofipar-demizun-tugokes`: 93 bits.

    Each word is one of 10,232,064, so that it is as strong as 16 mixed letters and digits, but needs no shift key.
    """
    return "-".join(_word() for _ in range(WORDS))


def _word() -> str:
    while True:
        word = "".join(secrets.choice((CONSONANTS, VOWELS)[place % 2]) for place in range(WORD_LENGTH))
        if not any(part in word for part in UNWANTED):
            return word


def hash_password(password: str) -> bytes:
    """The bcrypt hash of a password that is good enough. Takes 0.2 s: call it in `workers`."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt())


def hash_generated(password: str) -> bytes:
    """The bcrypt hash of a password of `generate`. Takes 1 ms, so that a list of 1,000 names takes a second.

    A slow hash protects passwords that are chosen from few. Among 2**93 random ones, nothing is found by trying: not
    even at 1 ms each, and this one stands in a file beside the database until its user changes it.
    """
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(FAST_COST))


@functools.cache
def unmatched_hash() -> bytes:
    """A hash that no password matches: names that do not exist take the same time as others."""
    return hash_password(secrets.token_urlsafe(32))


def matches(password: str, hashed: bytes) -> bool:
    """Whether `password` is the one of `hashed`, in the same time for any input. Takes 0.2 s: call it in `workers`."""
    encoded = password.encode()
    right = bcrypt.checkpw(encoded[:MAX_BYTES], hashed)
    if hashed.startswith(_FAST):  # the time must not show which users still have their initial password
        bcrypt.checkpw(encoded[:MAX_BYTES], unmatched_hash())
    return right and len(encoded) <= MAX_BYTES


class InitialPasswords:
    """The initial passwords that are still in use: one file (mode 0600) per user in a directory of the data volume.

    One file each, because the hub and `make password` may write at the same time.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def _file(self, name: str) -> Path:
        return self.directory / quote(name, safe="")

    def generate(self, name: str) -> bytes:
        """Keep a new random password of `name`, in place of an older one. Returns its hash."""
        password = generate()
        self.keep(name, password)
        return hash_generated(password)

    def keep(self, name: str, password: str) -> None:
        """Keep the password of `name` until `forget`."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = self.directory / f"{quote(name, safe='')}%.partial"
        partial.unlink(missing_ok=True)
        partial.touch(mode=0o600, exist_ok=False)
        partial.write_text(password)
        partial.rename(self._file(name))

    def forget(self, name: str) -> None:
        """Delete the initial password of `name`: the user has changed it."""
        self._file(name).unlink(missing_ok=True)

    def all(self) -> dict[str, str]:
        """Every name whose initial password is still in use, with the password."""
        found = {}
        for path in self.directory.glob("*"):
            if not path.name.endswith("%.partial"):
                with suppress(FileNotFoundError):  # deleted meanwhile
                    found[unquote(path.name)] = path.read_text()
        return found
