"""The README is a transcript: its commands run, from the file and in its order, and print what it shows."""

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support.deployment import PREFIX, REPOSITORY, Deployment

CONSOLE = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
# The test that runs here must not start itself.
NOT_HERE = {"make test"}
URL = "https://github.com/OWNER/REPOSITORY.git"


@dataclass
class Step:
    """One command of the transcript and the lines that it shows below it."""

    command: str
    shown: list[str] = field(default_factory=list)

    def pattern(self) -> re.Pattern[str]:
        """What the output has to hold: the lines in their order, `…` for anything."""
        lines = "\n".join(self.shown).strip().split("…")
        return re.compile(".*?".join(re.escape(part.strip(" ")) for part in lines), re.DOTALL)


def transcript() -> list[Step]:
    steps: list[Step] = []
    for block in CONSOLE.findall((REPOSITORY / "README.md").read_text()):
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append(Step(line.removeprefix("$ ")))
            else:
                steps[-1].shown.append(line)
    return [step for step in steps if step.command not in NOT_HERE]


def publish(copy: Path) -> None:
    """Make a Git repository of a copy, with what a published one has: whatever .gitignore does not leave out."""
    author = ("-c", "user.name=README", "-c", "user.email=readme@example.org")
    for command in (("init", "--quiet"), ("add", "."), (*author, "commit", "--quiet", "--message", "Publish")):
        subprocess.run(["git", *command], cwd=copy, check=True)


def output_of(deployment: Deployment, command: str) -> str:
    # What a terminal shows: both streams, as they come, and no blanks at the end of lines.
    result = deployment.run("bash", "-c", f"exec 2>&1; {command}")
    return "\n".join(line.rstrip() for line in result.stdout.splitlines())


@dataclass
class Reader:
    """Somebody who follows the README, beside other deployments, so with a project and ports of their own."""

    deployment: Deployment

    def type(self, command: str) -> str:
        """Run a command where the ones before it lead to; return what it prints, with the names of the README."""
        if command.startswith("cd "):
            self.deployment.root /= command.removeprefix("cd ")
            return ""
        project, port = self.deployment.project, self.deployment.settings["HTTPS_PORT"]
        output = output_of(self.deployment, command.replace("jupyterhub-", f"{project}-"))
        return output.replace(f"{project}-", "jupyterhub-").replace(f"https://localhost:{port}", "https://localhost")


@pytest.fixture(scope="module")
def reader(make_deployment: Callable[..., Deployment]) -> Reader:
    """Stands where nothing is cloned yet; Git finds the published repository at the README's URL."""
    deployment = make_deployment(f"{PREFIX}readme")
    publish(deployment.root)
    deployment.set_env(
        GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0=f"url.{deployment.root}.insteadOf", GIT_CONFIG_VALUE_0=URL
    )
    deployment.root = deployment.root.parent
    return Reader(deployment)


def test_the_commands_of_the_readme_work_and_print_what_it_shows(reader: Reader) -> None:
    steps = transcript()
    assert steps[0].command.startswith(f"git clone {URL} "), "the README begins with the clone"
    assert len(steps) > 8, "the README has lost its transcript"
    passwords = set()
    for step in steps:
        output = reader.type(step.command)
        passwords |= set(re.findall(r"^  Initial password +(\S+)$", output, re.MULTILINE))
        assert step.pattern().search(output), f"$ {step.command}\nshows\n{output}\nand not\n{step.shown}"
    assert len(passwords) == 1, f"the restored hub has other data: {passwords}"


def test_builds_leave_no_image_without_a_name(reader: Reader) -> None:
    """The userlist was changed, which makes another image of the hub."""
    hub = reader.deployment
    hub.make("build")
    label = f"label=com.docker.compose.project={hub.project}"
    left = hub.docker("image", "ls", "--quiet", "--no-trunc", "--filter", "dangling=true", "--filter", label).stdout
    containers = hub.docker("ps", "--all", "--quiet", "--filter", label).stdout.split()
    used = hub.docker("inspect", "--format", "{{.Image}}", *containers).stdout
    assert len(containers) == 2
    assert set(left.split()) - set(used.split()) == set()
