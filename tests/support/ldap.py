"""A directory for the tests: Debian's slapd in a container beside a deployment, with the people of servers/ldap."""

from __future__ import annotations

import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

from support.deployment import REPOSITORY, Deployment
from support.waiting import wait_for

BASE = "dc=example,dc=org"
PEOPLE = f"ou=people,{BASE}"
GUESTS = f"ou=guests,{BASE}"
ZOS = f"ou=zos,{BASE}"
CREW = f"cn=crew,ou=groups,{BASE}"
CAPTAINS = f"cn=captains,ou=groups,{BASE}"
LOOKUP_USER = f"cn=lookup,ou=services,{BASE}"
LOOKUP_PASSWORD = "pa$$word #1 of lookup"
ROOT = f"cn=root,{BASE}"
ROOT_PASSWORD = "the-root-of-it"
ALIAS = "ldap"
# A second name for the same container, which its certificate does not have.
OTHER_ALIAS = "directory"
START_SECONDS = 30


def password(uid: str) -> str:
    """The password of somebody in the directory."""
    return f"the password of {uid}"


def bind_names(log: str) -> list[str]:
    """The DNs that a part of slapd's log has sign-ins of, the empty one of an anonymous one included."""
    return re.findall(r' BIND dn="([^"]*)" method=128', log)


@dataclass
class LdapServer:
    """One directory; its data and its authority last as long as its container."""

    deployment: Deployment

    @classmethod
    def start(cls, deployment: Deployment) -> Self:
        """Build the image, start a directory on the deployment's network and return once it answers."""
        server = cls(deployment)
        deployment.run("scripts/secrets", "tokens")  # Compose reads no setting without the files that it names
        deployment.make("network")
        base = os.environ.get("BASE_IMAGE", "debian:trixie-slim")
        context = str(REPOSITORY / "tests/servers/ldap")
        image = f"{server.container}:test"
        deployment.docker("build", "--quiet", "--build-arg", f"BASE_IMAGE={base}", "--tag", image, context)
        network = deployment.settings["DOCKER_NETWORK_NAME"]
        names = ("--network", network, "--network-alias", ALIAS, "--network-alias", OTHER_ALIAS)
        # slapd makes room for as many connections as there may be files, gigabytes with the Engine's own limit.
        limits = ("--ulimit", "nofile=1024")
        deployment.docker("run", "--detach", "--name", server.container, *names, *limits, image)
        server.wait()
        return server

    @property
    def container(self) -> str:
        """The container's name: the project's, so that it is removed with the deployment."""
        return f"{self.deployment.project}-ldap"

    @property
    def address(self) -> str:
        """The IP address of the container; it may be another one after a new start."""
        template = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        return self.deployment.docker("inspect", "--format", template, self.container).stdout.strip()

    def ca(self) -> str:
        """The certificate of the authority that signed the directory's, PEM."""
        return self.run("cat", "/ca/ca.crt")

    def stop(self) -> None:
        """End it as an administrator would."""
        self.deployment.docker("stop", self.container)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.deployment.docker("kill", self.container)

    def start_again(self) -> None:
        """Start what was stopped or killed, and return once it answers."""
        self.deployment.docker("start", self.container)
        self.wait()

    @contextmanager
    def paused(self) -> Generator[None]:
        """Within it, connections are taken and nothing is answered."""
        self.deployment.docker("pause", self.container)
        try:
            yield
        finally:
            self.deployment.docker("unpause", self.container)

    @contextmanager
    def killed(self) -> Generator[None]:
        """Within it, nobody is there."""
        self.kill()
        try:
            yield
        finally:
            self.start_again()

    def wait(self) -> None:
        """Return once it answers."""
        wait_for(lambda: self.run("ldapwhoami", "-x", "-H", "ldap://localhost"), START_SECONDS, "the directory")

    def change(self, ldif: str) -> None:
        """Change the directory as its administrator: entries of LDIF are added unless they say `changetype`."""
        login = ("-x", "-H", "ldap://localhost", "-D", ROOT, "-w", ROOT_PASSWORD)
        self.deployment.docker("exec", "--interactive", self.container, "ldapmodify", "-a", *login, stdin=ldif)

    def add(self, uid: str) -> None:
        """Give somebody plain an entry."""
        attributes = {"objectClass": "inetOrgPerson", "cn": uid, "sn": uid, "userPassword": password(uid)}
        lines = [f"{name}: {value}\n" for name, value in attributes.items()]
        self.change(f"dn: uid={uid},{PEOPLE}\n{''.join(lines)}")

    def remove(self, uid: str) -> None:
        """Delete the entry of somebody plain."""
        self.change(f"dn: uid={uid},{PEOPLE}\nchangetype: delete\n")

    def join(self, group: str, member: str) -> None:
        """Put an entry into a group."""
        self.change(f"dn: {group}\nchangetype: modify\nadd: member\nmember: {member}\n")

    def leave(self, group: str, member: str) -> None:
        """Take an entry out of a group."""
        self.change(f"dn: {group}\nchangetype: modify\ndelete: member\nmember: {member}\n")

    def log(self) -> str:
        """What slapd says about each operation, from the beginning."""
        return self.deployment.docker("logs", self.container).stderr

    def run(self, *command: str) -> str:
        """Run a command in the container and return its stdout."""
        return self.deployment.docker("exec", self.container, *command).stdout
