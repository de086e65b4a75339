"""How `make doctor` judges what it has seen; what it looks at is tested in tests/deployment/test_doctor.py."""

from collections.abc import Callable

import pytest

from host import doctor
from host.doctor import GIB, Report
from host.engine import TIMED_OUT, Done
from hub.servers.versions import HUB_VERSION

IMAGE = "class-notebook"
NO_SUCH_PROGRAM = Done(
    127,
    "",
    "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: "
    'unable to start container process: exec: "jupyterhub-singleuser": executable file not found in $PATH: unknown',
)
NO_DRIVER = Done(125, "", 'could not select device driver "" with capabilities: [[gpu]]')
BROKEN = Done(1, "", "Traceback (most recent call last):\nImportError: no module\n")
MAJOR, MINOR, _ = HUB_VERSION.split(".")

type Look = Callable[[Report], None]


def service(*facts: object) -> Look:
    return lambda report: doctor.service(report, "hub", *facts)


def version(*answers: Done) -> Look:
    return lambda report: doctor.jupyterhub(report, IMAGE, answers)


CASES: dict[str, tuple[Look, str, str]] = {
    "a healthy hub": (service("running", "healthy", False), "ok", "hub"),
    "no hub": (service("", "", False), "FAIL", "hub"),
    "a stopped hub": (service("exited", "unhealthy", False), "FAIL", "exited"),
    "a sick hub": (service("running", "unhealthy", False), "FAIL", "docker compose logs hub"),
    "an older hub": (service("running", "healthy", True), "warn", "docker compose up -d"),
    "a full disk": (lambda report: doctor.disk(report, GIB // 2), "FAIL", "0.5 GiB"),
    "a disk that fills": (lambda report: doctor.disk(report, 4 * GIB), "warn", "4.0 GiB"),
    "an empty disk": (lambda report: doctor.disk(report, 20 * GIB), "ok", "20.0 GiB"),
    "a server": (lambda report: doctor.command(report, IMAGE, ["tini", "start.py"], False), "ok", "tini start.py"),
    "a shell": (lambda report: doctor.command(report, IMAGE, ["/bin/bash"], False), "FAIL", "DOCKER_SPAWN_CMD"),
    "no command": (lambda report: doctor.command(report, IMAGE, [], False), "FAIL", "DOCKER_SPAWN_CMD"),
    "a chosen command": (lambda report: doctor.command(report, IMAGE, ["python"], True), "ok", "python"),
    "the hub's version": (version(Done(0, HUB_VERSION, "")), "ok", HUB_VERSION),
    "another patch": (version(Done(0, f"{MAJOR}.{MINOR}.99", "")), "ok", f"{MAJOR}.{MINOR}.99"),
    "another minor": (version(Done(0, f"{MAJOR}.99.0", "")), "ok", f"{MAJOR}.99.0"),
    "another major": (version(Done(0, "99.0.0", "")), "warn", "99.0.0"),
    "a version among other lines": (version(Done(0, f"hello\n{HUB_VERSION}\n", "")), "ok", HUB_VERSION),
    "the second answer": (version(NO_SUCH_PROGRAM, Done(0, HUB_VERSION, "")), "ok", HUB_VERSION),
    "no JupyterHub": (version(NO_SUCH_PROGRAM, NO_SUCH_PROGRAM), "FAIL", "jupyterhub-singleuser"),
    "a broken JupyterHub": (version(BROKEN, BROKEN), "FAIL", "ImportError: no module"),
    "a slow JupyterHub": (version(Done(TIMED_OUT, "", ""), Done(TIMED_OUT, "", "")), "warn", "by hand"),
    "a way to the hub": (lambda report: doctor.reached(report, IMAGE, Done(0, '{"version": "6"}', "")), "ok", IMAGE),
    "no way to the hub": (lambda report: doctor.reached(report, IMAGE, Done(1, "", "timed out")), "FAIL", "timed out"),
    "no way to look": (lambda report: doctor.reached(report, IMAGE, NO_SUCH_PROGRAM), "warn", "python3"),
    "a GPU": (lambda report: doctor.given(report, "all", Done(0, "", "")), "ok", "all"),
    "no GPU": (lambda report: doctor.given(report, "device=0,2", NO_DRIVER), "FAIL", "device=0,2"),
}


@pytest.mark.parametrize(("look", "kind", "named"), CASES.values(), ids=CASES.keys())
def test_each_thing_has_its_line(look: Look, kind: str, named: str) -> None:
    report = Report()
    look(report)
    assert report.lines[0].startswith(kind)
    assert named in "\n".join(report.lines)
    assert (report.failed, report.warned) == (int(kind == "FAIL"), int(kind == "warn"))
    assert ("Fix: " in "\n".join(report.lines)) is (kind != "ok")


def test_the_verdict_counts() -> None:
    report = Report()
    report.ok("a")
    assert report.verdict == "Everything is as it should be."
    report.fail("b", "c")
    report.warn("d", "e")
    assert report.verdict.startswith("1 FAIL and 1 warn")
