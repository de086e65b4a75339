"""The table of authenticators, by the names that JUPYTERHUB_AUTHENTICATOR takes.

Only the settings of the chosen one are read and checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, SecretStr

from hub.settings.fields import GoodPassword, setting
from hub.sign_in.ldap_settings import LdapSettings
from hub.sign_in.oauth_settings import (
    Auth0Settings,
    AzureAdSettings,
    GitHubSettings,
    GitLabSettings,
    GoogleSettings,
    OAuthSettings,
    OpenIdSettings,
    OpenShiftSettings,
)
from hub.sign_in.provider_settings import ProviderSettings, SignInSettings

SHARED_FILE = "secrets/shared-password.env"


class NativeSettings(SignInSettings):
    """Accounts with passwords in the hub's own database."""

    native_signup: bool = setting(
        True,
        help="others may sign up and wait for an administrator's approval",
        expected="true or false",
        trait="enable_signup",
    )
    native_open_signup: bool = setting(
        False,
        help="demo mode: whoever signs up is let straight in",
        expected="true or false",
        trait="open_signup",
    )
    jupyterhub_admin_password: GoodPassword = setting(
        None,
        help="initial password of JUPYTERHUB_ADMIN; empty: a random one",
        expected="8 characters or more, at most 72 bytes, and none of the common ones",
        file="secrets/hub.env",
    )


def _ascii(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().isascii():
        raise ValueError("JupyterHub compares ASCII only")
    return value


Ascii = Annotated[SecretStr, AfterValidator(_ascii)]


class SharedPasswordSettings(ProviderSettings):
    """One password for a workshop, another for its administrators. The lengths are JupyterHub's demands."""

    shared_password: Ascii = setting(
        ...,
        help="everybody's password",
        expected="8 or more of the characters of an English keyboard",
        file=SHARED_FILE,
        trait="user_password",
        min_length=8,
    )
    shared_admin_password: Ascii = setting(
        ...,
        help="the administrators' password",
        expected="32 or more of the characters of an English keyboard",
        file=SHARED_FILE,
        trait="admin_password",
        min_length=32,
    )

    def rules(self) -> Iterator[str]:
        """The administrators' password is nobody else's."""
        passwords = (getattr(self, "shared_password", None), getattr(self, "shared_admin_password", None))
        if passwords[0] and passwords[0] == passwords[1]:
            yield f"  SHARED_PASSWORD and SHARED_ADMIN_PASSWORD ({SHARED_FILE}) are the same; expected two passwords."


AUTHENTICATORS: dict[str, type[SignInSettings]] = {
    "native": NativeSettings,
    "github": GitHubSettings,
    "gitlab": GitLabSettings,
    "google": GoogleSettings,
    "azuread": AzureAdSettings,
    "auth0": Auth0Settings,
    "bitbucket": OAuthSettings,
    "globus": OAuthSettings,
    "openshift": OpenShiftSettings,
    "generic-oauth": OpenIdSettings,
    "ldap": LdapSettings,
    "shared-password": SharedPasswordSettings,
}
