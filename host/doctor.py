"""What `make doctor` says: scripts/doctor asks the questions on the Docker host, here the answers are judged.

Usage:
    python -m hub.doctor report PROJECT < answers
    python -m hub.doctor disk
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from jupyterhub import __version__

HUB_VERSION: str = __version__
MIN_ENGINE = (25,)
MIN_COMPOSE = (2, 24)
GIB = 1024**3
# Below these the Engine soon cannot write; a build takes about two.
DISK_FAIL, DISK_WARN = 1 * GIB, 5 * GIB
TIMED_OUT = 124
# A line of its own: other programs say more with `--version`.
VERSION = re.compile(r"^\d+\.\d+\.\d+\S*$", re.MULTILINE)
# What `make build` checks, and how it is called.
CHECKED = {
    "settings": "the settings",
    "userlist": "the userlist",
    "profiles": "profiles.yaml",
    "folders": "folders.yaml",
}
# Commands that wait for input or end: no server.
SHELLS = {"bash", "sh", "dash", "zsh", "python", "python3", "node", "R", "julia"}
DERIVE = "make an image of it that has: examples/custom-notebook/README.md"


@dataclass(frozen=True)
class Answer:
    """What a command on the Docker host has said."""

    code: int
    out: str
    err: str

    @property
    def last_words(self) -> str:
        """The last line of its errors, but for the hint that Docker's client adds."""
        lines = [line for line in self.err.splitlines() if line.strip() and not line.startswith("Run 'docker")]
        return (lines or ["no reason was given"])[-1]

    @property
    def no_such_program(self) -> bool:
        """Whether the image has no program of that name."""
        return "executable file not found" in self.err


@dataclass
class Report:
    """The lines of the report, in their order, and how many of them are bad."""

    lines: list[str] = field(default_factory=list)
    failed: int = 0
    warned: int = 0

    def ok(self, what: str) -> None:
        """Something is as it should be."""
        self.lines.append(f"ok    {what}")

    def warn(self, what: str, cure: str) -> None:
        """Something works, and should not stay as it is."""
        self.warned += 1
        self.lines += [f"warn  {what}", f"      To mend it: {cure}"]

    def fail(self, what: str, cure: str) -> None:
        """Something does not work."""
        self.failed += 1
        self.lines += [f"FAIL  {what}", f"      To mend it: {cure}"]

    @property
    def verdict(self) -> str:
        """The last line."""
        if not self.failed and not self.warned:
            return "Everything is as it should be."
        counts = [f"{number} {name}" for number, name in ((self.failed, "FAIL"), (self.warned, "warn")) if number]
        return f"{' and '.join(counts)}: begin with the first one above."


type Answers = dict[str, list[Answer]]


def parse(lines: Iterable[str]) -> Answers:
    """Read what scripts/doctor writes: name, exit code, output and errors, the latter two in base64."""
    found: Answers = {}
    for line in lines:
        name, code, out, err = line.rstrip("\n").split(" ")
        decoded = (b64decode(part).decode(errors="replace").strip() for part in (out, err))
        found.setdefault(name, []).append(Answer(int(code), *decoded))
    return found


def judge(answers: Answers) -> Report:
    """Judge everything that was asked."""
    report = Report()
    judge_versions(report, answers)
    judge_settings(report, answers)
    judge_services(report, answers)
    for kind in ("network", "volume"):
        for name, (answer,) in of_kind(answers, kind):
            judge_made(report, f"{kind} {name}", answer)
    judge_disk(report, int(answers["disk"][0].out or 0))
    for image, (answer,) in of_kind(answers, "image"):
        judge_image(report, answers, image, answer)
    judge_servers(report, answers)
    for gpus, (answer,) in of_kind(answers, "gpus"):
        judge_gpus(report, gpus, answer)
    return report


def of_kind(answers: Answers, kind: str) -> list[tuple[str, list[Answer]]]:
    """The answers about things of a kind, each with the thing's name."""
    return [(name.partition(":")[2], found) for name, found in answers.items() if name.startswith(f"{kind}:")]


