"""How `make doctor` judges what it has seen; what it looks at is tested in tests/deployment/test_doctor.py."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from docker.errors import NotFound

from host import doctor
from host.doctor import GIB, Report
from host.engine import TIMED_OUT, Done, Host
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
type Send = Callable[..., Host]


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
    "another program": (version(Done(0, "sleep (GNU coreutils) 9.7\n", "")), "FAIL", "no JupyterHub"),
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


def test_a_start_that_would_fail(send: Send) -> None:
    report = Report()
    reason = "network class-network declared as external, but could not be found"
    plan = f" DRY-RUN MODE -  Container jupyterhub-proxy  Running\n{reason}\nFAILED\n"
    doctor.services(report, send({"compose.json": '{"services": {}}', "given/plan": plan}))
    assert report.lines == [f"FAIL  docker compose up -d would fail: {reason}", "      Fix: make build"]


@pytest.mark.parametrize(("kind", "name"), [("network", "class-network"), ("volume", "class-data")])
def test_what_is_missing_is_named(kind: str, name: str, send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    def get(asked: str) -> None:
        if asked == name:
            raise NotFound(asked)

    there = SimpleNamespace(get=str)
    engine = {"networks": there, "volumes": there, f"{kind}s": SimpleNamespace(get=get)}
    monkeypatch.setattr(Host, "client", SimpleNamespace(**engine))
    report = Report()
    doctor.made(report, send(DOCKER_NETWORK_NAME="class-network", DATA_VOLUME_HOST="class-data"))
    assert f"FAIL  the {kind} {name} is missing" in report.lines
    assert "      Fix: make network volumes" in report.lines
    assert (report.failed, len(report.lines)) == (1, 3)


def test_a_warning_of_a_setting_is_a_line(send: Send) -> None:
    """The first one has no fix of its own."""
    report = Report()
    files = {".env": "SHARED_PASSWORD=serenity\n"}
    doctor.settings(report, send(files, GRANT_SUDO="true", DOCKER_NOTEBOOK_IMAGE=IMAGE))
    first, fix, second, own_fix = report.lines[-4:]  # above them is the missing TLS pair
    assert first.startswith("warn  GRANT_SUDO")
    assert second.startswith("warn  SHARED_PASSWORD")
    assert "docs/settings.md" in fix
    assert own_fix == "      Fix: move the line to secrets/shared-password.env."
    assert report.warned == 2


@pytest.mark.parametrize(
    ("done", "line"),
    [
        (Done(0, "Running as root\n2000\n", ""), f"ok    {IMAGE} starts as root"),
        (Done(0, "0\n", ""), f"FAIL  the notebook image {IMAGE} starts as root"),
        (NO_SUCH_PROGRAM, f"FAIL  the notebook image {IMAGE} starts as root"),
    ],
)
def test_an_image_that_starts_as_root(done: Done, line: str, send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Host, "run", lambda *_, **__: done)
    report = Report()
    doctor.becomes(report, send(NB_UID="2000", DOCKER_NOTEBOOK_IMAGE=IMAGE), IMAGE)
    assert report.lines[0].startswith(line)


def test_without_a_hub_nothing_is_said_of_the_way_to_it(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Host, "service", lambda *_: None)
    report = Report()
    doctor.reach(report, send(), IMAGE)
    assert report.lines[0] == f"warn  whether {IMAGE} reaches the hub is not known: the hub does not run"
    assert (report.failed, report.warned) == (0, 1)


def test_the_chosen_command_replaces_the_images_own(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    image = SimpleNamespace(id="sha256:new", attrs={"Config": {"Entrypoint": ["tini", "--"], "Cmd": ["bash"]}})
    monkeypatch.setattr(Host, "client", SimpleNamespace(images=SimpleNamespace(get=lambda _: image)))
    monkeypatch.setattr(Host, "run", lambda *_, **__: Done(0, HUB_VERSION, ""))
    monkeypatch.setattr(Host, "service", lambda *_: None)
    report = Report()
    doctor.notebook_image(report, send(DOCKER_SPAWN_CMD="jupyterhub-singleuser --debug"), IMAGE)
    assert report.lines[0] == f"ok    {IMAGE} starts tini -- jupyterhub-singleuser --debug"


def test_the_verdict_counts() -> None:
    report = Report()
    report.ok("a")
    assert report.verdict == "Everything is as it should be."
    report.fail("b", "c")
    report.warn("d", "e")
    assert report.verdict.startswith("1 FAIL and 1 warn")
