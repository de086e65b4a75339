"""Names of hosts that nobody but the tests' container knows, as a DNS of one's own would give them."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

HOSTS = Path("/etc/hosts")


@contextmanager
def resolving(names: Iterable[str], address: str = "127.0.0.1") -> Generator[None]:
    """Within it, the names lead to an address, for programs and for the browser."""
    before = HOSTS.read_text()
    HOSTS.write_text(f"{before.rstrip()}\n{address} {' '.join(names)}\n")
    try:
        yield
    finally:
        HOSTS.write_text(before)
