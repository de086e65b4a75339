"""The form with name and password, for authenticators without pages of their own."""

from typing import Any

from jupyterhub.handlers.login import LoginHandler

from hub.sign_in.known import ProviderAuthenticator


class FormHandler(LoginHandler):
    """JupyterHub's form. Without a name, it is refused as with an empty name, instead of failing with status 500."""

    async def post(self) -> None:
        """Sign in, by JupyterHub's own method: that of NativeAuthenticator's form fails on JupyterHub 6."""
        for arguments in (self.request.arguments, self.request.body_arguments):
            arguments.setdefault("username", [b""])
        await LoginHandler.post(self)


class FormAuthenticator(ProviderAuthenticator):
    """Authenticators whose users fill in that form."""

    def get_handlers(self, app: Any) -> list[tuple[str, type]]:
        """The form's page, before any other with its address."""
        return [("/login", FormHandler), *super().get_handlers(app)]
