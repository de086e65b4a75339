"""The Docker client, and removing what a test deployment left behind."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

COMMAND_SECONDS = 1200
# What was pulled keeps its digest when its tag moves on to another image.
IMAGE_NAME = '{{.Repository}}{{if eq .Tag "<none>"}}@{{.Digest}}{{else}}:{{.Tag}}{{end}}'


def run(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    check: bool = True,
    stdin: str = "",
    timeout: float = COMMAND_SECONDS,
) -> subprocess.CompletedProcess[str]:
    """Run a command with its output captured; `stdin` is all it can read.

    With `check`, an exit code other than 0 is an AssertionError that carries the whole output.
    """
    result = subprocess.run(
        command, cwd=cwd, env=env, input=stdin, text=True, capture_output=True, timeout=timeout, check=False
    )
    if check and result.returncode != 0:
        raise AssertionError(
            f"{' '.join(command)} ended with {result.returncode}\n"
            f"--- stdout\n{result.stdout}\n--- stderr\n{result.stderr}"
        )
    return result


def docker(*args: str, check: bool = True, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run `docker ARGS`."""
    return run(["docker", *args], check=check, stdin=stdin)


def remove_project(project: str) -> None:
    """Remove every container, network, volume and image named `project`, `project-…` or `project_…`.

    Nothing else. The hub goes first: while it lives, it may start another server.
    """
    docker("rm", "--force", "--volumes", project, check=False)
    for list_args, remove_args in (
        (("ps", "--all", "--format", "{{.Names}}"), ("rm", "--force", "--volumes")),
        (("network", "ls", "--format", "{{.Name}}"), ("network", "rm")),
        (("volume", "ls", "--format", "{{.Name}}"), ("volume", "rm", "--force")),
        (("images", "--digests", "--format", IMAGE_NAME), ("rmi", "--force")),
    ):
        names = [name for name in docker(*list_args).stdout.split() if belongs(name, project)]
        if names:
            docker(*remove_args, *names)
    # An image that was built anew lost its name to its successor; Compose's label still tells whose it was.
    label = f"label=com.docker.compose.project={project}"
    nameless = docker("images", "--quiet", "--filter", "dangling=true", "--filter", label).stdout.split()
    if nameless:
        docker("rmi", *nameless)


def belongs(name: str, project: str) -> bool:
    """Whether a container, network, volume or image `name` is one of the project's, whatever registry it is from."""
    return re.fullmatch(rf"(.*/)?{re.escape(project)}([-_:@].*)?", name) is not None
