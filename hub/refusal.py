"""A start that is refused, with a reason that its user can read."""

from __future__ import annotations

from jupyterhub.spawner import SpawnException


class Refusal(SpawnException):
    """SpawnException, whose text JupyterHub puts into the API's answer, but not without its own words onto a page."""

    def __init__(self, message: str, *, reason: str, status_code: int = 400) -> None:
        super().__init__(message, reason=reason, status_code=status_code)
        self.jupyterhub_message = message
