"""A directory for the tests: Debian's slapd in a container beside a deployment, with the people of servers/ldap."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Self

from support.beside import Beside
from support.deployment import Deployment
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


class LdapServer(Beside):
    """One directory; its data and its authority last as long as its container."""

    @classmethod
    def start(cls, deployment: Deployment) -> Self:
        """Start a directory on the deployment's network and return once it answers."""
        server = cls(deployment, ALIAS)
        # slapd makes room for as many connections as there may be files, gigabytes with the Engine's own limit.
        server.run_from("ldap", "--network-alias", OTHER_ALIAS, "--ulimit", "nofile=1024")
        server.wait()
        return server

    def kill(self) -> None:
        """End it as a power cut would."""
        self.deployment.docker("kill", self.container)

    def start_again(self) -> None:
        """Start what was killed, and return once it answers."""
        self.deployment.docker("start", self.container)
        self.wait()

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
