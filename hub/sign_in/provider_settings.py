"""What the settings of all authenticators have in common.

A field with a `trait` is handed on to that trait of the authenticator: a provider is a few lines of settings, and none
of code.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import SecretStr

from hub.settings.fields import SettingsModel, extra, setting


class SignInSettings(SettingsModel):
    """What every authenticator's settings have in common."""

    # Values of traits where the setting of that trait is empty.
    defaults: ClassVar[dict[str, object]] = {}

    @property
    def strangers(self) -> str:
        """The address of a public provider, where anybody can have an account under any name; else empty."""
        return ""

    @property
    def admin_groups(self) -> frozenset[str]:
        """The provider's groups whose members are administrators."""
        return frozenset()

    def traits(self) -> dict[str, object]:
        """The traits of the authenticator that these settings set, with their values."""
        set_here = {
            extra(type(self), name, "trait"): _plain(value) for name, value in self if value not in ("", [], None)
        }
        return {trait: value for trait, value in (self.defaults | set_here).items() if trait}

    def warnings(self, authenticator: str) -> list[str]:
        """One sentence for every setting that works, but that one should know of."""
        return []


class ProviderSettings(SignInSettings):
    """People whom somebody else knows: an OAuth provider, a directory, or whoever has the password."""

    jupyterhub_allow_all: bool = setting(
        False,
        help="whoever the provider knows may sign in; else who is listed, added in the console, or in an allowed group",
        expected="true or false",
        trait="allow_all",
    )

    def warnings(self, authenticator: str) -> list[str]:
        """Say what an open door means."""
        who = f"everybody whom {authenticator} knows may sign in, the whole world with a public provider"
        return [f"JUPYTERHUB_ALLOW_ALL=true: {who}."] if self.jupyterhub_allow_all else []


def _plain(value: object) -> object:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
