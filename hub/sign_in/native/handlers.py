"""The pages of NativeAuthenticator whose own code fails on JupyterHub 6, blocks the hub, or changes data on a GET.

Of these defects of NativeAuthenticator 1.3, one has an issue upstream, the change of a password that ends with status
500: https://github.com/jupyterhub/nativeauthenticator/issues/256. Try each page without its handler from 2027-06-01 on:
the tests of native accounts fail while it is needed.
"""

# JupyterHub's and NativeAuthenticator's tables do not say which types their columns have.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
from typing import Any
from urllib.parse import quote

from jupyterhub import orm
from jupyterhub.handlers import BaseHandler
from jupyterhub.scopes import needs_scope
from nativeauthenticator import handlers as native
from nativeauthenticator.orm import UserInfo
from tornado import web

from hub.sign_in.form import FormHandler
from hub.sign_in.native import passwords


class _AccountPage(native.LocalBase):
    """A page with a form for a password."""

    @property
    def template_namespace(self) -> dict[str, Any]:
        """What the page may show: also the rules that a password has to follow."""
        return super().template_namespace | {"password_rules": passwords.RULES}


class LoginHandler(FormHandler, native.LoginHandler):
    """Sign in. The original's `post` needs `statsd`, which JupyterHub 6 does not have: every login failed with 500."""

    def _render(self, login_error: str | None = None, username: str | None = None, **context: Any) -> Any:
        """JupyterHub's form; the original's loses the name after a refusal."""
        if self.authenticator.enable_signup:
            context["signup_url"] = f"{self.hub.base_url}signup"
        return FormHandler._render(self, login_error, username, **context)


class SignUpHandler(_AccountPage, native.SignUpHandler):
    """Sign up. The original hashes in the hub's main thread, and fails with 500 for more than 72 bytes."""

    async def post(self) -> None:
        """Make the account, or say what is wrong with the name or the password."""
        if not self.authenticator.enable_signup:
            raise web.HTTPError(404)
        name = self.get_body_argument("username")
        password = self.get_body_argument("signup_password", strip=False)
        if password != self.get_body_argument("signup_password_confirmation", strip=False):
            reason, message = "The two passwords are not the same.", ""
        else:
            reason, message = await self.authenticator.sign_up(name, password)
        await _answer(self, "signup.html", reason, message, username=name)


class ChangePasswordHandler(_AccountPage, native.ChangePasswordHandler):
    """A user's own password."""

    @web.authenticated
    async def post(self) -> None:
        """Change it, or say why not."""
        name = self.current_user.name
        old = self.get_body_argument("old_password", strip=False)
        if not await self.authenticator.has_password(name, old):
            reason = "This is not your current password."
        elif self.get_body_argument("new_password", strip=False) == old:
            reason = "The new password is the same as the current one. Choose another one."
        else:
            reason = await change_password(self, name)
        await _answer(self, "change-password.html", reason, "Your password is changed.", user_name=name)


class ChangePasswordAdminHandler(_AccountPage, native.ChangePasswordAdminHandler):
    """Another user's password, changed by an administrator."""

    @needs_scope("admin:users")
    async def post(self, user_name: str) -> None:
        """Change it, or say why not."""
        if not self.authenticator.user_exists(user_name):
            raise web.HTTPError(404)
        reason = await change_password(self, user_name)
        message = f"The password of {user_name} is changed."
        await _answer(self, "change-password-admin.html", reason, message, user_name=user_name)


class _AccountsPage(native.LocalBase):
    """What the pages about the accounts share. A GET of theirs changes nothing."""

    def account(self, name: str) -> UserInfo:
        """The account of `name`.

        Raises:
            tornado.web.HTTPError: 404 when there is none.
        """
        account = self.authenticator.get_user(name)
        if account is None:
            raise web.HTTPError(404, f"There is no account {name}.")
        return account

    async def show(self, refused: str = "") -> None:
        """Show all accounts, those that wait for approval first; above them the reason why a change was refused."""
        every = self.db.query(UserInfo).populate_existing().order_by(UserInfo.is_authorized, UserInfo.username)
        context = {"accounts": every.all(), "listed": self.authenticator.listed_users, "refused": refused}
        self.set_status(409 if refused else 200)
        self.finish(await self.render_template("authorization-area.html", **context))

    def back(self, name: str = "") -> None:
        """Redirect to all accounts, and to the place of `name` there."""
        self.redirect(f"{self.hub.base_url}authorize#{quote(name)}")


class AuthorizationAreaHandler(_AccountsPage):
    """All accounts."""

    @needs_scope("admin:users")
    async def get(self) -> None:
        """Show them."""
        await self.show()


class AuthorizeHandler(_AccountsPage):
    """Approve an account, or withdraw the approval."""

    @needs_scope("admin:users")
    async def get(self, name: str) -> None:
        """Show all accounts: NativeAuthenticator changed the approval here."""
        self.back()

    @needs_scope("admin:users")
    async def post(self, name: str) -> None:
        """Set the approval to the field `authorized`, "yes" or "no", or say why not."""
        account = self.account(name)
        authorized = self.get_body_argument("authorized") == "yes"
        refused = None if authorized else self.authenticator.refusal(account, self.current_user.name)
        if refused:
            await self.show(refused)
            return
        account.is_authorized = authorized
        self.db.commit()
        self.back(account.username)


class DiscardHandler(_AccountsPage):
    """Delete an account that waits for approval."""

    @needs_scope("admin:users")
    async def get(self, name: str) -> None:
        """Ask first."""
        self.finish(await self.render_template("discard-account.html", account=self.account(name)))

    @needs_scope("admin:users")
    async def post(self, name: str) -> None:
        """Delete the account, and its user where there is one, or say why not."""
        account = self.account(name)
        user = self.find_user(account.username)
        if account.is_authorized:
            await self.show(f"{name} can sign in. Only an account that waits for approval can be discarded.")
        elif user is not None and user.active:
            await self.show(f"The server of {name} is running. Stop it first, on the page Admin.")
        else:
            self.authenticator.delete_user(user or orm.User(name=account.username))
            if user is not None:
                await user.delete_spawners()
                self.users.delete(user)
            self.back()


REPLACED = {
    r"/login": LoginHandler,
    r"/signup": SignUpHandler,
    r"/change-password": ChangePasswordHandler,
    r"/change-password/([^/]+)": ChangePasswordAdminHandler,
    r"/authorize": AuthorizationAreaHandler,
    r"/authorize/([^/]*)": AuthorizeHandler,
    r"/discard/([^/]*)": DiscardHandler,
}


async def change_password(handler: BaseHandler, name: str) -> str | None:
    """Give a user the password in the form; returns the reason why it was refused, or None."""
    password = handler.get_body_argument("new_password", strip=False)
    if password != handler.get_body_argument("new_password_confirmation", strip=False):
        return "The two new passwords are not the same."
    return await handler.authenticator.change_password(name, password)


async def _answer(handler: native.LocalBase, template: str, reason: str | None, message: str, **context: Any) -> None:
    """Show the form's page again, with the result."""
    alert = "alert-danger" if reason else "alert-success"
    handler.finish(await handler.render_template(template, alert=alert, result_message=reason or message, **context))
