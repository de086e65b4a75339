"""What `make users`, `make password`, `make token` and the end of `make up` do, in the hub's container.

Usage:
    python -m hub.people list              on stdin, what the Docker host knows: see scripts/users
    python -m hub.people stale             whose servers a restart would change; on stdin, what scripts/servers prints
    python -m hub.people welcome           where to sign in, who the first administrator is, and how; reads what
                                           `docker compose config --format json` prints
    python -m hub.people password NAME     set and print a new one
    python -m hub.people token [NAME]      make and print an API token, of an administrator unless NAME is given
    python -m hub.people pki NAME          the volume of a client certificate, and the names of the three files in it
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from datetime import datetime

from jupyterhub import orm
from nativeauthenticator.orm import UserInfo
from sqlalchemy.orm import Session

from host import disk_use
from host.report import HostReport
from hub import paths
from hub.admin.address import public_address
from hub.gateway import servers as gateway_servers
from hub.gateway import settings as gateway_settings
from hub.servers import stale
from hub.sign_in.native import accounts, passwords
from hub.sign_in.native.passwords import InitialPasswords
from hub.sign_in.oauth_settings import CALLBACK_PATH, OAuthProviderSettings
from hub.sign_in.settings import NativeSettings
from hub.users import userlist
from hub.users.roster import History

COLUMNS = ("name", "admin", "groups", "last activity (UTC)", "server", "files", "initial password", "note")
NOTHING = HostReport()


def rows(
    db: Session,
    initial: dict[str, str],
    removed: set[str],
    native: bool = True,
    host: HostReport = NOTHING,
) -> Iterator[tuple[str, ...]]:
    """One row for everybody whom the hub knows or, with `native`, who waits for approval, by name; see COLUMNS."""
    users = {user.name: user for user in db.query(orm.User)}
    infos = {info.username: info for info in db.query(UserInfo)} if native else {}
    for name in sorted(users.keys() | infos.keys()):
        user = users.get(name)
        yield (
            name,
            "admin" if user and user.admin else "",
            " ".join(sorted(group.name for group in user.groups)) if user else "",
            _minute(user.last_activity) if user else "",
            "running" if user and any(spawner.server for spawner in user.orm_spawners.values()) else "",
            disk_use.describe(host.volumes_of(name)),
            initial.get(name, ""),
            _note(name, infos.get(name), removed) or ", ".join(host.notes(name)),
        )


def table(lines: list[tuple[str, ...]]) -> str:
    """Columns of equal width, headed by COLUMNS; a column without a value in any line is left out."""
    used = [index for index, _ in enumerate(COLUMNS) if any(line[index] for line in lines)]
    picked = [[line[index] for index in used] for line in (COLUMNS, *lines)]
    widths = [max(len(line[column]) for line in picked) for column in range(len(used))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in picked
    )


def set_password(db: Session, name: str, initial: InitialPasswords) -> str:
    """Give `name` a new random password, which counts as an initial one until it is changed.

    Raises:
        LookupError: nobody of that name has an account.
    """
    account = accounts.find(db, name.strip().lower())
    if account is None:
        raise LookupError(name)
    password = passwords.generate()
    initial.keep(account.username, password)
    accounts.set_password(db, account, passwords.hash_password(password))
    return password


def new_token(db: Session, name: str) -> str:
    """Make an API token with all that the user may do.

    Args:
        db: a session of the hub's database.
        name: the user; empty for any administrator.

    Raises:
        LookupError: there is no such user.
    """
    users = db.query(orm.User).order_by(orm.User.id)
    user = (users.filter_by(name=name.lower()) if name else users.filter_by(admin=True)).first()
    if user is None:
        raise LookupError(name)
    return user.new_api_token(note="make token")


def _minute(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M") if moment else "never"


def _note(name: str, info: UserInfo | None, removed: set[str]) -> str:
    if name in removed:
        return "removed from the userlist"
    return "waits for approval" if info and not info.is_authorized else ""


def _list(db: Session, _: str) -> str:
    values, sign_in = settings.load(os.environ)
    members = userlist.load(paths.USERLIST, values.jupyterhub_admin)
    removed = History.load(paths.HISTORY).removed(members)
    native = isinstance(sign_in, NativeSettings)
    initial = InitialPasswords(paths.INITIAL_PASSWORDS).all() if native else {}
    host = HostReport.read(sys.stdin, values, gateway_settings.load(os.environ))
    lines = list(rows(db, initial, removed, native, host))
    return "\n\n".join(filter(None, (table(lines), host.left_over(line[0] for line in lines))))


def _stale(_: Session, __: str) -> str:
    values, _sign_in = settings.load(os.environ)
    host = HostReport.read(sys.stdin, values, gateway_settings.load(os.environ))
    return stale.sentence(host.servers)


def _welcome(_: Session, __: str) -> str:
    values, sign_in = settings.load(os.environ)
    admin = values.jupyterhub_admin
    address = public_address(values, json.load(sys.stdin))
    if isinstance(sign_in, OAuthProviderSettings):  # from another address nobody would find the way back
        address = sign_in.oauth_callback_url.removesuffix(CALLBACK_PATH)
    lines = [("Address", address), ("Administrator", admin or "see make users")]
    if isinstance(sign_in, NativeSettings):
        initial = InitialPasswords(paths.INITIAL_PASSWORDS).all().get(admin.lower())
        lines.append(("Initial password", initial or f"the one you set (lost? make password USER={admin})"))
    else:
        lines.append(("Signing in", f"with {values.jupyterhub_authenticator}"))
    return "\n".join(f"  {title:<17} {value}" for title, value in lines)


def _administrator(db: Session) -> str:
    """JUPYTERHUB_ADMIN, or nobody when the hub does not know that name yet."""
    name = settings.load(os.environ)[0].jupyterhub_admin.lower()
    return name if orm.User.find(db, name) else ""


def _password(db: Session, name: str) -> str:
    values, sign_in = settings.load(os.environ)
    if not isinstance(sign_in, NativeSettings):
        sys.exit(
            f"FAIL: people sign in with {values.jupyterhub_authenticator}: their passwords are not here.\n"
            "      To mend it: change the password there."
        )
    return set_password(db, name, InitialPasswords(paths.INITIAL_PASSWORDS))


def _pki(db: Session, name: str) -> str:
    values, _ = settings.load(os.environ)
    gateway = gateway_settings.load(os.environ)
    if not gateway.wants_certificates:
        sys.exit(
            "FAIL: no client certificates are wanted: KG_URL, CLIENT_KEY, CLIENT_CERT and CLIENT_CA are not set.\n"
            "      To mend it: set them as in examples/kernel-gateway/README.md, then: docker compose up -d"
        )
    user = orm.User.find(db, name.strip().lower())
    if user is None:
        raise LookupError(name)
    volume = gateway_servers.volume(values.compose_project_name, user.name)
    return " ".join((volume, gateway.client_key, gateway.client_cert, gateway.client_ca))


VERBS: dict[str, Callable[[Session, str], str]] = {
    "list": _list,
    "stale": _stale,
    "welcome": _welcome,
    "password": _password,
    "pki": _pki,
    "token": lambda db, name: new_token(db, name or _administrator(db)),
}


def main(verb: str, name: str = "") -> None:
    """Entry point: print what the verb returns, alone on stdout."""
    os.umask(0o077)
    if verb == "password" and not name:
        sys.exit("FAIL: whose password?\n      To mend it: make password USER=name")
    try:
        with orm.new_session_factory(paths.DATABASE)() as db:
            print(VERBS[verb](db, name))
    except LookupError:
        sys.exit(f"FAIL: there is no user {name!r}.\n      To mend it: 'make users' shows everybody.")


if __name__ == "__main__":
    main(*sys.argv[1:])
