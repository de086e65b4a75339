"""A deployment of its own: a copy of the repository, driven by `make` as a person would."""

import os
import shutil
import socket
import subprocess
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import requests

from support import docker as docker_client
from support.waiting import wait_for

REPOSITORY = Path(__file__).parents[2]
RUN = os.environ.get("TEST_PREFIX", "jhtest")
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
# In front of every name: each worker has names of its own, and scripts/runner removes what begins with the run's.
PREFIX = RUN + WORKER
# The ports that are tried, 300 for each run: those that look for one at the same time find the same ones free.
FIRST_PORT = 20000 + zlib.crc32(RUN.encode()) % 40 * 300
PORTS = iter(range(FIRST_PORT + 30 * int(WORKER.removeprefix("gw") or 0), FIRST_PORT + 300))
HTTP_SECONDS = 60


def settings_for(project: str, https_port: int, http_port: int) -> dict[str, str]:
    """Return the settings that keep a deployment apart from every other on the machine."""
    return {
        "COMPOSE_PROJECT_NAME": project,
        "DOCKER_NETWORK_NAME": f"{project}-network",
        "DATA_VOLUME_HOST": f"{project}-data",
        "DOCKER_CONTAINER_PREFIX": project,
        "DOCKER_NOTEBOOK_IMAGE": f"{project}-user",
        "BIND_ADDRESS": "127.0.0.1",
        "HTTPS_PORT": str(https_port),
        "HTTP_PORT": str(http_port),
    }


def free_port() -> int:
    """Return a port that nobody listens on and that was not returned before."""
    for port in PORTS:
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError(f"no free port is left in {PORTS}")