def judge_versions(report: Report, answers: Answers) -> None:
    """The Engine's and Compose's."""
    for key, name, least, cure in (
        ("engine", "Docker Engine", MIN_ENGINE, "upgrade it: https://docs.docker.com/engine/install/"),
        ("compose", "Docker Compose", MIN_COMPOSE, "upgrade it: https://docs.docker.com/compose/install/"),
    ):
        version, wanted = answers[key][0].out, ".".join(map(str, least))
        if numbers(version) >= least:
            report.ok(f"{name} {version}")
        else:
            report.fail(f"{name} is {version}, expected {wanted} or later", cure)


def numbers(version: str) -> tuple[int, ...]:
    """The numbers that a version begins with: (26, 1, 5) of 26.1.5+dfsg1."""
    return tuple(int(number) for number in re.findall(r"\d+", re.split(r"[^v\d.]", version)[0]))


def judge_settings(report: Report, answers: Answers) -> None:
    """What `make build` would say of settings and files."""
    for key, name in CHECKED.items():
        if key not in answers:  # a file that need not be there
            continue
        answer = answers[key][0]
        if answer.code:
            problems = re.sub(r"^FAIL: |\n\s*To mend it: .*", "", answer.err)
            report.fail(problems.replace("\n", "\n      "), "correct them, then: make up")
            continue
        warnings = re.findall(r"^WARNING: (.*)$", answer.err, re.MULTILINE)
        for warning in warnings:
            report.warn(warning, "that is yours to decide: docs/settings.md")
        if not warnings:
            report.ok(f"{name} can be used")


def judge_services(report: Report, answers: Answers) -> None:
    """Each container of the deployment: it runs, is healthy, and is what `docker compose up -d` would start now."""
    plan = answers["plan"][0]
    if plan.code:
        report.fail(f"docker compose up -d would fail: {plan.last_words}", "make build")
    replaced = set(re.findall(r"Container (\S+)\s+Recreate\s*$", plan.err, re.MULTILINE))
    for service, (answer,) in of_kind(answers, "container"):
        if answer.code:
            report.fail(f"{service}: there is no container", "make up")
            continue
        status, health, name = answer.out.split("|")
        if status != "running":
            report.fail(f"{service}: the container is {status}", "make up")
        elif health not in ("", "healthy"):
            report.fail(f"{service}: the container is {health}", f"read why: docker compose logs {service}")
        elif name.removeprefix("/") in replaced:
            report.warn(
                f"{service} runs from an older image or with older settings than there are now", "docker compose up -d"
            )
        else:
            report.ok(f"{service} runs{', healthy,' if health else ''} from the current image and settings")


def judge_made(report: Report, what: str, answer: Answer) -> None:
    """What `make build` makes once."""
    if answer.code:
        report.fail(f"the {what} is missing", "make network volumes")
    else:
        report.ok(f"the {what} is there")


def judge_disk(report: Report, free: int) -> None:
    """Where the Engine keeps images, containers and volumes."""
    text = f"{free / GIB:.1f} GiB are free where the Engine keeps its data"
    cure = "see what takes the space: docker system df"
    if free < DISK_FAIL:
        report.fail(text, cure)
    elif free < DISK_WARN:
        report.warn(text, cure)
    else:
        report.ok(text)


def judge_image(report: Report, answers: Answers, image: str, answer: Answer) -> None:
    """An image that servers are started from."""
    if answer.code:
        report.fail(f"the notebook image {image} is not on the Docker host", "make notebook_image")
        return
    told = json.loads(answer.out)
    judge_command(report, image, told["Entrypoint"] or [], told["Cmd"] or [], answers["command"][0].out)
    judge_jupyterhub(report, image, answers[f"version:{image}"])
    for user in answers.get(f"user:{image}", ()):
        judge_user(report, image, user)
    judge_reach(report, answers, image)


def judge_user(report: Report, image: str, answer: Answer) -> None:
    """An image that starts as root, for NB_UID, NB_GID or GRANT_SUDO, has to become somebody else."""
    if answer.code or answer.out == "0":
        report.fail(
            f"{image} starts as root for NB_UID, NB_GID or GRANT_SUDO, and stays it",
            "leave these settings empty, or take an image whose start script becomes a user: docs/images.md",
        )
    else:
        report.ok(f"{image} starts as root and becomes user {answer.out}")


