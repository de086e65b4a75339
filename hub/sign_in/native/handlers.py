"""The pages of NativeAuthenticator whose own code fails on JupyterHub 6, blocks the hub, or can be forged.

Of these defects of NativeAuthenticator 1.3, one has an issue upstream, the change of a password that ends with status
500: https://github.com/jupyterhub/nativeauthenticator/issues/256. Try each page without its handler from 2027-06-01 on:
the tests of native accounts fail while it is needed.
"""

from typing import Any

from jupyterhub.scopes import needs_scope
from nativeauthenticator import handlers as native
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
            reason = await _change_password(self, name)
        await _answer(self, "change-password.html", reason, "Your password is changed.", user_name=name)


class ChangePasswordAdminHandler(_AccountPage, native.ChangePasswordAdminHandler):
    """Another user's password, changed by an administrator."""

    @needs_scope("admin:users")
    async def post(self, user_name: str) -> None:
        """Change it, or say why not."""
        if not self.authenticator.user_exists(user_name):
            raise web.HTTPError(404)
        reason = await _change_password(self, user_name)
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


async def _change_password(handler: native.LocalBase, name: str) -> str | None:
    password = handler.get_body_argument("new_password", strip=False)
    if password != handler.get_body_argument("new_password_confirmation", strip=False):
        return "The two new passwords are not the same."
    return await handler.authenticator.change_password(name, password)


async def _answer(handler: native.LocalBase, template: str, reason: str | None, message: str, **context: Any) -> None:
    """Show the form's page again, with the result."""
    alert = "alert-danger" if reason else "alert-success"
    handler.finish(await handler.render_template(template, alert=alert, result_message=reason or message, **context))
