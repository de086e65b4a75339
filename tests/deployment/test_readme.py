"""The README is a transcript: its commands run, from the file and in its order, and print what it shows."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from support.deployment import PREFIX, REPOSITORY, Deployment

CONSOLE = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
# The test that runs here must not start itself.
NOT_HERE = {"make test"}


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


def output_of(deployment: Deployment, command: str) -> str:
    # What a terminal shows: both streams, as they come, and no blanks at the end of lines.
    result = deployment.run("bash", "-c", f"exec 2>&1; {command}")
    return "\n".join(line.rstrip() for line in result.stdout.splitlines())


@pytest.fixture(scope="module")
def fresh_clone(make_deployment: Callable[..., Deployment]) -> Deployment:
    """A deployment of which nothing is built, with the published userlist."""
    return make_deployment(f"{PREFIX}readme")


def test_the_commands_of_the_readme_work_and_print_what_it_shows(fresh_clone: Deployment) -> None:
    steps = transcript()
    assert len(steps) > 8, "the README has lost its transcript"
    for step in steps:
        output = output_of(fresh_clone, step.command)
        # The published address has no port; these tests have ports of their own.
        output = output.replace(f"https://localhost:{fresh_clone.settings['HTTPS_PORT']}", "https://localhost")
        assert step.pattern().search(output), f"$ {step.command}\nshows\n{output}\nand not\n{step.shown}"
