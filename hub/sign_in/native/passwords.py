"""Passwords: which ones are good enough, how they are hashed, and where the initial ones are kept."""

from __future__ import annotations

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

# A check takes about 0.2 s of a core. In threads (bcrypt releases the GIL) the hub goes on answering meanwhile, and
# half of the cores are enough: 16 people guessing at once must not take those that everybody's servers need.
workers = ThreadPoolExecutor(max_workers=max(1, (os.cpu_count() or 2) // 2), thread_name_prefix="bcrypt")


@functools.cache
def _common() -> frozenset[str]:
    text = files("nativeauthenticator").joinpath("common-credentials.txt").read_text(encoding="utf-8")
    return frozenset(text.lower().split())


def complaint(password: str) -> str | None:
    """Say in a sentence why `password` is not good enough, or None where it is."""
    if len(password) < MIN_LENGTH:
        return f"The password needs at least {MIN_LENGTH} characters."
    if len(password.encode()) > MAX_BYTES:
        return f"The password has more than {MAX_BYTES} bytes, the most that can be used."
    if password.lower() in _common():
        return "This password is one of the most common ones: choose another."
    return None


def generate() -> str:
    """A random password of 16 letters and digits without look-alikes (0/O, 1/l/I): 93 bits."""
    alphabet = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return "".join(secrets.choice(alphabet) for _ in range(16))


def hash_password(password: str) -> bytes:
    """The bcrypt hash of a password that `complaint` has nothing against. Takes 0.2 s: call it in `workers`."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt())


@functools.cache
def nobodys_hash() -> bytes:
    """A hash that no password matches, to spend the same time on a name that does not exist as on one that does."""
    return hash_password(secrets.token_urlsafe(32))


def matches(password: str, hashed: bytes) -> bool:
    """Whether `password` is the one of `hashed`, in the same time for any input. Takes 0.2 s: call it in `workers`."""
    encoded = password.encode()
    right = bcrypt.checkpw(encoded[:MAX_BYTES], hashed)
    return right and len(encoded) <= MAX_BYTES


class InitialPasswords:
    """The initial passwords nobody has changed yet: one file (mode 0600) a user in a directory of the data volume.

    One file each, because the hub and `make password` write at the same time.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def _file(self, name: str) -> Path:
        return self.directory / quote(name, safe="")

    def keep(self, name: str, password: str) -> None:
        """Keep the password of `name` until `forget`."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = self.directory / f"{quote(name, safe='')}%.partial"
        partial.unlink(missing_ok=True)
        partial.touch(mode=0o600, exist_ok=False)
        partial.write_text(password)
        partial.rename(self._file(name))

    def forget(self, name: str) -> None:
        """The person has a password of their own now."""
        self._file(name).unlink(missing_ok=True)

    def all(self) -> dict[str, str]:
        """Every name whose initial password is still in use, with the password."""
        if not self.directory.is_dir():
            return {}
        kept = (path for path in self.directory.iterdir() if not path.name.endswith("%.partial"))
        found = {}
        for path in kept:
            with suppress(FileNotFoundError):  # forgotten just now
                found[unquote(path.name)] = path.read_text()
        return found
