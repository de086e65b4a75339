"""The lines of the table: each made from what was measured at the plain hub and at ours."""

import statistics
from dataclasses import dataclass

from benchmarks.throughput import Throughput
from support.load import Counts

GUESSERS = 16


@dataclass(frozen=True)
class Figure:
    """One line of the table; `met` is None where there is no target."""

    what: str
    plain: str
    ours: str
    target: str = ""
    met: bool | None = None
    ratio: float | None = None

    def line(self) -> str:
        """The line in Markdown."""
        verdict = {True: f"{self.target}: met", False: f"{self.target}: **missed**", None: ""}[self.met]
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return f"| {self.what} | {self.plain} | {self.ours} | {ratio} | {verdict} |"


@dataclass(frozen=True)
class ClassStart:
    """What a class that starts at once has seen.

    Attributes:
        waits: seconds from each user's request to the first answer of the user's own server, sorted.
        failures: why each of the others got none.
        memory: MiB that an idle server takes, median of the class.
    """

    waits: list[float]
    failures: list[str]
    memory: float


def of_starts(plain: list[float], ours: list[float]) -> Figure:
    """Single starts, in seconds."""
    ratio = statistics.median(ours) / statistics.median(plain)
    theirs, own = [f"{statistics.median(s):.2f} s ({min(s):.2f} to {max(s):.2f})" for s in (plain, ours)]
    what = f"start of one server until it answers: median of {len(ours)} (range)"
    return Figure(what, theirs, own, "≤ 0.5", ratio <= 0.5, ratio)


def of_classes(plain: ClassStart, ours: ClassStart) -> Figure:
    """Many starts at once."""
    ratio = statistics.mean(ours.waits) / statistics.mean(plain.waits)
    theirs, own = [f"{statistics.mean(c.waits):.1f} s ({c.waits[-1]:.1f} s), {len(c.failures)}" for c in (plain, ours)]
    what = f"{len(ours.waits) + len(ours.failures)} servers at once: mean wait (longest), failed starts"
    return Figure(what, theirs, own, "≤ 0.6", ratio <= 0.6 and not ours.failures, ratio)


def of_health(plain: tuple[list[float], int], ours: tuple[list[float], int]) -> Figure:
    """The hub's answers, in ms, while passwords are guessed."""
    theirs, own = [
        f"{_percentile(ms, 50):.0f} ms, {_percentile(ms, 95):.0f} ms ({guesses})" for ms, guesses in (plain, ours)
    ]
    what = f"the hub's answer while {GUESSERS} guess passwords: p50, p95 (guesses)"
    return Figure(what, theirs, own, "p95 < 100 ms", _percentile(ours[0], 95) < 100)


def of_restarts(plain: Counts, ours: Counts) -> Figure:
    """Requests to a running server while its hub restarts."""
    theirs, own = [f"{counts.failed} of {counts.sent}" for counts in (plain, ours)]
    return Figure("hub restarted: failed requests to a running server", theirs, own, "0", ours.failed == 0)


def of_renewal(requests: Counts, executions: Counts) -> Figure:
    """Requests, and executions over one websocket, while the certificate changes."""
    cell = f"{executions.disconnects}, {requests.failed} of {requests.sent}"
    what = "certificate renewed: dropped connections of a kernel, failed requests to its server"
    return Figure(what, "needs a restart", cell, "0", not (executions.disconnects or requests.failed))


def of_throughput(plain: tuple[Throughput, Throughput], ours: tuple[Throughput, Throughput]) -> Figure:
    """Requests through the proxy and directly; the ratio is how much of the direct rate is left, ours to plain."""
    shares = [through.per_second / direct.per_second for through, direct in (plain, ours)]
    theirs, own = [
        f"{through}; directly {direct} ({share:.2f})"
        for (through, direct), share in zip((plain, ours), shares, strict=True)
    ]
    what = "a server's answers through the proxy: rate, p50, p99; the same without it (share of the rate that is left)"
    return Figure(what, theirs, own, ratio=shares[1] / shares[0])


def of_ups(plain: float, ours: float) -> Figure:
    """First start of the hub, in seconds."""
    what = "first `docker compose up -d` until the login page, images built"
    return Figure(what, f"{plain:.1f} s", f"{ours:.1f} s", "< 10 s", ours < 10)


def of_sizes(plain: float, ours: float) -> Figure:
    """Images, in MB."""
    return Figure("images of hub and proxy", f"{plain:.0f} MB", f"{ours:.0f} MB", "< 600 MB", ours < 600, ours / plain)


def of_memory(plain: ClassStart, ours: ClassStart) -> Figure:
    """Memory of idle servers, in MiB."""
    theirs, own = [f"{start.memory:.0f} MiB" for start in (plain, ours)]
    return Figure("memory of an idle server", theirs, own, ratio=ours.memory / plain.memory)


def table(figures: list[Figure]) -> str:
    """Return the figures as a Markdown table."""
    head = ["| | plain JupyterHub | this deployment | ratio | target |", "|---|---|---|---|---|"]
    return "\n".join([*head, *(figure.line() for figure in figures)]) + "\n"


def _percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
