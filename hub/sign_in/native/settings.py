"""The settings of `native`."""

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, SecretStr

from hub.settings.fields import Flag
from hub.settings.model import setting
from hub.sign_in.native import passwords
from hub.sign_in.settings import SignInSettings


def _good_password(value: SecretStr | None) -> SecretStr | None:
    if value is not None and (reason := passwords.complaint(value.get_secret_value())):
        raise ValueError(reason)
    return value


class NativeSettings(SignInSettings):
    """Accounts with passwords in the hub's own database."""

    authenticator: ClassVar[str] = "hub.sign_in.native.authenticator:AccountAuthenticator"
    has_accounts: ClassVar[bool] = True

    native_signup: Flag = setting(
        True, "visitors may sign up; they wait for an administrator's approval", trait="enable_signup"
    )
    native_open_signup: Flag = setting(
        False, "demo mode: new users may sign in at once, without an approval", trait="open_signup"
    )
    jupyterhub_admin_password: Annotated[SecretStr | None, AfterValidator(_good_password)] = setting(
        None,
        "initial password of JUPYTERHUB_ADMIN; empty: a random one",
        "8 characters or more, at most 72 bytes, and none of the common ones",
        file="secrets/hub.env",
    )

    @property
    def template_paths(self) -> list[str]:
        """Where the pages of NativeAuthenticator are, and the links to them."""
        from nativeauthenticator.handlers import TEMPLATE_DIR  # imports the hub's handlers, which checks do not need

        return [str(Path(__file__).with_name("templates")), TEMPLATE_DIR]

    def chosen_passwords(self, administrator: str) -> dict[str, str]:
        """JUPYTERHUB_ADMIN_PASSWORD, for the `administrator`."""
        password = self.jupyterhub_admin_password
        return {administrator.lower(): password.get_secret_value()} if administrator and password else {}
