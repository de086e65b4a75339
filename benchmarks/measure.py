"""How this deployment compares with a plain JupyterHub on the same machine; `benchmarks/run` runs it.

Prints the table, and writes it with the plots into the directory TEST_RESULTS.
"""

import argparse
import multiprocessing
import os
import re
import statistics
import sys
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import requests
import urllib3

from benchmarks import figures
from benchmarks.figures import ClassStart, Figure
from benchmarks.guessing import guess_for
from benchmarks.hubs import POLL_SECONDS, Hub, built_hubs, login_page
from benchmarks.plot import strip_plot
from benchmarks.renewal import renew_under_load
from benchmarks.throughput import through_and_direct
from support import docker as docker_client
from support.deployment import REPOSITORY, Deployment
from support.load import Counts, HttpLoad
from support.waiting import wait_for

PAGE = REPOSITORY / "benchmarks" / "README.md"
START_MARK, END_MARK = "<!-- results -->\n", "<!-- end of results -->\n"
HEALTH_INTERVAL = 0.05  # seconds
SETTLE_SECONDS = 15
UP_SECONDS = 180
MIB = 2**20
UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    starts: int
    class_size: int
    guessing_seconds: float
    requests: int
    throughput_seconds: int


WHOLE = Size(starts=12, class_size=30, guessing_seconds=15, requests=400, throughput_seconds=15)
QUICK = Size(starts=2, class_size=4, guessing_seconds=3, requests=100, throughput_seconds=3)


def time_up(deployment: Deployment) -> float:
    """Return the seconds from `docker compose up -d` to the first 200 of the login page; images are built."""
    begin = time.perf_counter()
    deployment.compose("up", "-d")
    while not login_page(deployment.url):
        assert time.perf_counter() - begin < UP_SECONDS, f"no login page after {UP_SECONDS} s"
        time.sleep(POLL_SECONDS)
    return time.perf_counter() - begin


def image_megabytes(deployment: Deployment) -> float:
    """Return the size of all images of the deployment's services, in MB, a base that they share counted for each."""
    images = deployment.compose("config", "--images").stdout.split()
    sizes = docker_client.docker("image", "inspect", "--format", "{{.Size}}", *images).stdout.split()
    return sum(map(int, sizes)) / 1e6


def time_starts(hubs: list[Hub], count: int) -> list[list[float]]:
    """Start one server at a time, the hubs in turn, after one of each that does not count. Returns seconds by hub."""
    samples: list[list[float]] = [[] for _ in hubs]
    for number in range(count + 1):
        for hub, seconds in zip(hubs, samples, strict=True):
            user = hub.users[0]
            start = hub.start_server(user)
            hub.stop_servers([user])
            if number:
                seconds.append(start)
    return samples


def start_class(hub: Hub) -> ClassStart:
    """Start the servers of all users at once, let them settle, and stop them."""
    failures = []
    waits = []
    with ThreadPoolExecutor(len(hub.users)) as pool:
        for start in [pool.submit(hub.start_server, user) for user in hub.users]:
            if error := start.exception():
                failures.append(str(error))
                _say(f"A start failed: {error}")
            else:
                waits.append(start.result())
    time.sleep(SETTLE_SECONDS)
    memory = statistics.median(memory_mebibytes(hub))
    hub.stop_servers(hub.users)
    return ClassStart(sorted(waits), failures, memory)


def memory_mebibytes(hub: Hub) -> list[float]:
    """Return the memory of each running server's cgroup in MiB, without the file cache."""
    stats = docker_client.docker("stats", "--no-stream", "--format", "{{.MemUsage}}", *hub.containers()).stdout
    return [float(number) * UNITS[unit] / MIB for number, unit in re.findall(r"^([\d.]+)(\w+) /", stats, re.MULTILINE)]


