"""The settings of `shared-password`."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import AfterValidator, SecretStr

from hub.errors import Problem
from hub.settings.model import setting
from hub.sign_in.settings import ProviderSettings

SHARED_FILE = "secrets/shared-password.env"


def _ascii(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().isascii():
        raise ValueError("JupyterHub compares ASCII only")
    return value


class SharedPasswordSettings(ProviderSettings):
    """One password for a workshop, another for its administrators. The lengths are JupyterHub's demands."""

    authenticator: ClassVar[str] = "hub.sign_in.shared_password:WorkshopAuthenticator"
    shared_password: Annotated[SecretStr, AfterValidator(_ascii)] = setting(
        ...,
        "everybody's password",
        "8 or more of the characters of an English keyboard",
        file=SHARED_FILE,
        trait="user_password",
        min_length=8,
    )
    shared_admin_password: Annotated[SecretStr, AfterValidator(_ascii)] = setting(
        ...,
        "the administrators' password",
        "32 or more of the characters of an English keyboard",
        file=SHARED_FILE,
        trait="admin_password",
        min_length=32,
    )

    def rules(self) -> Iterator[Problem]:
        """The administrators have a password of their own."""
        if self.shared_password == self.shared_admin_password:
            yield Problem.conflict(
                "SHARED_PASSWORD", "is the same as SHARED_ADMIN_PASSWORD", "two passwords", SHARED_FILE
            )
