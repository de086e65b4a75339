"""NativeAuthenticator 1.3, corrected for JupyterHub 6.

What is changed, and why, is in docs/people.md. Its table stays as it is.
"""

# JupyterHub's and NativeAuthenticator's tables do not say which types their columns have.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false, reportGeneralTypeIssues=false
import asyncio
from typing import Any

from jupyterhub import orm
from jupyterhub.handlers import BaseHandler
from nativeauthenticator import NativeAuthenticator
from nativeauthenticator.orm import UserInfo
from tornado import web

from hub import paths
from hub.sign_in.native import accounts, handlers, passwords
from hub.sign_in.native.lockout import SECONDS, Lockout
from hub.sign_in.native.passwords import InitialPasswords
from hub.users import userlist

LOCKED = f"Too many failed attempts. This name is locked for {SECONDS // 60} minutes."


class AccountAuthenticator(NativeAuthenticator):
    """Accounts in the hub's own database; the userlist or an administrator authorises them."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lockout = Lockout()
        passwords.workers.submit(passwords.unmatched_hash)  # else the first unknown name would take twice as long
        self.initial_passwords = InitialPasswords(paths.INITIAL_PASSWORDS)

    async def authenticate(self, handler: BaseHandler, data: dict[str, str]) -> str | None:
        """Return the name when the password is right and the account is authorised, None when it is wrong.

        An unknown name takes the same time as a known one, and the check runs in a thread of its own: in the hub's main
        thread, 16 concurrent attempts delayed every page by 2.2 s.

        Raises:
            tornado.web.HTTPError: 403 with a message for the form when the name is locked or not authorised yet.
        """
        name = self.normalize_username(data.get("username", ""))
        account = self.get_user(name)
        hashed = account.password if account else await _in_worker(passwords.unmatched_hash)
        if not self.lockout.admit(name, hashed):
            raise web.HTTPError(403, LOCKED)
        right = await _in_worker(passwords.matches, data.get("password", ""), hashed)
        if account is None or not right:
            return None
        self.lockout.succeeded(name)
        if not account.is_authorized:
            raise web.HTTPError(403, f"User {name} has not been authorized by an administrator yet.")
        return name

    def get_user(self, username: str) -> UserInfo | None:
        """The account of a name in any case."""
        return accounts.find(self.db, self.normalize_username(username))

    async def sign_up(self, username: str, password: str) -> tuple[str | None, str]:
        """Make an account for a new user.

        Returns:
            The reason why it was refused, or None; and the message for the user when it was not.
        """
        name = self.normalize_username(username.strip())
        reason = self._name_complaint(name) or passwords.complaint(password)
        if reason:
            return reason, ""
        hashed = await _in_worker(passwords.hash_password, password)
        if self._taken(name):  # another visitor may have taken it during the hash
            return self._name_complaint(name), ""
        accounts.create(self.db, name, hashed, self.open_signup)
        if self.open_signup:
            return None, "Your account is ready. You can sign in now."
        return None, "Your account is waiting for an administrator's approval. You can sign in after that."

    async def change_password(self, username: str, new_password: str) -> str | None:
        """Give `username` a new password. Returns the reason why it was refused, or None."""
        reason = passwords.complaint(new_password)
        if reason is None:
            hashed = await _in_worker(passwords.hash_password, new_password)
            accounts.set_password(self.db, self.get_user(username), hashed)
            self.initial_passwords.forget(self.normalize_username(username))
        return reason

    async def has_password(self, username: str, password: str) -> bool:
        """Whether this is the user's password. Counts towards the lock, like a sign-in."""
        account = self.get_user(username)
        if account is None or not self.lockout.admit(account.username, account.password):
            return False
        right = await _in_worker(passwords.matches, password, account.password)
        if right:
            self.lockout.succeeded(account.username)
        return right

    async def add_user(self, user: orm.User) -> None:
        """JupyterHub calls this for every user at its start, and for users added in the console.

        The latter need an account, too: without one, the first visitor could sign up under that name.
        """
        super().add_user(user)
        if self.get_user(user.name) is None:
            password = passwords.generate()
            hashed = await _in_worker(passwords.hash_password, password)
            self.initial_passwords.keep(user.name, password)
            accounts.create(self.db, user.name, hashed)

    def delete_user(self, user: orm.User) -> None:
        """Delete the account with the user."""
        self.initial_passwords.forget(user.name)
        super().delete_user(user)

    def validate_username(self, username: str) -> bool:
        """Whether a name follows the rules of the userlist, also one that is added in the console."""
        return userlist.complaint(username) is None

    def get_handlers(self, app: Any) -> list[tuple[str, type[BaseHandler]]]:
        """The pages of NativeAuthenticator, with ours in place of those that fail."""
        ours = handlers.REPLACED
        return [(path, ours.get(path, handler)) for path, handler in super().get_handlers(app)]

    def _taken(self, name: str) -> bool:
        known = self.user_exists(name) or orm.User.find(self.db, name)
        return bool(known) or name in self.blocked_users

    def _name_complaint(self, name: str) -> str | None:
        if reason := userlist.complaint(name):
            return f"This name cannot be used: {reason}"
        if "#" in name:  # NativeAuthenticator's link to approve alice#x leads to alice
            return 'User names cannot contain "#".'
        return "This user name is already in use. Choose another one." if self._taken(name) else None


async def _in_worker(function: Any, *args: Any) -> Any:
    return await asyncio.get_running_loop().run_in_executor(passwords.workers, function, *args)
