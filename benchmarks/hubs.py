"""The two hubs that are compared, driven in the same way: ours as `make` makes it, and benchmarks/stock."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import override

import requests

from support import docker as docker_client
from support.deployment import PREFIX, Deployment, free_port, settings_for
from support.waiting import wait_for

STOCK = Path("benchmarks/stock")
RENEWAL = Path("benchmarks/renewal.yml")

POLL_SECONDS = 0.02
START_SECONDS = 300
STOP_SECONDS = 180


class Plain(Deployment):
    """The plain JupyterHub of benchmarks/stock, with the interface of ours as far as it is used here."""

    @property
    @override
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings['HTTP_PORT']}"

    @override
    def token(self) -> str:
        return self.settings["BENCHMARK_TOKEN"]

    @override
    def compose(self, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return super().compose("--file", str(STOCK / "docker-compose.yml"), *args, check=check)


@contextmanager
def built_hubs() -> Iterator[tuple[Plain, Deployment]]:
    """Yield the plain hub and ours: images built, nothing started; both are removed afterwards."""
    with TemporaryDirectory() as directory:
        made: list[Deployment] = []
        try:
            plain = Plain.create(Path(directory) / "plain", settings_for(f"{PREFIX}stock", free_port(), free_port()))
            made.append(plain)
            plain.set_env(BENCHMARK_TOKEN=os.urandom(16).hex())
            plain.compose("build", "hub", "user")
            ours = Deployment.create(Path(directory) / "ours", settings_for(PREFIX, free_port(), free_port()))
            ours.set_env(COMPOSE_FILE=f"docker-compose.yml:{RENEWAL}")
            made.append(ours)
            ours.make("build")
            yield plain, ours
        finally:
            for hub in made:
                hub.destroy()


def login_page(url: str) -> bool:
    """Whether the login page is there."""
    try:
        return requests.get(f"{url}/hub/login", verify=False, timeout=10).status_code == 200
    except requests.RequestException:
        return False


class Hub:
    """A running hub with a class of users, and an administrator's token for it."""

    def __init__(self, deployment: Deployment, class_size: int) -> None:
        """Make the users student01, student02, …; the deployment must be running."""
        self.deployment = deployment
        self.token = deployment.token()
        self.users = [f"student{number:02}" for number in range(1, class_size + 1)]
        deployment.api("POST", "/users", token=self.token, json={"usernames": self.users}).raise_for_status()

    @property
    def url(self) -> str:
        """The public address, without a slash at the end."""
        return self.deployment.url

    def status_url(self, user: str) -> str:
        """An address that a user's own server answers."""
        return f"{self.url}/user/{user}/api/status"

    def start_server(self, user: str) -> float:
        """Start a user's server.

        Returns:
            Seconds from the request to the first 200 of the server itself, through the proxy.

        Raises:
            AssertionError: the start failed, or took longer than START_SECONDS.
        """
        begin = time.perf_counter()
        response = self.deployment.api("POST", f"/users/{user}/server", token=self.token)
        assert response.status_code in (201, 202), f"{response.status_code}: {response.text}"
        if response.status_code == 202:
            self._follow_progress(user)
        while self._get(self.status_url(user)).status_code != 200:
            assert time.perf_counter() - begin < START_SECONDS, f"the server of {user} does not answer"
            time.sleep(POLL_SECONDS)
        return time.perf_counter() - begin

    def stop_servers(self, users: list[str]) -> None:
        """Stop servers at once, and return when none of their containers is left."""
        with ThreadPoolExecutor(len(users)) as pool:
            list(pool.map(self._stop_server, users))
        wait_for(lambda: not self.containers(), STOP_SECONDS, "the end of all servers")

    def containers(self) -> list[str]:
        """The names of the containers of users' servers."""
        names = docker_client.docker("ps", "--all", "--format", "{{.Names}}").stdout.split()
        return [name for name in names if name.startswith(f"{self.deployment.project}-student")]

    def _stop_server(self, user: str) -> None:
        response = self.deployment.api("DELETE", f"/users/{user}/server", token=self.token)
        # 400: it is not running, because its start failed.
        assert response.status_code in (202, 204, 400), f"{response.status_code}: {response.text}"
        wait_for(
            lambda: not self.deployment.api("GET", f"/users/{user}", token=self.token).json()["servers"],
            STOP_SECONDS,
            f"the end of the server of {user}",
        )

    def _follow_progress(self, user: str) -> None:
        """Wait as the hub's own page does: for the event that ends the start. Costs the hub nothing meanwhile."""
        with self._get(f"{self.url}/hub/api/users/{user}/server/progress", stream=True) as response:
            response.raise_for_status()
            for line in response.iter_lines():
                event = json.loads(line.removeprefix(b"data:")) if line.startswith(b"data:") else {}
                assert not event.get("failed"), event["message"]
                if event.get("ready"):
                    return
        raise AssertionError(f"the hub never said that the server of {user} is ready")

    def _get(self, url: str, *, stream: bool = False) -> requests.Response:
        headers = {"Authorization": f"token {self.token}"}
        return requests.get(url, headers=headers, verify=False, timeout=START_SECONDS, stream=stream)
