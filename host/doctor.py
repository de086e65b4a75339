"""`make doctor`: one report on everything that has to be right, to read or to paste. It changes nothing."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from docker.errors import NotFound

from host import check, folders, servers
from host.engine import TIMED_OUT, Done, Host
from hub import configuration
from hub.errors import OperatorError
from hub.names import USER_LABEL
from hub.profiles import profiles
from hub.servers import rights, versions
from hub.settings.gpus import device_requests

GIB = 1024**3
# Below these the Engine soon cannot write; a build takes about two.
DISK_FAIL, DISK_WARN = 1 * GIB, 5 * GIB
# A line of its own: other programs say more with `--version`.
VERSION = re.compile(r"^\d+\.\d+\.\d+\S*$", re.MULTILINE)
# Commands that wait for input or end: not a server.
SHELLS = {"bash", "sh", "dash", "zsh", "python", "python3", "node", "R", "julia"}
SPAWN_CMD = "set DOCKER_SPAWN_CMD=jupyterhub-singleuser in .env"
# The rights of a user's server.
PROBE = {"pids_limit": 256, "mem_limit": "1g"}
REACH = "import urllib.request as r; print(r.urlopen('{}', timeout=10).read().decode())"


@dataclass
class Report:
    """The lines of the report, in their order, and how many of them are bad."""

    lines: list[str] = field(default_factory=list)
    failed: int = 0
    warned: int = 0

    def ok(self, what: str) -> None:
        """Add what is as it should be."""
        self.lines.append(f"ok    {what}")

    def warn(self, what: str, fix: str) -> None:
        """Add what works, and should not stay as it is."""
        self.warned += 1
        self.lines += [f"warn  {what}", f"      Fix: {fix}"]

    def fail(self, what: str, fix: str) -> None:
        """Add what does not work."""
        self.failed += 1
        self.lines += ["FAIL  " + what.replace("\n", "\n      "), f"      Fix: {fix}"]

    @property
    def verdict(self) -> str:
        """The last line."""
        if not self.failed and not self.warned:
            return "Everything is as it should be."
        counts = [f"{number} {name}" for number, name in ((self.failed, "FAIL"), (self.warned, "warn")) if number]
        return f"{' and '.join(counts)}: begin with the first one above."


def examine(host: Host) -> Report:
    """Look at everything; what depends on settings is left out where they cannot be used."""
    report = Report()
    engine, compose = host.client.version()["Version"], host.checkout.given("compose-version").decode().strip()
    report.ok(f"Docker Engine {engine}, Compose {compose}")
    usable = settings(report, host)
    services(report, host)
    disk(report, shutil.disk_usage("/").free)  # the container's root lies in the Engine's own directory
    if usable:
        made(report, host)
        for image in host.notebook_images():
            notebook_image(report, host, image)
        running_servers(report, host)
        gpus(report, host)
    return report


def print_report(host: Host) -> None:
    """Print the report.

    Raises:
        SystemExit: 1 when something is FAIL.
    """
    report = examine(host)
    print(f"{host.project}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC", *report.lines, "", report.verdict, sep="\n")
    if report.failed:
        raise SystemExit(1)


def settings(report: Report, host: Host) -> bool:
    """What `make build` would say of settings and files, all of it; returns whether they can be used."""
    warnings: list[str] = []
    problems: dict[str, str] = {}
    for look in (check.settings_and_files, files, check.pair, folders.check):
        try:
            warnings += look(host) or ()
        except OperatorError as error:
            problems[str(error)] = error.fix
    for what, fix in problems.items():
        report.fail(what, fix)
    for warning in warnings:
        what, _, fix = warning.partition(" Fix: ")
        report.warn(what, fix or "decide whether this is what you want: docs/settings.md")
    if not warnings and not problems:
        report.ok("settings, userlist and the other files can be used")
    return not problems


def files(host: Host) -> None:
    """Read the files by themselves: where a setting is bad, they have not been looked at.

    Raises:
        FileError: one of them cannot be used.
    """
    known = configuration.without_settings(host.checkout.environment.get("JUPYTERHUB_ADMIN", ""), host.project)
    configuration.with_files(known, host.checkout.root)


def services(report: Report, host: Host) -> None:
    """Each container of the deployment, beside what Compose says that it would do now."""
    # `docker compose config --hash` leaves out the env_files, so Compose itself has to say what it would replace.
    plan = host.checkout.given("plan").decode()
    if plan.endswith("FAILED\n"):
        report.fail(f"docker compose up -d would fail: {plan.splitlines()[-2]}", "make build")
    replaced = re.findall(r"Container (\S+)\s+Recreate\s*$", plan, re.MULTILINE)
    for name in host.checkout.compose["services"]:
        container = host.service(name)
        status = container.status if container else ""
        service(report, name, status, host.health(container), bool(container and container.name in replaced))


def service(report: Report, name: str, status: str, health: str, replaced: bool) -> None:
    """A container of the deployment: it runs, is healthy, and is what `docker compose up -d` would start now."""
    if not status:
        report.fail(f"{name}: there is no container", "make up")
    elif status != "running":
        report.fail(f"{name}: the container is {status}", "make up")
    elif health not in ("", "healthy"):
        report.fail(f"{name}: the container is {health}", f"read why: docker compose logs {name}")
    elif replaced:
        report.warn(f"{name} runs with an older image or older settings", "docker compose up -d")
    else:
        report.ok(f"{name} runs{', healthy,' if health else ''} with the current image and settings")


def disk(report: Report, free: int) -> None:
    """The space, in bytes, where the Engine keeps images, containers and volumes."""
    text = f"{free / GIB:.1f} GiB are free where the Engine keeps its data"
    say: Callable[[str, str], None] = report.fail if free < DISK_FAIL else report.warn
    if free < DISK_WARN:
        say(text, "see what takes the space: docker system df")
    else:
        report.ok(text)


def made(report: Report, host: Host) -> None:
    """What `make build` makes once."""
    network, volume = host.found.hub.docker_network_name, host.found.host.data_volume_host
    for what, get in (
        (f"network {network}", lambda: host.client.networks.get(network)),
        (f"volume {volume}", lambda: host.client.volumes.get(volume)),
    ):
        try:
            get()
        except NotFound:
            report.fail(f"the {what} is missing", "make network volumes")
        else:
            report.ok(f"the {what} is there")


def notebook_image(report: Report, host: Host, image: str) -> None:
    """An image: it is there, its command is a server, its JupyterHub is the hub's, and it reaches the hub."""
    if not host.image_id(image):
        report.fail(f"the notebook image {image} is not on the Docker host", "make notebook_image")
        return
    config = host.client.images.get(image).attrs["Config"]
    spawn_cmd = host.found.hub.docker_spawn_cmd
    command(
        report, image, [*(config.get("Entrypoint") or []), *(spawn_cmd or config.get("Cmd") or [])], bool(spawn_cmd)
    )
    jupyterhub(report, image, _versions(host, image))
    if rights.starts_as_root(host.found.hub):
        becomes(report, host, image)
    reach(report, host, image)


