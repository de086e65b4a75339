"""`make doctor`: one report on everything that has to be right, to read or to paste. It changes nothing."""

import logging
import re
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from host import check, folders, servers, volumes
from host.engine import TIMED_OUT, Host
from host.servers import Server
from hub import configuration
from hub.errors import OperatorError
from hub.names import USER_LABEL
from hub.servers import rights, versions

GIB = 1024**3
# Below these the Engine soon cannot write; a build takes about two.
DISK_FAIL, DISK_WARN = 1 * GIB, 5 * GIB
# A line of its own: other programs say more with `--version`.
VERSION = re.compile(r"^\d+\.\d+\.\d+\S*$", re.MULTILINE)
# Commands that wait for input or end: not a server.
SHELLS = {"bash", "sh", "dash", "zsh", "python", "python3", "node", "R", "julia"}
SPAWN_CMD = "set DOCKER_SPAWN_CMD=jupyterhub-singleuser in .env"
# DOCKER_SPAWN_CMD is for all images.
PROFILES_CMD = 'build an image from it with CMD ["jupyterhub-singleuser"], for profiles.yaml: docs/images.md'
# The rights of a user's server.
PROBE = {"pids_limit": 256, "mem_limit": "1g"}
REACH = "import urllib.request as r; print(r.urlopen('{}', timeout=10).read().decode())"
NO_PROGRAM = "executable file not found"


class Finding(NamedTuple):
    """A line of the report: `ok`; `warn` for what works, and should not stay as it is; `FAIL`."""

    level: str
    what: str
    fix: str = ""

    def __str__(self) -> str:
        fix = f"\nFix: {self.fix}" if self.fix else ""
        return f"{self.level:<6}{self.what}{fix}".replace("\n", "\n      ")


def print_report(host: Host) -> None:
    """Print the report.

    Raises:
        SystemExit: 1 when something is FAIL.
    """
    findings = list(examine(host))
    title = f"{host.project}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    print(title, *findings, "", verdict([each.level for each in findings]), sep="\n")
    if any(each.level == "FAIL" for each in findings):
        raise SystemExit(1)


def verdict(levels: Sequence[str]) -> str:
    """The last line."""
    counts = [f"{levels.count(level)} {level}" for level in ("FAIL", "warn") if level in levels]
    return f"{' and '.join(counts)}: begin with the first one above." if counts else "Everything is as it should be."


def examine(host: Host) -> Iterator[Finding]:
    """Look at everything; what depends on settings is left out where they cannot be used."""
    engine, compose = host.client.version()["Version"], host.checkout.given("compose-version").decode().strip()
    yield Finding("ok", f"Docker Engine {engine}, Compose {compose}")
    of_settings = list(settings(host))
    yield from of_settings
    yield from services(host)
    yield disk(shutil.disk_usage("/").free)  # the container's root lies in the Engine's own directory
    if all(each.level != "FAIL" for each in of_settings):
        yield from kept(host)
        yield from prune(host)
        for image in host.notebook_images():
            yield from notebook_image(host, image)
        yield from of_users(host)
        yield from gpus(host)


def settings(host: Host) -> Iterator[Finding]:
    """What `make build` would say of settings and files, all of it."""
    warnings: list[str] = []
    problems: dict[str, str] = {}
    for look in (check.settings_and_files, files, check.pair, folders.check):
        try:
            warnings += look(host) or ()
        except OperatorError as error:
            problems[str(error)] = error.fix
    for what, fix in problems.items():
        yield Finding("FAIL", what, fix)
    for warning in warnings:
        what, _, fix = warning.partition(" Fix: ")
        yield Finding("warn", what, fix or "decide whether this is what you want: docs/settings.md")
    if not warnings and not problems:
        yield Finding("ok", "settings, userlist and the other files can be used")


def files(host: Host) -> None:
    """Read the files by themselves: where a setting is bad, they have not been looked at.

    Raises:
        FileError: one of them cannot be used.
    """
    known = configuration.without_settings(host.checkout.environment.get("JUPYTERHUB_ADMIN", ""), host.project)
    configuration.with_files(known, host.checkout.root)


