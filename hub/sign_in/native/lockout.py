"""Lock a name after too many failed sign-ins."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

ATTEMPTS = 5
SECONDS = 600
# Names that do not exist are counted, too, or the lock would tell them apart. So the table has an end: the name that
# was tried longest ago goes first.
MAX_NAMES = 10_000
# No account's name is longer (userlist.MAX_BYTES), but what visitors type may have megabytes.
MAX_LENGTH = 129


@dataclass
class _Record:
    password_hash: bytes
    attempts: int
    since: float


class Lockout:
    """Counts attempts per name: five, then none for ten minutes.

    NativeAuthenticator counts after the check, so that many attempts at once are all let through, and forgets the
    lock at once unless two settings are made. Here an attempt counts from its start. A new password unlocks, because
    the count belongs to the name and its password: `make password` is the way out.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def admit(self, name: str, password_hash: bytes) -> bool:
        """Count an attempt. Returns whether it may go on; a refused one does not make the lock longer."""
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
        """Forget the failed attempts of a name whose password was right."""
        self._records.pop(name[:MAX_LENGTH], None)
