"""Lock a name after too many failed sign-ins."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

ATTEMPTS = 5
SECONDS = 600
# Names that do not exist are counted, too: else the lock would reveal which ones exist. The table has a limit, and the
# name that was tried longest ago is dropped first.
MAX_NAMES = 10_000
# Longer than any account's name (userlist.MAX_BYTES); visitors may send megabytes.
MAX_LENGTH = 129


@dataclass
class _Record:
    password_hash: bytes
    attempts: int
    since: float


class Lockout:
    """Counts attempts by name: after five, the name is locked for ten minutes.

    NativeAuthenticator counts after the check, so that it admits many attempts at once, and its lock needs two
    settings. Here an attempt counts from its start. A new password unlocks the name, because the count belongs to the
    name and its password: `make password` ends a lock.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def admit(self, name: str, password_hash: bytes) -> bool:
        """Count an attempt. Returns whether the name is not locked; a refused attempt does not extend the lock."""
        name = name[:MAX_LENGTH]
        now = self._clock()
        record = self._records.get(name)
        if record is None or record.password_hash != password_hash or now - record.since >= SECONDS:
            record = self._records[name] = _Record(password_hash, 0, now)
        if record.attempts >= ATTEMPTS:
            return False
        record.attempts += 1
        record.since = now
        self._records.move_to_end(name)
        while len(self._records) > MAX_NAMES:
            self._records.popitem(last=False)
        return True

    def succeeded(self, name: str) -> None:
        """Forget the failed attempts of a name: its password was correct."""
        self._records.pop(name[:MAX_LENGTH], None)
