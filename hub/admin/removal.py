"""Remove users for `make user-remove`.

The running hub deletes them: it stops their servers, and would not notice a change of its database.
"""

# JupyterHub's and NativeAuthenticator's tables do not say which types their columns have.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false, reportGeneralTypeIssues=false
import time
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from urllib.error import HTTPError
from urllib.parse import quote

from jupyterhub import orm
from sqlalchemy.orm import Session

from hub.configuration import Configuration
from hub.errors import OperatorError
from hub.sign_in.native import accounts

TOKEN_SECONDS = 900
# How long a server may take to stop; the hub answers with status 400 meanwhile.
STOP_SECONDS = 90
PARALLEL = 4

type Delete = Callable[[str], int]


def remove(db: Session, names: Sequence[str], found: Configuration) -> None:
    """Delete users with their accounts, tokens and servers; their files stay.

    Args:
        db: a session of the hub's database. Committed at the end.
        names: user names, none of which is listed.
        found: the hub's configuration.

    Raises:
        OperatorError: some could not be deleted.
    """
    if listed := [name for name in names if name in found.members]:
        raise OperatorError(f"the hub's userlist has {' '.join(listed)}", "make build && docker compose up -d")
    admin = db.query(orm.User).filter_by(admin=True).filter(orm.User.name.not_in(names)).first()
    if admin is None:
        raise OperatorError("the hub has no administrator who could delete users", "make doctor")
    token = admin.new_api_token(note="make user-remove", expires_in=TOKEN_SECONDS)
    try:
        with ThreadPoolExecutor(PARALLEL) as pool:
            statuses = list(pool.map(deleter(found.hub.jupyterhub_base_url, token), names))
    finally:
        db.delete(orm.APIToken.find(db, token))
        db.commit()
    failed = [f"  {name}: status {status}" for name, status in zip(names, statuses, strict=True) if status >= 400]
    if failed:
        raise OperatorError(
            "the hub could not delete all users", "see what 'make logs' says, then try again", lines=failed
        )
    if found.sign_in.has_accounts:
        for name in names:
            remove_account(db, name)


def remove_account(db: Session, name: str) -> None:
    """Delete the account of a name that is no user of the hub: a sign-up. Committed at the end."""
    if account := accounts.find(db, name):
        db.delete(account)
        db.commit()


def deleter(base_url: str, token: str) -> Delete:
    """A function that deletes a user by the hub's API and returns the status; 204 also where there is none."""

    def delete(name: str) -> int:
        request = urllib.request.Request(
            f"http://127.0.0.1:8081{base_url}hub/api/users/{quote(name, safe='')}",
            method="DELETE",
            headers={"Authorization": f"token {token}"},
        )
        end = time.monotonic() + STOP_SECONDS
        while (status := _status(request)) == HTTPStatus.BAD_REQUEST and time.monotonic() < end:
            time.sleep(1)
        return HTTPStatus.NO_CONTENT if status == HTTPStatus.NOT_FOUND else status

    return delete


def _status(request: urllib.request.Request) -> int:
    try:
        with urllib.request.urlopen(request, timeout=STOP_SECONDS) as response:
            return response.status
    except HTTPError as error:
        return error.code
    except OSError as error:
        raise OperatorError(f"the hub does not answer: {error}", "make doctor") from None
