"""Authorities with ACME for the tests: Let's Encrypt's pebble in a container beside a deployment."""

from __future__ import annotations

import re
import ssl
from typing import Self

from support.beside import Beside
from support.deployment import Deployment
from support.waiting import wait_for

PORT = 14000
ROOT = "https://localhost:15000/roots/0"
START_SECONDS = 30
# Names in the place of the public DNS: the proxy has the first; at the other nothing listens.
DOMAIN = "hub.example.test"
CLOSED = "closed.example.test"
OVERLAY = f"""
services:
  proxy:
    networks:
      letsencrypt: {{aliases: [{DOMAIN}]}}
  letsencrypt:
    command: [serve, "10"]
networks:
  letsencrypt: {{name: "NETWORK", external: true}}
"""


class Authority(Beside):
    """One authority; its accounts and its root last as long as its container."""

    @classmethod
    def start(cls, deployment: Deployment, name: str, days: int) -> Self:
        """Start an authority and return once it answers; its certificates are valid for so many days."""
        authority = cls(deployment, name)
        deployment.docker("network", "create", authority.network, check=False)  # the second one finds it there
        alias = ("--network-alias", f"{name}.{CLOSED}")
        authority.run_from("pebble", "--hostname", name, *alias, "--env", f"VALIDITY_SECONDS={days * 24 * 3600}")
        wait_for(authority.root, START_SECONDS, f"the authority {name}")
        return authority

    @property
    def network(self) -> str:
        """One with the proxy and the service `letsencrypt`, as the internet is."""
        return f"{self.deployment.project}-internet"

    @property
    def overlay(self) -> str:
        """What Compose has to read beside the example's file: names, and a renewal when 10 s have passed."""
        return OVERLAY.replace("NETWORK", self.network)

    @property
    def directory(self) -> str:
        """What ACME_SERVER is for it."""
        return f"https://{self.name}:{PORT}/dir"

    @property
    def closed(self) -> str:
        """A name that leads to a machine with no port 80."""
        return f"{self.name}.{CLOSED}"

    def root(self) -> str:
        """The root of the certificates that it signs, PEM."""
        return self.run("curl", "--silent", "--fail", "--cacert", "/ca/ca.crt", ROOT)

    def trusting(self) -> ssl.SSLContext:
        """What a client has that trusts this authority and no other."""
        return ssl.create_default_context(cadata=self.root())

    def log(self) -> str:
        """What it has done so far."""
        result = self.deployment.docker("logs", self.container)
        return result.stdout + result.stderr

    def orders(self) -> int:
        """How often a certificate was ordered."""
        return len(re.findall("Added order ", self.log()))