def health_under_guessing(hub: Hub, seconds: float) -> tuple[list[float], int]:
    """Ask for /hub/health again and again while figures.GUESSERS clients guess passwords.

    Returns:
        The answers' milliseconds, sorted, and the number of guesses.
    """
    url = f"{hub.url}/hub/health"
    milliseconds: list[float] = []
    # Another process: in this one, the guessers would delay the clock.
    context = multiprocessing.get_context("spawn")
    with (
        context.Manager() as manager,
        ProcessPoolExecutor(1, mp_context=context) as pool,
        requests.Session() as session,
    ):
        begun = manager.Event()
        guessing: Future[int] = pool.submit(guess_for, hub.url, hub.users, figures.GUESSERS, seconds, begun)
        # What was answered before the guessing began would flatter the figure.
        assert begun.wait(UP_SECONDS), "the guesses did not begin"
        while not guessing.done():
            begin = time.perf_counter()
            session.get(url, verify=False, timeout=60).raise_for_status()
            milliseconds.append((time.perf_counter() - begin) * 1000)
            time.sleep(HEALTH_INTERVAL)
        return sorted(milliseconds), guessing.result()


def restart_under_load(hub: Hub, count: int) -> Counts:
    """`docker restart` the hub under requests to a running server, each over a new connection.

    There are at least `count` of them; they begin before the restart and end after the hub is back.
    """
    hub.start_server(hub.users[0])
    with HttpLoad(hub.status_url(hub.users[0]), hub.token, interval=HEALTH_INTERVAL) as load:
        load.wait_for(count // 10)
        docker_client.docker("restart", hub.deployment.project)
        wait_for(lambda: login_page(hub.url), UP_SECONDS, "the hub after its restart")
        load.wait_for(max(count, load.counts.sent + count // 10), timeout=180)
    return load.counts


def measure(size: Size) -> tuple[list[Figure], dict[str, str]]:
    """Measure everything. Returns the figures, and the plots as SVG by file name."""
    _say("Building both")
    with built_hubs() as deployments:
        _say("Starting both")
        ups = [time_up(deployment) for deployment in deployments]
        sizes = [image_megabytes(deployment) for deployment in deployments]
        hubs = [Hub(deployment, size.class_size) for deployment in deployments]
        _say("One server at a time")
        starts = time_starts(hubs, size.starts)
        _say("A class at once")
        classes = [start_class(hub) for hub in hubs]
        _say("Guessing passwords")
        health = [health_under_guessing(hub, size.guessing_seconds) for hub in hubs]
        _say("Restarting the hub")
        restarts = [restart_under_load(hub, size.requests) for hub in hubs]
        for hub in hubs:
            hub.stop_servers(hub.users[:1])
        _say("Renewing the certificate")
        renewal_counts = renew_under_load(hubs[1], size.requests)
        hubs[1].stop_servers(hubs[1].users[:1])
        _say("Many requests")
        throughputs = [through_and_direct(hub, size.throughput_seconds) for hub in hubs]
    lines = [
        figures.of_starts(*starts),
        figures.of_classes(*classes),
        figures.of_health(*health),
        figures.of_restarts(*restarts),
        figures.of_renewal(*renewal_counts),
        figures.of_throughput(*throughputs),
        figures.of_ups(*ups),
        figures.of_sizes(*sizes),
        figures.of_memory(*classes),
    ]
    plots = {
        "start.svg": strip_plot("One server at a time", _rows(*starts), statistics.median),
        "class.svg": strip_plot(
            f"{size.class_size} servers at once", _rows(*(start.waits for start in classes)), statistics.mean
        ),
    }
    return lines, plots


def page(text: str, table: str) -> str:
    """Return the README's `text` with the table between its marks."""
    head, rest = text.split(START_MARK)
    return f"{head}{START_MARK}{table}{END_MARK}{rest.split(END_MARK)[1]}"


def main() -> int:
    """Measure, print and write. Returns 1 when a target was missed."""
    parser = argparse.ArgumentParser(prog="benchmarks/run", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few of each, to try it out; README.md stays as it is")
    quick = parser.parse_args().quick
    urllib3.disable_warnings()
    lines, plots = measure(QUICK if quick else WHOLE)
    table = figures.table(lines)
    print(table, end="")
    if not quick:
        engine = docker_client.docker("version", "--format", "{{.Server.Version}}").stdout.strip()
        machine = f"\n{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Docker Engine {engine}.\n"
        results = Path(os.environ["TEST_RESULTS"])
        (results / PAGE.name).write_text(page(PAGE.read_text(), table + machine))
        for name, svg in plots.items():
            (results / name).write_text(svg)
    return 1 if any(figure.met is False for figure in lines) else 0


def _rows(plain: list[float], ours: list[float]) -> dict[str, list[float]]:
    return {"plain": plain, "this deployment": ours}


def _say(text: str) -> None:
    print(f"==> {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
