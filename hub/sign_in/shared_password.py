"""One password for everybody, as JupyterHub has it, but with the userlist as authority."""

from __future__ import annotations

from typing import Any

from jupyterhub.authenticators.shared import SharedPasswordAuthenticator
from jupyterhub.handlers import BaseHandler

from hub.sign_in.form import FormSignIn


class WorkshopAuthenticator(FormSignIn, SharedPasswordAuthenticator):
    """Whoever knows the password; who is administrator knows another."""

    async def authenticate(self, handler: BaseHandler, data: dict[str, str]) -> dict[str, Any] | None:
        """Who has filled in the form, or None. JupyterHub's comparison fails at a password that is not ASCII."""
        asked = {"username": data.get("username", ""), "password": data.get("password", "")}
        if not asked["username"].strip() or not asked["password"].isascii():
            return None
        return await super().authenticate(handler, asked)
