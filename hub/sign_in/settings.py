"""What the settings of all authenticators have in common.

A setting with a `trait` is handed on to that trait of the authenticator: a provider is a few lines of settings, without
code.
"""

from collections.abc import Iterator
from typing import ClassVar

from hub.errors import Problem
from hub.settings.fields import Flag
from hub.settings.model import SettingsModel, plain, setting, setting_of


class SignInSettings(SettingsModel):
    """The settings of an authenticator.

    Attributes:
        authenticator: its class, `module:Class`; empty: OAuthenticator's, by the name in the table.
        has_accounts: whether the accounts and their passwords are in the hub's own database.
        keeps_tokens: whether the hub keeps the provider's tokens, encrypted, to ask again later.
        defaults: values of traits where the setting of that trait is empty.
    """

    authenticator: ClassVar[str] = ""
    has_accounts: ClassVar[bool] = False
    keeps_tokens: ClassVar[bool] = False
    defaults: ClassVar[dict[str, object]] = {}

    @property
    def public_provider(self) -> str:
        """The address of a provider where anyone can have an account under any name; else empty."""
        return ""

    @property
    def public_url(self) -> str:
        """The hub's address, where these settings have it; else empty."""
        return ""

    @property
    def admin_groups(self) -> frozenset[str]:
        """The provider's groups whose members are administrators."""
        return frozenset()

    @property
    def manages_groups(self) -> bool:
        """Whether users' groups come from the provider, too."""
        return False

    @property
    def template_paths(self) -> list[str]:
        """Folders with pages of its own."""
        return []

    def chosen_passwords(self, administrator: str) -> dict[str, str]:
        """The initial passwords that the operator has set, by user name; see `has_accounts`."""
        return {}

    def conflicts(self, base_url: str) -> Iterator[Problem]:
        """Yield a problem for everything that does not fit the path of the hub, `base_url`."""
        yield from ()

    def traits(self) -> dict[str, object]:
        """The traits of the authenticator that these settings set, with their values."""
        model = type(self)
        set_here = {setting_of(model, name).trait: plain(value) for name, value in self if value not in ("", [], None)}
        return {trait: value for trait, value in (self.defaults | set_here).items() if trait}


class ProviderSettings(SignInSettings):
    """Users whom a provider knows: an OAuth provider, a directory, or the one who gave out the password."""

    jupyterhub_allow_all: Flag = setting(
        False,
        "every account of the provider may sign in; else only users who are listed, added in the console, or in an "
        "allowed group",
        trait="allow_all",
    )
