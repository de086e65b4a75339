"""The form with name and password, for the authenticators that have no pages of their own."""

from __future__ import annotations

from typing import Any

from jupyterhub.handlers.login import LoginHandler

from hub.sign_in.known import KnownPeople


class FormHandler(LoginHandler):
    """JupyterHub's form, but one that comes without a name is refused like an empty name, not answered with a 500."""

    async def post(self) -> None:
        """Sign in."""
        for arguments in (self.request.arguments, self.request.body_arguments):
            arguments.setdefault("username", [b""])
        await super().post()


class FormSignIn(KnownPeople):
    """Authenticators whose people fill in that form."""

    def get_handlers(self, app: Any) -> list[tuple[str, type[LoginHandler]]]:
        """The form's page."""
        return [("/login", FormHandler)]
