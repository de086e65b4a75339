"""One user's server, as its user and the administrator see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests

from support.deployment import Deployment
from support.waiting import wait_for

HTTP_SECONDS = 60
STOP_SECONDS = 30


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
        self.hub.api("DELETE", f"/users/{self.name}/server", token=self.token)
        user = f"/users/{self.name}"
        wait_for(
            lambda: not self.hub.api("GET", user, token=self.token).json()["servers"],
            STOP_SECONDS,
            f"the end of {user}",
        )

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
