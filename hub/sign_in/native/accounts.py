"""Accounts of NativeAuthenticator: one for every user of the hub, so that no visitor can take such a name.

NativeAuthenticator authorises the first sign-up under the name of an administrator or of a listed user
(`get_authed_users` in its source). Here such a name has an account, with a random initial password, before the hub
opens its port.
"""

# JupyterHub's and NativeAuthenticator's tables do not say which types their columns have.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false, reportGeneralTypeIssues=false
import logging
from collections.abc import Iterable, Mapping

from nativeauthenticator.orm import UserInfo
from sqlalchemy.orm import Session

from hub.sign_in.native import passwords
from hub.sign_in.native.passwords import InitialPasswords

log = logging.getLogger(__name__)


def find(db: Session, name: str) -> UserInfo | None:
    """The account of `name`, read from the database again.

    The hub's sessions keep what they have read, and `make password` writes from another process.
    """
    return db.query(UserInfo).populate_existing().filter(UserInfo.username == name).first()


def create(db: Session, name: str, hashed: bytes, authorized: bool = True) -> None:
    """Make an account. Committed at the end."""
    db.add(UserInfo(username=name, password=hashed, is_authorized=authorized))
    db.commit()


def ensure(
    db: Session, names: Iterable[str], initial: InitialPasswords, chosen: Mapping[str, str] | None = None
) -> None:
    """Make an authorised account for each of `names` that has none, and keep its initial password.

    Args:
        db: a session of the hub's database. Committed after each account.
        names: user names as JupyterHub writes them (lower case).
        initial: where initial passwords are kept.
        chosen: the passwords that the operator has set for some of them; these are not kept.
    """
    chosen = chosen or {}
    UserInfo.__table__.create(db.get_bind(), checkfirst=True)
    new = {name: chosen.get(name) or passwords.generate() for name in names if find(db, name) is None}
    hashes = passwords.workers.map(passwords.hash_password, new.values())
    for (name, password), hashed in zip(new.items(), hashes, strict=True):
        if name not in chosen:
            initial.keep(name, password)
        create(db, name, hashed)


def void_sign_ups(db: Session, names: Iterable[str]) -> None:
    """Delete the accounts of `names` that wait for approval. Committed at the end.

    A stranger may have signed up under a name before it was listed, and an administrator would approve a listed name.
    """
    UserInfo.__table__.create(db.get_bind(), checkfirst=True)
    for name in names:
        account = find(db, name)
        if account and not account.is_authorized:
            log.warning("%s is on the userlist now: the sign-up under that name was deleted", name)
            db.delete(account)
    db.commit()


def set_password(db: Session, account: UserInfo, hashed: bytes) -> None:
    """Give an account the password with this hash."""
    account.password = hashed
    db.commit()
