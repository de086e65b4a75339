"""Users' servers, as their users and the administrator see them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from support.deployment import Deployment
from support.waiting import wait_for

HTTP_SECONDS = 60
STOP_SECONDS = 60


@dataclass
class UserServer:
    """The server of a user who is there; `token` is an administrator's."""

    hub: Deployment
    name: str
    token: str

    def running(self) -> UserServer:
        """Itself, started where it does not run."""
        if not self.hub.server_ready(self.name, token=self.token):
            self.hub.start_server(self.name, token=self.token)
        return self

    def stop(self) -> None:
        """Stop it, and start it before if need be, so that its volume is there."""
        self.running()
        stop(self.hub, self.name, self.token)

    def refusal(self) -> str:
        """Why it does not start."""
        answer = self.hub.api("POST", f"/users/{self.name}/server", token=self.token)
        assert answer.status_code == 503, f"{answer.status_code}: {answer.text}"
        return answer.json()["message"]

    def inspect(self, form: str) -> str:
        """What a template of `docker inspect` makes of its container."""
        return self.hub.docker("inspect", "--format", form, self.hub.container(self.name)).stdout.strip()

    def shell(self, script: str) -> str:
        """What a script of the shell says in it, errors too, as the server's user and where its files are."""
        folder = self.inspect("{{range .Config.Env}}{{println .}}{{end}}").split("JUPYTERHUB_ROOT_DIR=")[1].split()[0]
        command = ("exec", "--workdir", folder, self.hub.container(self.name), "sh", "-c", script)
        done = self.hub.docker(*command, check=False)
        return (done.stdout + done.stderr).strip()

    def read(self, path: str) -> str:
        """The text of a file, by the API of the file browser."""
        answer = self._contents("GET", path)
        answer.raise_for_status()
        return answer.json()["content"]

    def save(self, path: str, text: str) -> int:
        """Save a file as the file browser does; the status of the answer."""
        return self._contents("PUT", path, {"type": "file", "format": "text", "content": text}).status_code

    def delete(self, path: str) -> int:
        """Delete a file as the file browser does; the status of the answer."""
        return self._contents("DELETE", path).status_code

    def _contents(self, method: str, path: str, body: dict[str, Any] | None = None) -> requests.Response:
        url = f"{self.hub.url}/user/{self.name}/api/contents/{path}"
        headers = {"Authorization": f"token {self.token}"}
        return requests.request(method, url, headers=headers, json=body, verify=False, timeout=HTTP_SECONDS)


@contextmanager
def running(deployment: Deployment, user: str, token: str, name: str = "", options: Any = None) -> Iterator[str]:
    """A user's server, running; its container is given, and it is stopped afterwards."""
    deployment.start_server(user, token=token, name=name, options=options)
    try:
        yield deployment.container(user, name)
    finally:
        stop(deployment, user, token, name)


def stop(deployment: Deployment, user: str, token: str, name: str = "", *, remove: bool = False) -> None:
    """Stop a user's server, also one that is starting, and return when the hub has none of that name any more.

    With `remove`, the hub forgets a named server.
    """
    deployment.api("DELETE", f"/users/{user}/servers/{name}", token=token, json={"remove": remove})

    def is_stopped() -> bool:
        left = deployment.server(user, token=token, name=name)
        return not (left if remove else left.get("ready") or left.get("pending"))

    wait_for(is_stopped, STOP_SECONDS, f"the end of the server {name!r} of {user}")


def ask(deployment: Deployment, user: str, token: str) -> requests.Response:
    """Ask for a user's server; the answer comes when it is ready or has failed, or after 10 s."""
    return deployment.api("POST", f"/users/{user}/server", token=token)


def progress(deployment: Deployment, user: str, token: str) -> Iterator[dict[str, Any]]:
    """What the API tells of a start, until it has ended."""
    with requests.get(
        f"{deployment.url}/hub/api/users/{user}/server/progress",
        headers={"Authorization": f"token {token}"},
        verify=False,
        stream=True,
        timeout=HTTP_SECONDS,
    ) as answer:
        lines: Iterator[Any] = answer.iter_lines(chunk_size=1, decode_unicode=True)
        for line in lines:
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))


def inspected(deployment: Deployment, what: str) -> dict[str, Any]:
    """What the Engine says of a container, an image or a network."""
    return json.loads(deployment.docker("inspect", what).stdout)[0]
