"""What `make users`, `make password`, `make token` and `make user-remove` run in the hub's container.

Usage:
    python -m hub.admin users            prints JSON: see hub/admin/users.py
    python -m hub.admin password NAME    sets and prints a new password
    python -m hub.admin token [NAME]     makes and prints an API token, of an administrator unless NAME is given
    python -m hub.admin remove NAMES     deletes users, their accounts, tokens and servers
    python -m hub.admin homes            records that users' volumes are their homes: see hub/homes.py
"""

# JupyterHub's and NativeAuthenticator's tables do not say which types their columns have.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false, reportGeneralTypeIssues=false
import json
import os
import sys
from collections.abc import Callable, Set

from jupyterhub import orm
from sqlalchemy.orm import Session

from hub import configuration, errors, homes, paths
from hub.admin import removal, users
from hub.errors import OperatorError
from hub.settings.hub import HOME
from hub.sign_in.native import accounts, passwords
from hub.sign_in.native.passwords import InitialPasswords


class UnknownUserError(OperatorError):
    """There is no user of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no user {name!r}", "choose a name that 'make users' shows")


def set_password(db: Session, name: str, initial: InitialPasswords, listed: Set[str] = frozenset()) -> str:
    """Give a user a new random password, which counts as an initial one until the user changes it.

    Args:
        db: a session of the hub's database. Committed at the end.
        name: the user.
        initial: where initial passwords are kept.
        listed: the names of the userlist. Their accounts are authorised, and made where they are missing.

    Raises:
        UnknownUserError: no account has that name, and it is not listed.
    """
    name = name.strip().lower()
    account = accounts.find(db, name)
    if account is None and name not in listed:
        raise UnknownUserError(name)
    password = passwords.generate()
    initial.keep(name, password)
    hashed = passwords.hash_generated(password)
    if account is None:  # an administrator has deleted the user in the console
        accounts.create(db, name, hashed)
    else:
        accounts.set_password(db, account, hashed, listed=name in listed)
    return password


def new_token(db: Session, name: str) -> str:
    """Make an API token with all rights of a user.

    Args:
        db: a session of the hub's database.
        name: the user; empty for any administrator.

    Raises:
        UnknownUserError: there is no such user.
    """
    known = db.query(orm.User).order_by(orm.User.id)
    user = (known.filter_by(name=name.lower()) if name else known.filter_by(admin=True)).first()
    if user is None:
        raise UnknownUserError(name)
    return user.new_api_token(note="make token")


def _users(db: Session, _: str) -> str:
    return json.dumps(users.known(db, configuration.of_this_process()))


def _password(db: Session, name: str) -> str:
    found = configuration.of_this_process()
    if not name:
        raise OperatorError("no user was named", "make password USER=name")
    if not found.sign_in.has_accounts:
        raise OperatorError(
            f"users sign in with {found.hub.jupyterhub_authenticator}, and their passwords are there",
            "change the password there",
        )
    return set_password(db, name, InitialPasswords(paths.INITIAL_PASSWORDS), found.members.keys())


def _token(db: Session, name: str) -> str:
    first = configuration.of_this_process().hub.jupyterhub_admin.lower()
    return new_token(db, name or (first if orm.User.find(db, first) else ""))


def _remove(db: Session, names: str) -> str:
    removal.remove(db, names.split(), configuration.of_this_process())
    return ""


def _homes(_: Session, __: str) -> str:
    if configuration.of_this_process().keeps_home:
        raise OperatorError("users' homes are on the Docker host, and are kept already", "nothing is to be done")
    given = os.environ.get(homes.SETTING)
    if given and given != HOME:
        raise OperatorError(
            f"{homes.SETTING} is {given!r} in .env",
            f"leave {homes.SETTING} empty in .env, run: docker compose up -d, then again: make homes",
        )
    homes.record(HOME)
    return f"From their next start on, users' servers have the volume as their home, {HOME}."


VERBS: dict[str, Callable[[Session, str], str]] = {
    "users": _users,
    "password": _password,
    "token": _token,
    "remove": _remove,
    "homes": _homes,
}


def main(verb: str, name: str = "") -> None:
    """Print what the verb returns, alone on stdout.

    Raises:
        OperatorError: it cannot be done.
    """
    os.umask(0o077)
    with orm.new_session_factory(paths.DATABASE)() as db:
        print(VERBS[verb](db, name))


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
