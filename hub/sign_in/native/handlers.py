"""The pages of NativeAuthenticator whose own code fails on JupyterHub 6, blocks the hub, or can be forged.

Of these defects of NativeAuthenticator 1.3, one has an issue upstream, the change of a password that ends with status
500: https://github.com/jupyterhub/nativeauthenticator/issues/256. Try each page without its handler from 2027-06-01 on:
the tests of native accounts fail while it is needed.
"""

from typing import Any

from jupyterhub.handlers import BaseHandler
from jupyterhub.scopes import needs_scope
from nativeauthenticator import handlers as native
from tornado import web
from tornado.escape import url_escape

from hub.sign_in.form import FormHandler


class LoginHandler(FormHandler, native.LoginHandler):
    """Sign in. The original's `post` needs `statsd`, which JupyterHub 6 does not have: every login failed with 500."""

    def _render(self, login_error: str | None = None, username: str | None = None, **context: Any) -> Any:
        """The original does not take what JupyterHub has for the page of an error, `sync` among it."""
        names = {
            "next": url_escape(self.get_argument("next", default="")),
            "username": username,
            "login_error": login_error,
            "login_url": self.settings["login_url"],
            "enable_signup": self.authenticator.enable_signup,
        }
        return self.render_template("sign-in.html", **(context | names))


class SignUpHandler(native.SignUpHandler):
    """Sign up. The original hashes in the hub's main thread, and fails with 500 for more than 72 bytes."""

    async def post(self) -> None:
        """Make the account, or say what is wrong with the name or the password."""
        if not self.authenticator.enable_signup:
            raise web.HTTPError(404)
        password = self.get_body_argument("signup_password", strip=False)
        if password != self.get_body_argument("signup_password_confirmation", strip=False):
            reason, message = "The two passwords are not the same.", ""
        else:
            reason, message = await self.authenticator.sign_up(self.get_body_argument("username"), password)
        await _answer(self, "signup.html", reason, message)


class ChangePasswordHandler(native.ChangePasswordHandler):
    """A user's own password."""

    @web.authenticated
    async def post(self) -> None:
        """Change it, or say why not."""
        name = self.current_user.name
        if not await self.authenticator.has_password(name, self.get_body_argument("old_password", strip=False)):
            reason = "This is not your current password."
        else:
            reason = await change_password(self, name)
        await _answer(self, "change-password.html", reason, "Your password is changed.", user_name=name)


class ChangePasswordAdminHandler(native.ChangePasswordAdminHandler):
    """Another user's password, changed by an administrator."""

    @needs_scope("admin:users")
    async def post(self, user_name: str) -> None:
        """Change it, or say why not."""
        if not self.authenticator.user_exists(user_name):
            raise web.HTTPError(404)
        reason = await change_password(self, user_name)
        message = f"The password of {user_name} is changed."
        await _answer(self, "change-password-admin.html", reason, message, user_name=user_name)


class _SameOrigin(native.LocalBase):
    """Refuse a request that a page of another site has sent: these two pages change data on a GET.

    https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
    """

    def prepare(self) -> Any:
        """Check where the request comes from, before anything else."""
        if self.request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
            raise web.HTTPError(403, "Open this from the page Authorize Users.")
        return super().prepare()


class ToggleAuthorizationHandler(_SameOrigin, native.ToggleAuthorizationHandler):
    """Approve an account, or withdraw the approval."""

    @needs_scope("admin:users")
    async def get(self, slug: str) -> None:
        """Change the approval; 404 without such an account."""
        if not self.authenticator.user_exists(slug):
            raise web.HTTPError(404)
        await super().get(slug)


class DiscardHandler(_SameOrigin, native.DiscardHandler):
    """Delete an account that waits for approval."""


REPLACED = {
    r"/login": LoginHandler,
    r"/signup": SignUpHandler,
    r"/change-password": ChangePasswordHandler,
    r"/change-password/([^/]+)": ChangePasswordAdminHandler,
    r"/authorize/([^/]*)": ToggleAuthorizationHandler,
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
