"""How `make doctor` judges what it has seen; what it looks at is tested in tests/deployment/test_doctor.py."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import NotFound

from host import doctor
from host.doctor import GIB, Finding
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

type Look = Callable[[], Finding]
type Send = Callable[..., Host]


def service(*facts: Any) -> Look:
    return lambda: doctor.service("hub", *facts)


def command(*words: str, chosen: bool = False) -> Look:
    return lambda: doctor.command(IMAGE, words, chosen)


def host_with(*answers: Done) -> Any:
    """A Docker host where commands end like this, one after the other, and where the hub is healthy."""
    found = iter(answers)
    settings = SimpleNamespace(jupyterhub_base_url="/", docker_network_name="class-network", gpus="all")
    return SimpleNamespace(
        image="class-host",
        run=lambda *_, **__: next(found),
        service=str,
        health=lambda _: "healthy",
        found=SimpleNamespace(hub=settings, profiles=[]),
    )


def version(*answers: Done) -> Look:
    return lambda: doctor.jupyterhub(host_with(*answers), IMAGE)


def reach(answer: Done) -> Look:
    return lambda: doctor.reach(host_with(answer), IMAGE)


def gpu(answer: Done) -> Look:
    return lambda: next(doctor.gpus(host_with(answer)))


CASES: dict[str, tuple[Look, str, str]] = {
    "a healthy hub": (service("running", "healthy", False), "ok", "hub"),
    "no hub": (service("", "", False), "FAIL", "hub"),
    "a stopped hub": (service("exited", "unhealthy", False), "FAIL", "exited"),
    "a sick hub": (service("running", "unhealthy", False), "FAIL", "docker compose logs hub"),
    "an older hub": (service("running", "healthy", True), "warn", "docker compose up -d"),
    "a full disk": (lambda: doctor.disk(GIB // 2), "FAIL", "0.5 GiB"),
    "a disk that fills": (lambda: doctor.disk(4 * GIB), "warn", "4.0 GiB"),
    "an empty disk": (lambda: doctor.disk(20 * GIB), "ok", "20.0 GiB"),
    "a server": (command("tini", "start.py"), "ok", "tini start.py"),
    "a shell": (command("/bin/bash"), "FAIL", "DOCKER_SPAWN_CMD"),
    "no command": (command(), "FAIL", "DOCKER_SPAWN_CMD"),
    "a chosen command": (command("python", chosen=True), "ok", "python"),
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
    "a way to the hub": (reach(Done(0, '{"version": "6"}', "")), "ok", IMAGE),
    "no way to the hub": (reach(Done(1, "", "timed out")), "FAIL", "timed out"),
    "no way to look": (reach(NO_SUCH_PROGRAM), "warn", "python3"),
    "a GPU": (gpu(Done(0, "", "")), "ok", "all"),
    "no GPU": (gpu(NO_DRIVER), "FAIL", "could not select device driver"),
}


@pytest.mark.parametrize(("look", "kind", "named"), CASES.values(), ids=CASES.keys())
def test_each_thing_has_its_line(look: Look, kind: str, named: str) -> None:
    finding = look()
    assert finding.level == kind
    assert str(finding).startswith(f"{kind:<6}")
    assert named in str(finding)
    assert ("\n      Fix: " in str(finding)) is (kind != "ok")


def test_a_start_that_would_fail(send: Send) -> None:
    reason = "network class-network declared as external, but could not be found"
    plan = f" DRY-RUN MODE -  Container jupyterhub-proxy  Running\n{reason}\nFAILED\n"
    (finding,) = doctor.services(send({"compose.json": '{"services": {}}', "given/plan": plan}))
    assert finding == ("FAIL", f"docker compose up -d would fail: {reason}", "make build")


@pytest.mark.parametrize(("kind", "name"), [("network", "class-network"), ("volume", "class-data")])
def test_what_is_missing_is_named(kind: str, name: str, send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    def get(asked: str) -> None:
        if asked == name:
            raise NotFound(asked)

    there = SimpleNamespace(get=str)
    engine = {"networks": there, "volumes": there, f"{kind}s": SimpleNamespace(get=get)}
    monkeypatch.setattr(Host, "client", SimpleNamespace(**engine))
    findings = list(doctor.kept(send(DOCKER_NETWORK_NAME="class-network", DATA_VOLUME_HOST="class-data")))
    assert ("FAIL", f"the {kind} {name} is missing", "make network volumes") in findings
    assert sorted(each.level for each in findings) == ["FAIL", "ok"]


def test_a_warning_of_a_setting_is_a_line(send: Send) -> None:
    """The first one has no fix of its own."""
    files = {".env": "SHARED_PASSWORD=serenity\n"}
    _, first, second = doctor.settings(send(files, GRANT_SUDO="true", DOCKER_NOTEBOOK_IMAGE=IMAGE))
    assert str(first).startswith("warn  GRANT_SUDO")  # above it is the missing TLS pair
    assert "docs/settings.md" in first.fix
    assert str(second).startswith("warn  SHARED_PASSWORD")
    assert second.fix == "move the line to secrets/shared-password.env."


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
    finding = doctor.becomes(send(NB_UID="2000", DOCKER_NOTEBOOK_IMAGE=IMAGE), IMAGE)
    assert str(finding).startswith(line)


def test_without_a_hub_nothing_is_said_of_the_way_to_it(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Host, "service", lambda *_: None)
    finding = doctor.reach(send(), IMAGE)
    assert finding[:2] == ("warn", f"whether {IMAGE} reaches the hub is not known: the hub does not run")


def test_the_chosen_command_replaces_the_images_own(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    image = SimpleNamespace(id="sha256:new", attrs={"Config": {"Entrypoint": ["tini", "--"], "Cmd": ["bash"]}})
    monkeypatch.setattr(Host, "client", SimpleNamespace(images=SimpleNamespace(get=lambda _: image)))
    monkeypatch.setattr(Host, "run", lambda *_, **__: Done(0, HUB_VERSION, ""))
    monkeypatch.setattr(Host, "service", lambda *_: None)
    first, *_ = doctor.notebook_image(send(DOCKER_SPAWN_CMD="jupyterhub-singleuser --debug"), IMAGE)
    assert first == ("ok", f"{IMAGE} starts tini -- jupyterhub-singleuser --debug", "")


def test_a_profiles_image_is_not_cured_for_all(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    image = SimpleNamespace(id="sha256:new", attrs={"Config": {"Entrypoint": None, "Cmd": ["bash"]}})
    monkeypatch.setattr(Host, "client", SimpleNamespace(images=SimpleNamespace(get=lambda _: image)))
    monkeypatch.setattr(Host, "run", lambda *_, **__: Done(0, HUB_VERSION, ""))
    monkeypatch.setattr(Host, "service", lambda *_: None)
    host = send({"profiles.yaml": f"- name: Crew\n  image: {IMAGE}\n"}, DOCKER_NOTEBOOK_IMAGE="all-notebook")
    of_profile, of_all = (next(doctor.notebook_image(host, name)) for name in host.notebook_images()[::-1])
    assert "DOCKER_SPAWN_CMD" not in of_profile.fix
    assert "profiles.yaml" in of_profile.fix
    assert "DOCKER_SPAWN_CMD" in of_all.fix


@pytest.mark.parametrize(
    ("authenticator", "able", "line"),
    [
        ("native", ["mal", "zoe"], "ok    administrators who can sign in: mal zoe"),
        ("native", [], "FAIL  no administrator can sign in\n      Fix: make password USER=zoe"),
        ("shared-password", ["mal"], "ok    administrators: mal (shared-password decides whether"),
        ("shared-password", [], "FAIL  no administrator can sign in\n      Fix: make restart"),
    ],
)
def test_an_administrator_can_sign_in(send: Send, authenticator: str, able: list[str], line: str) -> None:
    given = {"SHARED_PASSWORD": "serenity", "SHARED_ADMIN_PASSWORD": "s" * 32} if authenticator != "native" else {}
    host = send(JUPYTERHUB_AUTHENTICATOR=authenticator, **given)
    assert str(doctor.administrators(host, able)).startswith(line)


def test_the_verdict_counts() -> None:
    assert doctor.verdict(["ok"]) == "Everything is as it should be."
    assert doctor.verdict(["ok", "FAIL", "warn"]).startswith("1 FAIL and 1 warn: ")