def judge_command(report: Report, image: str, entrypoint: list[str], cmd: list[str], spawn_cmd: str) -> None:
    """What starts the server: not a shell."""
    command = [*entrypoint, *([spawn_cmd] if spawn_cmd else cmd)]
    if not command:
        report.fail(
            f"{image} has no command that starts a server", "set DOCKER_SPAWN_CMD=jupyterhub-singleuser in .env"
        )
    elif command[-1].rpartition("/")[2] in SHELLS:
        report.fail(
            f"{image} starts {' '.join(command)}, which is no server",
            "set DOCKER_SPAWN_CMD=jupyterhub-singleuser in .env",
        )
    else:
        report.ok(f"{image} starts {' '.join(command)}")


def judge_jupyterhub(report: Report, image: str, answers: list[Answer]) -> None:
    """The JupyterHub in an image: the hub's version, or else logins may go round in circles."""
    found = [match[0] for each in answers if not each.code and (match := VERSION.search(each.out))]
    if not found:
        if all(each.code == TIMED_OUT for each in answers):
            report.warn(
                f"{image} did not say in time which JupyterHub it has",
                f"look at it by hand: docker run --rm -it {image} jupyterhub-singleuser --version",
            )
            return
        missing = all(each.no_such_program for each in answers)
        reason = "it has no jupyterhub-singleuser on PATH" if missing else answers[0].last_words
        report.fail(f"no JupyterHub was found in {image}: {reason}", f"{HUB_VERSION} is needed: {DERIVE}")
    elif found[0] == HUB_VERSION:
        report.ok(f"{image} has JupyterHub {HUB_VERSION}, as the hub")
    elif numbers(found[0])[:2] == numbers(HUB_VERSION)[:2]:
        report.warn(f"{image} has JupyterHub {found[0]}, and the hub {HUB_VERSION}", DERIVE)
    else:
        report.fail(
            f"{image} has JupyterHub {found[0]}, and the hub {HUB_VERSION}", f"{HUB_VERSION} is needed: {DERIVE}"
        )


def judge_reach(report: Report, answers: Answers, image: str) -> None:
    """Whether a server on the users' network would reach the hub, which it has to before it answers anybody."""
    hub = answers["container:hub"][0].out.split("|")
    if hub[:2] != ["running", "healthy"]:
        report.warn(f"whether {image} reaches the hub could not be seen: the hub does not run", "mend the hub first")
        return
    answer = answers[f"reach:{image}"][0]
    if not answer.code and '"version"' in answer.out:
        report.ok(f"a container of {image} reaches the hub")
    elif answer.no_such_program:
        report.warn(
            f"whether {image} reaches the hub could not be seen: it has no python3 on PATH", "start a server and see"
        )
    else:
        report.fail(
            f"a container of {image} does not reach the hub: {answer.last_words}",
            "make up; if it stays, see that no firewall of the host is between containers of one network",
        )


def judge_servers(report: Report, answers: Answers) -> None:
    """Servers that run from another image than the next start would take."""
    current = {image: json.loads(found[0].out)["Id"] for image, found in of_kind(answers, "image") if not found[0].code}
    running = [line.split("|") for line in answers["servers"][0].out.splitlines()]
    stale = sorted({user for user, image, tag in running if current.get(tag) != image})
    if stale:
        report.warn(
            f"servers that run from an image which their next start would not take: {' '.join(stale)}",
            "stop them when it suits their users: in the hub's Admin page, or each by Stop My Server",
        )
    else:
        report.ok(f"servers that run: {len(running)}{', from the current image' if running else ''}")


def judge_gpus(report: Report, gpus: str, answer: Answer) -> None:
    """Whether the Engine starts a container with what GPUS or a profile asks for: it was tried."""
    if answer.code:
        report.fail(
            f"the Engine cannot give a server the GPUs that were asked for, {gpus}: {answer.last_words}",
            "install NVIDIA's container toolkit on the Docker host, then: "
            "nvidia-ctk runtime configure --runtime=docker && systemctl restart docker",
        )
    else:
        report.ok(f"the Engine gives servers the GPUs that were asked for, {gpus}")


def main(verb: str, project: str = "") -> None:
    """Entry point: exit 1 when something is FAIL."""
    if verb == "disk":
        # A container's root lies in the Engine's own directory.
        print(shutil.disk_usage("/").free)
        return
    report = judge(parse(sys.stdin))
    print(f"{project}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC", *report.lines, "", report.verdict, sep="\n")
    if report.failed:
        sys.exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
