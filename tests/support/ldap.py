"""Signing in with a directory: Debian's slapd in a container beside a deployment, with the users of servers/ldap."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Self

from support.deployment import Deployment
from support.sign_in import FormSignIn, ProviderWithAdmins
from support.waiting import wait_for

BASE = "dc=example,dc=org"
PEOPLE = f"ou=people,{BASE}"
GUESTS = f"ou=guests,{BASE}"
ZOS = f"ou=zos,{BASE}"
CREW = f"cn=crew,ou=groups,{BASE}"
CAPTAINS = f"cn=captains,ou=groups,{BASE}"
ENGINEERS = f"cn=engineers,ou=groups,{BASE}"
OFFICERS = f"cn=officers,ou=groups,{BASE}"
LOOKUP_USER = f"cn=lookup,ou=services,{BASE}"
LOOKUP_PASSWORD = "pa$$word #1 of lookup"
ROOT = f"cn=root,{BASE}"
ROOT_PASSWORD = "the-root-of-it"
ALIAS = "ldap"
# A second name for the same container, which its certificate does not have.
OTHER_ALIAS = "directory"
START_SECONDS = 30


def bind_names(log: str) -> list[str]:
    """The DNs of the sign-ins in a part of slapd's log; empty for an anonymous one."""
    return re.findall(r' BIND dn="([^"]*)" method=128', log)


class LdapServer(FormSignIn, ProviderWithAdmins):
    """One directory; its data and its authority last as long as its container."""

    authenticator = "ldap"
    secrets = (LOOKUP_PASSWORD,)

    @classmethod
    def start(cls, deployment: Deployment) -> Self:
        """Start a directory on the deployment's network and return once it answers."""
        server = cls(deployment, ALIAS)
        # slapd makes room for as many connections as there may be files, gigabytes with the Engine's own limit.
        server.run_from("ldap", "--network-alias", OTHER_ALIAS, "--ulimit", "nofile=1024")
        server.wait()
        return server

    @property
    def asks_again(self) -> bool:
        """See Provider: a search needs no password of the user."""
        return bool(self.plain.get("LDAP_USER_SEARCH_BASE"))

    def use(self, **settings: str) -> None:
        """See SignIn; the password of LDAP_LOOKUP_USER is given where there is one."""
        user = (self.plain | settings).get("LDAP_LOOKUP_USER")
        self.deployment.write("secrets/ldap.env", f"LDAP_LOOKUP_PASSWORD='{LOOKUP_PASSWORD}'\n" if user else "")
        super().use(**settings)

    def password(self, name: str) -> str:
        return f"the password of {name}"

    @contextmanager
    def away(self) -> Generator[None]:
        """See Provider: it ends as in a power cut."""
        self.deployment.docker("kill", self.container)
        try:
            yield
        finally:
            self.deployment.docker("start", self.container)
            self.wait()

    def wait(self) -> None:
        """Return once it answers."""
        wait_for(lambda: self.run("ldapwhoami", "-x", "-H", "ldap://localhost"), START_SECONDS, "the directory")

    def change(self, ldif: str) -> None:
        """Change the directory as its administrator: entries of LDIF are added unless they say `changetype`."""
        login = ("-x", "-H", "ldap://localhost", "-D", ROOT, "-w", ROOT_PASSWORD)
        self.deployment.docker("exec", "--interactive", self.container, "ldapmodify", "-a", *login, stdin=ldif)

    def enable(self, name: str) -> None:
        """See Provider: there is an entry again."""
        entry = {
            "objectClass": "inetOrgPerson",
            "uid": name,
            "cn": name,
            "sn": name,
            "userPassword": self.password(name),
        }
        self.change("\n".join(f"{key}: {value}" for key, value in ({"dn": _dn(name)} | entry).items()))

    def disable(self, name: str) -> None:
        """See Provider: the entry is deleted."""
        self.change(f"dn: {_dn(name)}\nchangetype: delete\n")

    def join(self, name: str, group: str = ENGINEERS) -> None:
        self.change(f"dn: {group}\nchangetype: modify\nadd: member\nmember: {_dn(name)}\n")

    def leave(self, name: str, group: str = ENGINEERS) -> None:
        self.change(f"dn: {group}\nchangetype: modify\ndelete: member\nmember: {_dn(name)}\n")

    def join_admins(self, name: str) -> None:
        self.join(name, OFFICERS)

    def leave_admins(self, name: str) -> None:
        self.leave(name, OFFICERS)

    def log(self) -> str:
        """What slapd says about each operation, from the beginning."""
        return self.deployment.docker("logs", self.container).stderr


def _dn(name: str) -> str:
    return f"uid={name},{PEOPLE}"