def services(host: Host) -> Iterator[Finding]:
    """Each container of the deployment, beside what Compose says that it would do now."""
    # `docker compose config --hash` leaves out the env_files, so Compose itself has to say what it would replace.
    plan = host.checkout.given("plan").decode()
    if plan.endswith("FAILED\n"):
        yield Finding("FAIL", f"docker compose up -d would fail: {plan.splitlines()[-2]}", "make build")
    replaced = re.findall(r"Container (\S+)\s+Recreate\s*$", plan, re.MULTILINE)
    for name in host.checkout.compose["services"]:
        container = host.service(name)
        status = container.status if container else ""
        yield service(name, status, host.health(container), bool(container and container.name in replaced))


def service(name: str, status: str, health: str, replaced: bool) -> Finding:
    """A container of the deployment: it runs, is healthy, and is what `docker compose up -d` would start now."""
    if not status:
        return Finding("FAIL", f"{name}: there is no container", "make up")
    if status != "running":
        return Finding("FAIL", f"{name}: the container is {status}", "make up")
    if health not in ("", "healthy"):
        return Finding("FAIL", f"{name}: the container is {health}", f"read why: docker compose logs {name}")
    if replaced:
        return Finding("warn", f"{name} runs with an older image or older settings", "docker compose up -d")
    return Finding("ok", f"{name} runs{', healthy,' if health else ''} with the current image and settings")


def disk(free: int) -> Finding:
    """The space, in bytes, where the Engine keeps images, containers and volumes."""
    text = f"{free / GIB:.1f} GiB are free where the Engine keeps its data"
    if free >= DISK_WARN:
        return Finding("ok", text)
    return Finding("FAIL" if free < DISK_FAIL else "warn", text, "see what takes the space: docker system df")


def kept(host: Host) -> Iterator[Finding]:
    """What `make build` makes once."""
    for kind, _, name, there in host.kept():
        if there:
            yield Finding("ok", f"the {kind} {name} is there")
        else:
            yield Finding("FAIL", f"the {kind} {name} is missing", "make network volumes")


def prune(host: Host) -> Iterator[Finding]:
    """Users' volumes from before 2026-12, which `docker volume prune --all` deletes while their servers are stopped."""
    if count := len(volumes.pruned(host)):
        yield Finding(
            "warn",
            f"docker volume prune --all would delete volumes of stopped servers: {count}",
            'protect them once, as docs/operation.md shows under "docker volume prune"',
        )


def notebook_image(host: Host, image: str) -> Iterator[Finding]:
    """An image: it is there, its command is a server, its JupyterHub is the hub's, and it reaches the hub."""
    if not host.image_id(image):
        yield Finding("FAIL", f"the notebook image {image} is not on the Docker host", "make notebook_image")
        return
    config = host.client.images.get(image).attrs["Config"]
    spawn_cmd = host.found.hub.docker_spawn_cmd
    cure = SPAWN_CMD if image == host.found.hub.docker_notebook_image else PROFILES_CMD
    words = [*(config.get("Entrypoint") or []), *(spawn_cmd or config.get("Cmd") or [])]
    yield command(image, words, bool(spawn_cmd), cure)
    yield jupyterhub(host, image)
    if rights.starts_as_root(host.found.hub):
        yield becomes(host, image)
    yield reach(host, image)


def command(image: str, words: Sequence[str], chosen: bool, cure: str = SPAWN_CMD) -> Finding:
    """What starts the server: not a shell. `chosen`: by DOCKER_SPAWN_CMD; `cure`: how to choose another command."""
    if not words:
        return Finding("FAIL", f"{image} has no command that starts a server", cure)
    if not chosen and words[-1].rpartition("/")[2] in SHELLS:
        return Finding("FAIL", f"{image} starts {' '.join(words)}, which is not a server", cure)
    return Finding("ok", f"{image} starts {' '.join(words)}")


