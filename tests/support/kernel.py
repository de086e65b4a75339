"""A Jupyter kernel used as a program does: the REST API of a user's server and a websocket to its kernel."""

import json
import ssl
import time
import uuid
from dataclasses import dataclass, field
from typing import Any, Self

import requests
from websocket import WebSocket, WebSocketTimeoutException, create_connection

HTTP_SECONDS = 60
EXECUTE_SECONDS = 60


@dataclass
class Result:
    """What one execution gave: `status` is "ok" or "error"; `outputs` are the kernel's messages in order."""

    status: str
    outputs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text put out: streams, results and displays as plain text, errors as `Name: message`."""
        return "".join(output_text(output) for output in self.outputs)


# For websockets: the certificate is signed by itself.
UNCHECKED = {"cert_reqs": ssl.CERT_NONE, "check_hostname": False}


def output_text(output: dict[str, Any]) -> str:
    """Return the text of one output message's content."""
    if "ename" in output:
        return f"{output['ename']}: {output['evalue']}"
    return output.get("text") or output.get("data", {}).get("text/plain", "")


class Kernel:
    """A kernel on a user's server, with one websocket to it. A context manager: leaving it ends the kernel.

    `url` is the hub's public address without a slash at the end; `token` may be an administrator's or the
    user's. The certificate is not checked, because the generated pair is signed by itself.
    """

    def __init__(self, url: str, user: str, token: str, kernel_id: str = "", name: str = "") -> None:
        """Start a kernel, by `name` another than Python's, or take up the one with that id, and connect to it.

        The user's server must be running.
        """
        self.api = f"{url}/user/{user}/api/kernels"
        self.headers = {"Authorization": f"token {token}"}
        self.session = uuid.uuid4().hex
        wanted = {key: value for key, value in (("kernel_id", kernel_id), ("name", name)) if value}
        self.id: str = self.request("POST", self.api, wanted or None).json()["id"]
        self.socket = self.connect()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()
        self.request("DELETE", f"{self.api}/{self.id}")

    def request(self, method: str, url: str, json: Any = None) -> requests.Response:
        """Call the REST API of the user's server; a status of 400 or more raises."""
        response = requests.request(method, url, headers=self.headers, json=json, verify=False, timeout=HTTP_SECONDS)
        response.raise_for_status()
        return response

    def connect(self) -> WebSocket:
        """Open a websocket to the kernel. Only the caller's thread may use it, because OpenSSL allows no other one.

        The client of the package `websockets` reads in a thread of its own while another one writes. On a busy machine
        9 of 5,000 connections were spoiled by that: the server never saw the request, and the test waited for ever.
        https://github.com/openssl/openssl/issues/20446 has the rule.
        """
        address = f"{self.api}/{self.id}/channels?session_id={self.session}".replace("http", "ws", 1)
        return create_connection(address, timeout=HTTP_SECONDS, header=self.headers, sslopt=UNCHECKED)

    def reconnect(self) -> None:
        """Replace the websocket by a new one, after the old one was dropped."""
        self.socket.close()
        self.socket = self.connect()

    def execute(self, code: str, timeout: float = EXECUTE_SECONDS) -> Result:
        """Run `code` and return what it gave; TimeoutError when it takes longer than `timeout` seconds."""
        request_id = self.send_execute_request(code)
        end = time.monotonic() + timeout
        outputs: list[dict[str, Any]] = []
        status: str | None = None
        idle = False
        # The reply and the outputs come on different channels, in any order: both ends have to be seen.
        while status is None or not idle:
            message = self.next_message(end - time.monotonic())
            if message["parent_header"].get("msg_id") != request_id:
                continue
            content = message["content"]
            match message["msg_type"]:
                case "execute_reply":
                    status = content["status"]
                case "status":
                    idle = content["execution_state"] == "idle"
                case "stream" | "execute_result" | "display_data" | "error":
                    outputs.append(content)
        return Result(status, outputs)

    def next_message(self, timeout: float) -> dict[str, Any]:
        """Return what the server sends next; TimeoutError when it takes longer than `timeout` seconds."""
        self.socket.settimeout(max(0.001, timeout))
        try:
            return json.loads(self.socket.recv())
        except WebSocketTimeoutException:
            raise TimeoutError(f"no message of the kernel {self.id} within {timeout:.1f} s") from None

    def send_execute_request(self, code: str) -> str:
        """Ask the kernel to run `code` and return the message's id, without waiting for an answer."""
        message_id = uuid.uuid4().hex
        header = {
            "msg_id": message_id,
            "msg_type": "execute_request",
            "session": self.session,
            "username": "",
            "version": "5.3",
        }
        content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
        self.socket.send(
            json.dumps(
                {
                    "channel": "shell",
                    "header": header,
                    "parent_header": {},
                    "metadata": {},
                    "content": content,
                    "buffers": [],
                }
            )
        )
        return message_id
