"""JupyterHub's authenticator with one password for all users; the userlist decides who may sign in."""

from typing import Any

from jupyterhub.authenticators.shared import SharedPasswordAuthenticator
from jupyterhub.handlers import BaseHandler

from hub.sign_in.form import FormAuthenticator


class WorkshopAuthenticator(FormAuthenticator, SharedPasswordAuthenticator):
    """One password for users, and another for administrators."""

    async def authenticate(self, handler: BaseHandler, data: dict[str, str]) -> dict[str, Any] | None:
        """The user of the form, or None. JupyterHub's comparison fails for a password that is not ASCII."""
        asked = {"username": data.get("username", ""), "password": data.get("password", "")}
        if not asked["username"].strip() or not asked["password"].isascii():
            return None
        return await super().authenticate(handler, asked)
