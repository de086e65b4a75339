"""Signing in with one password for all users, and another for administrators."""

from __future__ import annotations

from typing import Self

from support.deployment import Deployment
from support.sign_in import FormSignIn

PASSWORD = "a $ecret for the #workshop"
ADMIN_PASSWORD = "those in front have a long one, $uch as this #one"
SECRETS_FILE = "secrets/shared-password.env"


class SharedPassword(FormSignIn):
    """A deployment whose users share a password; the first administrator is `admin`."""

    authenticator = "shared-password"
    secrets = (PASSWORD, ADMIN_PASSWORD)

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment

    @classmethod
    def start(cls, deployment: Deployment) -> Self:
        """Build and start it."""
        workshop = cls(deployment)
        workshop.write_secrets()
        workshop.start_hub()
        return workshop

    def write_secrets(self, shared: str = PASSWORD, admin: str = ADMIN_PASSWORD) -> None:
        """Write the two passwords; single quotes keep Compose from reading `$` and `#` in them."""
        self.deployment.write(SECRETS_FILE, f"SHARED_PASSWORD='{shared}'\nSHARED_ADMIN_PASSWORD='{admin}'\n")

    def password(self, name: str) -> str:
        """See FormSignIn: administrators are those of the userlist as it is now."""
        lines = (self.deployment.root / "userlist").read_text().splitlines()
        admins = {words[0] for words in map(str.split, lines) if "admin" in words[1:]} | {"admin"}
        return ADMIN_PASSWORD if name.lower() in admins else PASSWORD
