"""`make user-remove`: users who have left, with accounts, tokens and servers, and with or without their files."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from host import users, volumes
from host.engine import Host
from host.users import named, of_group
from host.volumes import Volume
from hub import names
from hub.errors import OperatorError
from hub.names import USER_LABEL

HEADS = ("USER", "GROUPS", "LAST ACTIVITY", "SERVER", "FILES")
HOW = "make user-remove USER=name, GROUP=name, or LEFT=1 for all who were removed from the userlist"
REMOVED = "removed from the userlist"
KEEP, DELETE = "keep", "delete"


@dataclass(frozen=True)
class Leaver:
    """A user who is going to be removed, as the hub knows them, and their volumes."""

    user: Mapping[str, Any]
    volumes: tuple[Volume, ...]

    @property
    def name(self) -> str:
        """The user name."""
        return self.user["name"]

    @property
    def line(self) -> tuple[str, ...]:
        """What the person who decides sees: one line below HEADS."""
        server = "running" if self.user["running"] else ""
        return (
            self.name,
            " ".join(self.user["groups"]),
            self.user["last_activity"],
            server,
            volumes.describe(self.volumes),
        )


def show(host: Host, arguments: Sequence[str]) -> None:
    """Print who would be removed.

    Raises:
        OperatorError: there is no such user, or a user is still listed.
    """
    print(users.columns([HEADS, *(each.line for each in leavers(host, named(arguments)))], "   "))


def run(host: Host, arguments: Sequence[str]) -> None:
    """Remove users; with HOMES=delete also their volumes.

    Raises:
        OperatorError: they cannot be removed, or HOMES says neither keep nor delete.
    """
    options = named(arguments)
    homes = options.get("HOMES", "")
    if homes not in (KEEP, DELETE):
        raise OperatorError(f"HOMES is {homes!r}; expected {KEEP} or {DELETE}", f"add HOMES={KEEP} or HOMES={DELETE}")
    leaving = leavers(host, options)
    host.in_hub("python", "-m", "hub.admin", "remove", " ".join(each.name for each in leaving))
    gone = {each.name for each in leaving}
    for container in host.servers(all=True):  # one that the hub had forgotten
        if container.labels[USER_LABEL] in gone:
            container.remove(force=True)
    deleted = [volume.name for each in leaving for volume in each.volumes if homes == DELETE]
    for name in deleted:
        host.client.volumes.get(name).remove()
    files = (
        f"Deleted {len(deleted)} volumes with their files" if homes == DELETE else "Their files stay in their volumes"
    )
    print(f"==> Removed users: {len(leaving)}. {files}. Next: make users", file=sys.stderr)


def leavers(host: Host, options: Mapping[str, str]) -> list[Leaver]:
    """The users that USER, GROUP or LEFT stands for.

    Raises:
        OperatorError: it stands for no user, or for one who is still listed.
    """
    if sum(bool(options.get(name)) for name in ("USER", "GROUP", "LEFT")) != 1:
        raise OperatorError("expected exactly one of USER, GROUP and LEFT", HOW)
    known = host.hub_users()
    by_owner: dict[str, list[Volume]] = {}
    for volume in volumes.of_users(host):
        by_owner.setdefault(volume.user(host.project), []).append(volume)
    found = chosen(known["users"], options, by_owner.keys())
    refuse_listed([user["name"] for user in found], host.found.members, known["listed"])
    return [Leaver(user, tuple(by_owner.get(names.escaped(user["name"]), ()))) for user in found]


def chosen(known: Sequence[Mapping[str, Any]], options: Mapping[str, str], owners: Any) -> list[Mapping[str, Any]]:
    """Those of the hub's users who are meant, or a name of which only a volume is left.

    Raises:
        OperatorError: there is no such user.
    """
    if group := options.get("GROUP", ""):
        return of_group(known, group)
    if options.get("LEFT"):
        found = [user for user in known if user["note"] == REMOVED]
        if not found:
            raise OperatorError("no user of the hub was removed from the userlist", HOW)
        return found
    name = options["USER"].lower()
    if found := [user for user in known if user["name"] == name]:
        return found
    if names.escaped(name) in owners:
        return [{"name": name, "groups": [], "last_activity": "", "running": False}]
    raise OperatorError(f"there is no user {name!r}, and no volume of one", "choose a name that 'make users' shows")


def refuse_listed(wanted: Sequence[str], written: Mapping[str, Any], running: Sequence[str]) -> None:
    """See that none of the names is in the userlist, neither as it is written nor as the running hub has it.

    Raises:
        OperatorError: with the names.
    """
    apply = "make build && docker compose up -d"
    if listed := [name for name in wanted if name in written]:
        fix = f"delete the lines with these names, then run: {apply}, and repeat this command"
        raise OperatorError(f"userlist still has {' '.join(listed)}", fix)
    if listed := [name for name in wanted if name in running]:
        raise OperatorError(
            f"the hub still has the userlist with {' '.join(listed)}", f"{apply}, then repeat this command"
        )
