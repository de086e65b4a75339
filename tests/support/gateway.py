"""The kernel gateway of examples/kernel-gateway beside a deployment, and the certificates that users have for it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import requests

from support.deployment import Deployment
from support.pki import Authority, Pair

EXAMPLE = "examples/kernel-gateway"
OVERLAY = f"docker-compose.yml:{EXAMPLE}/docker-compose.yml"
PER_USER = f"docker-compose.yml:{EXAMPLE}/docker-compose.per-user.yml"
FILES = {"CLIENT_KEY": "key.pem", "CLIENT_CERT": "cert.pem", "CLIENT_CA": "cacert.pem"}
HTTP_SECONDS = 60


@dataclass
class Gateway:
    """The gateway of a deployment, made as its README says."""

    hub: Deployment

    def prepare(self, *names: str) -> None:
        """Make the authority, the gateway's pair, the token and packages for those names."""
        self.hub.make("build")  # without the overlay, which needs these files
        self.hub.run(f"{EXAMPLE}/certificates", *names)

    def give(self, name: str) -> None:
        """Store a user's package, as an administrator does."""
        package = f"secrets/clients/{name}"
        self.hub.make("client-cert", f"USER={name}", f"P12={package}.p12", f"PASSWORD_FILE={package}.password")

    @property
    def authority(self) -> Authority:
        """The one that the gateway trusts."""
        folder = self.hub.root / "secrets"
        return Authority.load((folder / "gateway-ca.key").read_text(), (folder / "gateway-ca.crt").read_text())

    def put(self, name: str, pair: Pair) -> None:
        """Put key and certificate into a user's volume, around the checks of `make client-cert`."""
        for file, pem in (("key.pem", pair.key_pem), ("cert.pem", pair.certificate_pem)):
            self.in_volume(name, "sh", "-c", f"cat >/pki/{file}", stdin=pem)

    def in_volume(self, name: str, *command: str, stdin: str = "") -> str:
        """Run a command as root with a user's volume of certificates at /pki; returns its stdout."""
        mount = ("--volume", f"{self.hub.project}-pki-{name}:/pki", "--user", "root", "--entrypoint", command[0])
        image = f"{self.hub.project}-host"
        command = ("run", "--rm", "--interactive", "--network", "none", *mount, image, *command[1:])
        return self.hub.docker(*command, stdin=stdin).stdout


@dataclass
class Notebook:
    """A user's server, asked by its REST API."""

    hub: Deployment
    name: str
    token: str

    def get(self, path: str) -> requests.Response:
        """GET an address below /api."""
        url = f"{self.hub.url}/user/{self.name}/api{path}"
        headers = {"Authorization": f"token {self.token}"}
        return requests.get(url, headers=headers, verify=False, timeout=HTTP_SECONDS)

    def start_session(self, kernel: str = "python3") -> requests.Response:
        """Open a notebook with a kernel; another one each time, because an open one has its kernel already."""
        name = f"{uuid.uuid4()}.ipynb"
        model = {"path": name, "name": name, "type": "notebook", "kernel": {"name": kernel}}
        headers = {"Authorization": f"token {self.token}"}
        url = f"{self.hub.url}/user/{self.name}/api/sessions"
        return requests.post(url, headers=headers, json=model, verify=False, timeout=HTTP_SECONDS)

    def kernels(self) -> list[str]:
        """What the launcher shows."""
        specs = self.get("/kernelspecs").json()["kernelspecs"]
        return [each["spec"]["display_name"] for each in specs.values()]

    def log(self) -> str:
        """What the server has written so far."""
        done = self.hub.docker("logs", self.hub.container(self.name))
        return done.stdout + done.stderr

    def run(self, code: str, *arguments: str) -> str:
        """Run the server's own Python in its container, as its user can in a terminal there; returns its stdout."""
        python = "/opt/jupyter/bin/python"
        return self.hub.docker("exec", self.hub.container(self.name), python, "-c", code, *arguments).stdout