def command(report: Report, image: str, words: Sequence[str], chosen: bool) -> None:
    """What starts the server: not a shell. `chosen`: by DOCKER_SPAWN_CMD."""
    if not words:
        report.fail(f"{image} has no command that starts a server", SPAWN_CMD)
    elif not chosen and words[-1].rpartition("/")[2] in SHELLS:
        report.fail(f"{image} starts {' '.join(words)}, which is not a server", SPAWN_CMD)
    else:
        report.ok(f"{image} starts {' '.join(words)}")


def _versions(host: Host, image: str) -> Iterator[Done]:
    """Ask by itself, then as its own entrypoint runs it: an environment may have to be put on PATH first."""
    done = host.run(image, ["--version"], entrypoint="jupyterhub-singleuser", **PROBE)
    yield done
    if done.code:
        yield host.run(image, ["jupyterhub-singleuser", "--version"], **PROBE)


def jupyterhub(report: Report, image: str, answers: Iterable[Done]) -> None:
    """The JupyterHub in an image, by the same rule as at the start of a server."""
    tried = list(answers)
    version = next((match[0] for each in tried if not each.code and (match := VERSION.search(each.out))), None)
    if version:
        mismatch = versions.compare(version, image)
        if mismatch is None:
            report.ok(f"{image} has JupyterHub {version}; the hub has {versions.HUB_VERSION}")
        elif mismatch.level < logging.WARNING:
            report.ok(mismatch.message)
        else:
            report.warn(mismatch.message, mismatch.fix)
    elif all(each.code == TIMED_OUT for each in tried):
        report.warn(
            f"{image} did not say in time which JupyterHub it has",
            f"look at it by hand: docker run --rm -it {image} jupyterhub-singleuser --version",
        )
    else:
        missing = all("executable file not found" in each.err for each in tried)
        reason = "it has no jupyterhub-singleuser on PATH" if missing else tried[0].last_words
        report.fail(f"no JupyterHub was found in {image}: {reason}", versions.FIX)