@dataclass
class Deployment:
    """One copy of the repository and what runs from it.

    `settings` go into the environment of every command, where they beat the copy's `.env`.
    """

    root: Path
    settings: dict[str, str] = field(default_factory=dict)

    @classmethod
    def create(cls, root: Path, settings: dict[str, str]) -> Self:
        """Copy the repository to `root`, which must not exist yet. Nothing is built or started."""
        shutil.copytree(REPOSITORY, root, symlinks=True)
        return cls(root, settings)

    @property
    def project(self) -> str:
        """The Compose project: also the hub's container name and the prefix of all others."""
        return self.settings["COMPOSE_PROJECT_NAME"]

    @property
    def url(self) -> str:
        """The hub's public address, its path included, without a slash at the end."""
        if host := self.settings.get("JUPYTERHUB_SUBDOMAIN_HOST"):
            return host + self.path
        scheme, port = ("http", "HTTP_PORT") if self.settings.get("TLS") == "off" else ("https", "HTTPS_PORT")
        return f"{scheme}://127.0.0.1:{self.settings[port]}{self.path}"

    @property
    def path(self) -> str:
        """The hub's path at that address, without a slash at the end."""
        return self.settings.get("JUPYTERHUB_BASE_URL", "/").rstrip("/")

    def set_env(self, **settings: str) -> None:
        """Change settings for the commands that follow."""
        self.settings.update(settings)

    def write(self, path: str, text: str) -> Path:
        """Write a file of the copy (its directories are made) and return where it lies."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return target

    def run(
        self, *command: str, env: dict[str, str] | None = None, check: bool = True, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the copy, with the deployment's settings and `env` on top."""
        environment = os.environ | self.settings | (env or {})
        return docker_client.run(command, cwd=self.root, env=environment, check=check, stdin=stdin)

    def make(
        self, *args: str, env: dict[str, str] | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run `make ARGS`; a failure is an AssertionError with the whole output."""
        return self.run("make", "--no-print-directory", *args, env=env, check=check)

    def compose(self, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `docker compose ARGS`."""
        return self.run("docker", "compose", *args, check=check)

    def docker(self, *args: str, check: bool = True, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run `docker ARGS`."""
        return self.run("docker", *args, check=check, stdin=stdin)

    def up(self) -> subprocess.CompletedProcess[str]:
        """`make up`: returns when the deployment is healthy."""
        return self.make("up")

    def hub_exec(self, *command: str, check: bool = True) -> str:
        """Run a command in the hub's container and return its stdout."""
        return self.docker("exec", self.project, *command, check=check).stdout

    def logs(self, service: str) -> str:
        """Return everything that a Compose service has written, stdout and stderr."""
        return self.compose("logs", "--no-color", "--no-log-prefix", service).stdout

    def token(self, user: str = "") -> str:
        """Return an API token: an administrator's, always the same, or a new one of `user`."""
        if not user:
            return self._admin_token
        answer = self.api("POST", f"/users/{quote(user)}/tokens", token=self._admin_token, json={})
        assert answer.status_code == 201, f"{answer.status_code}: {answer.text}"
        return answer.json()["token"]

    @cached_property
    def _admin_token(self) -> str:
        return self.make("token").stdout.strip()

    def password(self, user: str) -> str:
        """Return the password of a user: the initial one, or a new one where the user has changed it."""
        return self.initial_password(user) or self.new_password(user)

    def new_password(self, user: str) -> str:
        """Give a user a new password and return it; the name is no longer locked then."""
        return self.make("password", f"USER={user}").stdout.strip()

    def initial_password(self, user: str) -> str:
        """Return the initial password that the hub keeps for a user; empty once the user has changed it."""
        return self.hub_exec("sh", "-c", f"cat '/data/initial-passwords/{user}' 2>/dev/null || true")

    def api(self, method: str, path: str, *, token: str, json: Any = None) -> requests.Response:
        """Call the hub's API: `path` starts with a slash and is relative to /hub/api. No status raises."""
        return requests.request(
            method,
            f"{self.url}/hub/api{path}",
            headers={"Authorization": f"token {token}"},
            json=json,
            verify=False,
            timeout=HTTP_SECONDS,
        )

    def start_server(self, user: str, *, token: str, name: str = "", options: Any = None, timeout: float = 120) -> None:
        """Start a user's server (by `name` another than the first) and return when it is ready. The user must exist.

        `options` are the choices of a spawn form.
        """
        response = self.api("POST", f"/users/{user}/servers/{name}", token=token, json=options)
        assert response.status_code in (201, 202), f"{response.status_code}: {response.text}"
        wait_for(lambda: self.server_ready(user, token=token, name=name), timeout, f"the server {name!r} of {user}")

    def server(self, user: str, *, token: str, name: str = "") -> dict[str, Any]:
        """What the API says of a user's server; empty when there is none."""
        return self.api("GET", f"/users/{user}", token=token).json()["servers"].get(name, {})

    def server_ready(self, user: str, *, token: str, name: str = "") -> bool:
        """Whether the hub says that a user's server is ready."""
        return bool(self.server(user, token=token, name=name).get("ready"))

    def containers(self, user: str, name: str = "") -> list[str]:
        """The names of the containers of a user's server, found by its labels: none or one, in whatever state."""
        wanted = {"project": self.project, "user": user, "server": name}
        filters = [f"--filter=label=org.jupyter.hub.{label}={value}" for label, value in wanted.items()]
        return self.docker("ps", "--all", *filters, "--format", "{{.Names}}").stdout.split()

    def container(self, user: str, name: str = "") -> str:
        """The name of the container of a user's server, which must be there."""
        names = self.containers(user, name)
        assert len(names) == 1, f"expected one container of {user} in {self.project}, found {names}"
        return names[0]

    def save_logs(self, directory: Path) -> None:
        """Write what every container of the project has said so far to `directory`, one file each."""
        names = docker_client.docker("ps", "--all", "--format", "{{.Names}}").stdout.split()
        for name in names:
            if docker_client.belongs(name, self.project):
                result = docker_client.docker("logs", "--timestamps", name, check=False)
                (directory / f"{name}.log").write_text(result.stdout + result.stderr)

    def destroy(self) -> None:
        """Remove everything that the project made, and the copy."""
        docker_client.remove_project(self.project)
        shutil.rmtree(self.root, ignore_errors=True)