def jupyterhub(host: Host, image: str) -> Finding:
    """The JupyterHub in an image, by the same rule as at the start of a server."""
    tried = [host.run(image, ["--version"], entrypoint="jupyterhub-singleuser", **PROBE)]
    if tried[0].code:  # as the image's entrypoint runs it: an environment may have to be put on PATH first
        tried.append(host.run(image, ["jupyterhub-singleuser", "--version"], **PROBE))
    version = next((match[0] for each in tried if not each.code and (match := VERSION.search(each.out))), None)
    if version:
        mismatch = versions.compare(version, image)
        if mismatch is None:
            return Finding("ok", f"{image} has JupyterHub {version}; the hub has {versions.HUB_VERSION}")
        if mismatch.level < logging.WARNING:
            return Finding("ok", mismatch.message)
        return Finding("warn", mismatch.message, mismatch.fix)
    if all(each.code == TIMED_OUT for each in tried):
        by_hand = f"look at it by hand: docker run --rm -it {image} jupyterhub-singleuser --version"
        return Finding("warn", f"{image} did not say in time which JupyterHub it has", by_hand)
    missing = all(NO_PROGRAM in each.err for each in tried)
    reason = "it has no jupyterhub-singleuser on PATH" if missing else tried[0].last_words
    return Finding("FAIL", f"no JupyterHub was found in {image}: {reason}", versions.FIX)


def becomes(host: Host, image: str) -> Finding:
    """An image that starts as root, for NB_UID, NB_GID or GRANT_SUDO, has to become another user."""
    try:
        refuse_root(host, image)
    except OperatorError as error:
        return Finding("FAIL", str(error), error.fix)
    return Finding("ok", f"{image} starts as root and becomes another user")


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


def reach(host: Host, image: str) -> Finding:
    """Whether a server in the users' network would reach the hub: it has to before it answers."""
    unknown = f"whether {image} reaches the hub is not known: "
    if host.health(host.service("hub")) != "healthy":
        return Finding("warn", f"{unknown}the hub does not run", "start the hub first: make up")
    program = REACH.format(f"http://hub:8081{host.found.hub.jupyterhub_base_url}hub/api")
    network = host.found.hub.docker_network_name
    done = host.run(image, ["-c", program], entrypoint="python3", network_mode=network, **PROBE)
    if not done.code and '"version"' in done.out:
        return Finding("ok", f"a container of {image} reaches the hub")
    if NO_PROGRAM in done.err:
        return Finding("warn", f"{unknown}it has no python3 on PATH", "start a server and see")
    return Finding(
        "FAIL",
        f"a container of {image} does not reach the hub: {done.last_words}",
        "make up; if that does not help, check that no firewall blocks traffic between containers of one network",
    )


def of_users(host: Host) -> Iterator[Finding]:
    """What the hub knows of its users; without the hub, how many servers run."""
    try:
        known = host.hub_users()
    except OperatorError:
        yield Finding("ok", f"users' servers that run: {len({each.labels[USER_LABEL] for each in host.servers()})}")
        return
    if "administrators" in known:  # a hub of an older version does not say
        yield administrators(host, known["administrators"])
    yield running_servers(servers.running(host, known["origin"]))


def administrators(host: Host, able: Sequence[str]) -> Finding:
    """Whether an administrator can sign in: the names of those who are `able` to, as far as the hub knows."""
    settings = host.found.hub
    if able and host.found.sign_in.has_accounts:
        return Finding("ok", f"administrators who can sign in: {' '.join(able)}")
    if able:
        provider = settings.jupyterhub_authenticator
        return Finding("ok", f"administrators: {' '.join(able)} ({provider} decides whether they can sign in)")
    listed = next(member.name for member in host.found.members.values() if member.admin)
    fix = f"make password USER={listed}" if host.found.sign_in.has_accounts else "make restart"
    return Finding("FAIL", "no administrator can sign in", fix)


def running_servers(running: Sequence[Server]) -> Finding:
    """Servers that are older than their next start would make them."""
    if older := sorted({server.user for server in running if server.old}):
        return Finding(
            "warn",
            f"servers with an older image or older settings: {' '.join(older)}",
            "stop them when it suits their users: on the hub's Admin page, or each by Stop My Server",
        )
    return Finding("ok", f"users' servers that run: {len(running)}{', with the current image' if running else ''}")


def gpus(host: Host) -> Iterator[Finding]:
    """Whether the Engine starts a container with what GPUS or a profile asks for: it is tried."""
    for asked, refusal in check.gpus(host):
        if refusal:
            yield Finding("FAIL", refusal, check.GPU_CURE)
        else:
            yield Finding("ok", f"the Engine gives servers the GPUs {asked}")
