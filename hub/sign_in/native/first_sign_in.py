"""NATIVE_CHANGE_INITIAL_PASSWORD: who signs in with an initial password chooses another one before there is a session.

The login form finds the password correct, but signs nobody in: a signed cookie says for a few minutes who may choose a
password. Without a session, no page of the hub or of a server can be reached meanwhile. API tokens need no password,
and stay as they are.
"""

from typing import Any

from jupyterhub.handlers import BaseHandler
from tornado import web
from tornado.httputil import url_concat

from hub.sign_in.native import handlers

COOKIE = "jupyterhub-initial-password"
MINUTES = 15
PAGE = "initial-password"


class FirstLoginHandler(handlers.LoginHandler):
    """The login form, which leads to that page where it has to."""

    async def authenticate(self, data: Any = None) -> Any:
        """Who has filled in the form; see `Authenticator.get_authenticated_user`.

        Raises:
            tornado.web.Finish: the answer is a redirect to the page.
        """
        found = await super().authenticate(data)
        if found and self.authenticator.has_to_choose(found["name"]):
            path = self.hub.base_url
            self._set_cookie(COOKIE, found["name"], path=path, expires_days=None, samesite="Strict")
            self.redirect(url_concat(f"{path}{PAGE}", {"next": self.get_argument("next", "")}))
            raise web.Finish
        return found


class InitialPasswordHandler(BaseHandler):
    """The page. Its form is that of NativeAuthenticator for an administrator: it asks for no old password."""

    async def get(self) -> None:
        """Show the form, or the login form again where the cookie is missing or too old."""
        if name := self._name():
            await self._show(
                name, "alert-info", "Your password is an initial one. Choose a password of your own to go on."
            )

    async def post(self) -> None:
        """Take the new password and sign in with it, or say why not."""
        if not (name := self._name()):
            return
        password = self.get_body_argument("new_password", strip=False)
        if password and await self.authenticator.has_password(name, password):
            reason = "This is your initial password. Choose another one."
        else:
            reason = await handlers.change_password(self, name)
        if reason:
            await self._show(name, "alert-danger", reason)
            return
        self.clear_cookie(COOKIE, path=self.hub.base_url)
        user = await self.login_user({"username": name, "password": password})
        self.redirect(str(self.get_next_url(user)))

    def _name(self) -> str:
        """Who may choose; empty after a redirect to the login form."""
        cookie = self.get_signed_cookie(COOKIE, max_age_days=MINUTES / (24 * 60))
        name = cookie.decode() if cookie else ""
        if name and self.authenticator.has_to_choose(name):
            return name
        self.redirect(self.settings["login_url"])
        return ""

    async def _show(self, name: str, alert: str, message: str) -> None:
        context: dict[str, Any] = {"user_name": name, "post_url": self.request.uri}
        context |= {"alert": alert, "result_message": message}
        self.finish(await self.render_template("change-password-admin.html", **context))


REPLACED = {r"/login": FirstLoginHandler}
ADDED = {rf"/{PAGE}": InitialPasswordHandler}
