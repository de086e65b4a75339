"""Accounts of NativeAuthenticator: one for every user of the hub, so that no visitor can take such a name.

NativeAuthenticator authorises the first sign-up under the name of an administrator or of a listed user
(`get_authed_users` in its source). Here such a name has an account, with a random initial password, before the hub
opens its port.
"""

# JupyterHub's and NativeAuthenticator's tables do not say which types their columns have.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false, reportGeneralTypeIssues=false
import logging
from collections.abc import Iterable, Mapping, Set

from nativeauthenticator.orm import UserInfo
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.sign_in.native import passwords
from hub.sign_in.native.passwords import InitialPasswords

log = logging.getLogger(__name__)


def find(db: Session, name: str) -> UserInfo | None:
    """The account of `name`, read from the database again.

    The hub's sessions keep what they have read, and `make password` writes from another process.
    """
    return db.query(UserInfo).populate_existing().filter(UserInfo.username == name).first()


def exists(db: Session, name: str) -> bool:
    """Whether `name` has an account. Takes a third of the time of `find`: at each start, it is asked for every user."""
    return db.scalar(select(UserInfo.id).where(UserInfo.username == name).limit(1)) is not None


def authorised(db: Session) -> set[str]:
    """The names whose accounts are authorised."""
    return {name for (name,) in db.query(UserInfo.username).filter(UserInfo.is_authorized)}


def create(db: Session, name: str, hashed: bytes, authorized: bool = True) -> None:
    """Make an account. Committed at the end."""
    _add(db, name, hashed, authorized)
    db.commit()


def ensure(
    db: Session, names: Iterable[str], initial: InitialPasswords, chosen: Mapping[str, str] | None = None
) -> None:
    """Make an authorised account for each of `names` that has none, and keep its initial password.

    An account that is there is authorised: the userlist says who may sign in.

    Args:
        db: a session of the hub's database. Committed at the end.
        names: user names as JupyterHub writes them (lower case).
        initial: where initial passwords are kept.
        chosen: the passwords that the operator has set for some of them; these are not kept.
    """
    chosen = chosen or {}
    UserInfo.__table__.create(db.get_bind(), checkfirst=True)
    known = {account.username: account for account in db.query(UserInfo).populate_existing()}
    for name in names:
        if name in known:
            known[name].is_authorized = True
        elif name in chosen:
            _add(db, name, passwords.hash_password(chosen[name]))
        else:
            _add(db, name, initial.generate(name))
    db.commit()


def void_sign_ups(db: Session, names: Set[str]) -> None:
    """Delete the accounts of `names` that wait for approval. Committed at the end.

    A stranger may have signed up under a name before it was listed, and `ensure` would approve a listed name.
    """
    UserInfo.__table__.create(db.get_bind(), checkfirst=True)
    for account in db.query(UserInfo).filter(UserInfo.is_authorized.is_not(True)):
        if account.username in names:
            log.warning("%s is on the userlist now: the sign-up under that name was deleted", account.username)
            db.delete(account)
    db.commit()


def _add(db: Session, name: str, hashed: bytes, authorized: bool = True) -> None:
    db.add(UserInfo(username=name, password=hashed, is_authorized=authorized))


def set_password(db: Session, account: UserInfo, hashed: bytes, listed: bool = False) -> None:
    """Give an account the password with this hash; one of a listed name is authorised, too. Committed at the end."""
    account.password = hashed
    account.is_authorized |= listed
    db.commit()