def becomes(report: Report, host: Host, image: str) -> None:
    """An image that starts as root, for NB_UID, NB_GID or GRANT_SUDO, has to become another user."""
    try:
        refuse_root(host, image)
    except OperatorError as error:
        report.fail(str(error), error.fix)
    else:
        report.ok(f"{image} starts as root and becomes another user")


def refuse_root(host: Host, image: str) -> None:
    """See that an image does not stay root.

    Raises:
        OperatorError: it does.
    """
    environment = rights.environment(host.found.hub)
    options = {"user": "root", "environment": environment, "init": True, "cap_drop": [], "security_opt": []}
    done = host.run(image, ["id", "-u"], **options)
    if done.code or done.out.split()[-1:] == ["0"]:
        raise OperatorError(
            f"the notebook image {image} starts as root because of NB_UID, NB_GID or GRANT_SUDO and never drops root",
            "leave these settings empty, or use an image whose start script switches the user: docs/images.md",
        )


def reach(report: Report, host: Host, image: str) -> None:
    """Whether a server in the users' network would reach the hub: it has to before it answers."""
    if host.health(host.service("hub")) != "healthy":
        report.warn(
            f"whether {image} reaches the hub is not known: the hub does not run", "start the hub first: make up"
        )
        return
    address = f"http://hub:8081{host.found.hub.jupyterhub_base_url}hub/api"
    network = host.found.hub.docker_network_name
    reached(
        report,
        image,
        host.run(image, ["-c", REACH.format(address)], entrypoint="python3", network_mode=network, **PROBE),
    )


def reached(report: Report, image: str, done: Done) -> None:
    """What came of the attempt to reach the hub from a container."""
    if not done.code and '"version"' in done.out:
        report.ok(f"a container of {image} reaches the hub")
    elif "executable file not found" in done.err:
        report.warn(
            f"whether {image} reaches the hub is not known: it has no python3 on PATH", "start a server and see"
        )
    else:
        report.fail(
            f"a container of {image} does not reach the hub: {done.last_words}",
            "make up; if that does not help, check that no firewall blocks traffic between containers of one network",
        )


def running_servers(report: Report, host: Host) -> None:
    """Servers that are older than their next start would make them."""
    try:
        running = servers.running(host, host.hub_users()["origin"])
    except OperatorError:
        report.ok(f"users' servers that run: {len({each.labels[USER_LABEL] for each in host.servers()})}")
        return
    if older := sorted({server.user for server in running if server.old}):
        report.warn(
            f"servers with an older image or older settings: {' '.join(older)}",
            "stop them when it suits their users: on the hub's Admin page, or each by Stop My Server",
        )
    else:
        report.ok(f"users' servers that run: {len(running)}{', with the current image' if running else ''}")


def gpus(report: Report, host: Host) -> None:
    """Whether the Engine starts a container with what GPUS or a profile asks for: it is tried."""
    for asked in profiles.gpus(host.found.profiles, host.found.hub.gpus):
        given(report, asked, host.run(host.image, ["true"], entrypoint="", device_requests=device_requests(asked)))


def given(report: Report, asked: str, done: Done) -> None:
    """What came of the attempt to start a container with GPUs."""
    if done.code:
        report.fail(
            f"the Engine cannot give a server the GPUs {asked}: {done.last_words}",
            "install NVIDIA's container toolkit on the Docker host, then: "
            "nvidia-ctk runtime configure --runtime=docker && systemctl restart docker",
        )
    else:
        report.ok(f"the Engine gives servers the GPUs {asked}")
