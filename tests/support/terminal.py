"""A terminal of JupyterLab used as a program does: the REST API of a user's server and a websocket to a shell."""

import json
import time
from typing import Any, Self

import requests
from websocket import WebSocketTimeoutException, create_connection

from support.kernel import HTTP_SECONDS, UNCHECKED

COMMAND_SECONDS = 30


class Terminal:
    """A terminal on a user's server, with one websocket to it. A context manager: leaving it ends the shell.

    `url` is the hub's public address without a slash at the end; the user's server must be running.
    """

    def __init__(self, url: str, user: str, token: str) -> None:
        """Open a terminal as JupyterLab's launcher does at the top of the file browser."""
        self.api = f"{url}/user/{user}/api/terminals"
        self.headers = {"Authorization": f"token {token}"}
        self.name: str = self.request("POST", self.api, {"cwd": ""}).json()["name"]
        address = f"{url}/user/{user}/terminals/websocket/{self.name}".replace("http", "ws", 1)
        self.socket = create_connection(address, timeout=HTTP_SECONDS, header=self.headers, sslopt=UNCHECKED)
        # Nothing is echoed from here on, and so no line of the output is a command.
        self.socket.send(json.dumps(["stdin", "stty -echo\r"]))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()
        self.request("DELETE", f"{self.api}/{self.name}")

    def request(self, method: str, url: str, body: Any = None) -> requests.Response:
        """Call the REST API of the user's server; a status of 400 or more raises."""
        response = requests.request(method, url, headers=self.headers, json=body, verify=False, timeout=HTTP_SECONDS)
        response.raise_for_status()
        return response

    def run(self, command: str, timeout: float = COMMAND_SECONDS) -> str:
        """What a command prints; TimeoutError when it takes longer than `timeout` seconds."""
        begin, end = "<<<begin", "end>>>"
        # Split, so that even an echo of the command has neither mark.
        quoted = [f"'{mark[:3]}''{mark[3:]}'" for mark in (begin, end)]
        self.socket.send(json.dumps(["stdin", f"echo {quoted[0]}; {command}; echo {quoted[1]}\r"]))
        until = time.monotonic() + timeout
        text = ""
        while end not in text:
            self.socket.settimeout(max(0.001, until - time.monotonic()))
            try:
                kind, *data = json.loads(self.socket.recv())
            except WebSocketTimeoutException:
                raise TimeoutError(f"{command!r} did not end within {timeout:g} s: {text!r}") from None
            if kind == "stdout":
                text += data[0]
        return text.split(begin)[1].split(end)[0].replace("\r\n", "\n").strip()
