"""Put the userlist into effect in the hub's database, before the hub opens its port.

The list is authoritative for every name that it ever had: a removed name is blocked, a name that lost `admin` is not an
administrator, and a name that lost a group is not in it. JupyterHub itself does none of this: `admin_users` and
`load_groups` only add (https://jupyterhub.readthedocs.io/en/stable/reference/api/auth.html). Users who were added in
the console and never listed stay as they are.
"""

# JupyterHub's and NativeAuthenticator's tables do not say which types their columns have.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false, reportGeneralTypeIssues=false
import json
import os
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from jupyterhub import orm
from sqlalchemy.orm import Session, selectinload

from hub.users.userlist import Member, groups_of

# What a user's `user_info` in the database says since the last sign-in: whether a rule of the provider admitted the
# user, the groups there, and those of them that made the user an administrator.
ADMITTED = "admitted"
PROVIDER_GROUPS = "provider_groups"
ADMIN_GROUPS = "admin_groups"


@dataclass(frozen=True)
class History:
    """Every name and every group that the userlist ever had."""

    names: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the history; it is empty where there is no file yet."""
        if not path.exists():
            return cls()
        data = json.loads(path.read_text())
        return cls(frozenset(data["names"]), frozenset(data["groups"]))

    def with_members(self, members: Mapping[str, Member]) -> Self:
        """The history with `members` added."""
        return type(self)(self.names | members.keys(), self.groups | groups_of(members.values()).keys())

    def save(self, path: Path) -> None:
        """Write the history: completely or not at all, also in a power failure."""
        partial = path.with_suffix(".partial")
        with partial.open("w") as file:
            json.dump({"names": sorted(self.names), "groups": sorted(self.groups)}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)

    def removed(self, members: Mapping[str, Member]) -> set[str]:
        """The names that were listed once and no longer are."""
        return set(self.names - members.keys())


def apply(db: Session, members: Mapping[str, Member], history: History, admin_groups: Set[str] = frozenset()) -> None:
    """Bring users, administrators, groups and tokens in `db` in line with the list.

    Args:
        db: a session of the hub's database. Committed at the end.
        members: the userlist.
        history: every name and group that it ever had, those of `members` included.
        admin_groups: the provider's groups whose members are administrators, too.
    """
    known = _Known(db)
    for user in known.users.values():
        if _marked(user, ADMIN_GROUPS) and not _marked(user, ADMIN_GROUPS) & admin_groups:
            known.set_admin(user, admin=False)
    for member in members.values():
        user = known.user(member.name)
        known.set_admin(user, member.admin or bool(_marked(user, ADMIN_GROUPS) & admin_groups))
        known.give_user_role(user)
        known.set_groups(user, member.groups, history.groups - _marked(user, PROVIDER_GROUPS))
    for name in history.removed(members) & known.users.keys():
        known.revoke(known.users[name])
    db.commit()


def seen(db: Session) -> set[str]:
    """The names of the users who have been active, which takes a sign-in or a token."""
    return {name for (name,) in db.query(orm.User.name).filter(orm.User.last_activity.is_not(None))}


def _marked(user: orm.User, mark: str) -> set[str]:
    return set((user.user_info or {}).get(mark, ()))


class _Known:
    """All users, groups and roles, read at once: a query for each name took a second for 200 of them."""

    def __init__(self, db: Session) -> None:
        self.db = db
        everyone = db.query(orm.User).options(selectinload(orm.User.roles), selectinload(orm.User.groups))
        self.users = {user.name: user for user in everyone}
        self.groups = {group.name: group for group in db.query(orm.Group)}
        self.roles = {role.name: role for role in db.query(orm.Role)}

    def user(self, name: str) -> orm.User:
        """The user of this name; a new one where there is none."""
        if name not in self.users:
            self.users[name] = orm.User(name=name)
            self.db.add(self.users[name])
        return self.users[name]

    def group(self, name: str) -> orm.Group:
        """The group of this name; a new one where there is none."""
        if name not in self.groups:
            self.groups[name] = orm.Group(name=name)
            self.db.add(self.groups[name])
        return self.groups[name]

    def set_admin(self, user: orm.User, admin: bool) -> None:
        role = self.roles.get("admin")
        if not admin and role in user.roles:
            user.roles.remove(role)
        user.admin = admin

    def give_user_role(self, user: orm.User) -> None:
        """JupyterHub gives this role at the first sign-in; `make token` may be earlier."""
        role = self.roles.get("user")
        if role is not None and role not in user.roles:
            user.roles.append(role)

    def set_groups(self, user: orm.User, wanted: frozenset[str], ever_listed: frozenset[str]) -> None:
        for group in list(user.groups):
            if group.name in ever_listed - wanted:
                user.groups.remove(group)
        for name in wanted - {group.name for group in user.groups}:
            user.groups.append(self.group(name))

    def revoke(self, user: orm.User) -> None:
        """Revoke every token and end every session. The hub itself stops the servers of blocked users."""
        for token in list(user.api_tokens):
            self.db.delete(token)
        user.cookie_id = orm.new_token()
        self.set_admin(user, admin=False)
