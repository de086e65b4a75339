"""The users, as the hub and its database know them: for host/users.py, which adds what the Docker host knows."""

# JupyterHub's and NativeAuthenticator's tables do not say which types their columns have.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false, reportGeneralTypeIssues=false
from collections.abc import Iterator, Set
from datetime import datetime
from typing import Any

from jupyterhub import orm
from nativeauthenticator.orm import UserInfo
from sqlalchemy.orm import Session

from hub import paths
from hub.configuration import Configuration
from hub.servers import stale
from hub.sign_in.native import accounts
from hub.sign_in.native.passwords import InitialPasswords
from hub.users.roster import History


def known(db: Session, found: Configuration) -> dict[str, Any]:
    """All in one, for JSON.

    Returns:
        `users`: what `rows` yields. `listed`: the names in the userlist. `administrators`: the names of those who can
        sign in, as far as the hub knows. And `origin`: the labels that a server would get now.
    """
    native = found.sign_in.has_accounts
    initial = InitialPasswords(paths.INITIAL_PASSWORDS).all() if native else {}
    removed = History.load(paths.HISTORY).removed(found.members)
    return {
        "users": list(rows(db, initial, removed, native)),
        "listed": list(found.members),
        "administrators": sorted(administrators(db, native) - removed),
        "origin": stale.labels(found),
    }


def administrators(db: Session, native: bool = True) -> set[str]:
    """The administrators; with `native`, those whose accounts are authorised."""
    admins = {name for (name,) in db.query(orm.User.name).filter_by(admin=True)}
    return admins & accounts.authorised(db) if native else admins


def rows(db: Session, initial: dict[str, str], removed: Set[str], native: bool = True) -> Iterator[dict[str, Any]]:
    """Yield everyone whom the hub knows or, with `native`, who waits for approval, in order of their names.

    Args:
        db: a session of the hub's database.
        initial: initial passwords that are still in use, by name.
        removed: names that the userlist had once and has no longer.
        native: whether the accounts are in that database.
    """
    users = {user.name: user for user in db.query(orm.User)}
    infos = {info.username: info for info in db.query(UserInfo)} if native else {}
    for name in sorted(users.keys() | infos.keys()):
        user = users.get(name)
        yield {
            "name": name,
            "admin": bool(user and user.admin),
            "groups": sorted(group.name for group in user.groups) if user else [],
            "last_activity": _minute(user.last_activity) if user else "",
            "running": bool(user and any(spawner.server for spawner in user.orm_spawners.values())),
            "initial_password": initial.get(name, ""),
            "note": _note(name, infos.get(name), removed),
        }


def _minute(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M") if moment else "never"


def _note(name: str, info: UserInfo | None, removed: Set[str]) -> str:
    if name in removed:
        return "removed from the userlist"
    return "waits for approval" if info and not info.is_authorized else ""
