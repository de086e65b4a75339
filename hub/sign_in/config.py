"""How people sign in, and who they are then."""

from __future__ import annotations

from collections.abc import Mapping, Set

from jupyterhub.auth import Authenticator
from nativeauthenticator.handlers import TEMPLATE_DIR
from traitlets.config import Config

from hub.sign_in import ldap, oauth, shared_password
from hub.sign_in.native import authenticator
from hub.sign_in.oauth_settings import OAuthProviderSettings
from hub.sign_in.settings import SignInSettings
from hub.users.userlist import Member

OWN: dict[str, type[Authenticator]] = {
    "native": authenticator.AccountAuthenticator,
    "ldap": ldap.DirectoryAuthenticator,
    "shared-password": shared_password.WorkshopAuthenticator,
}


def configure(c: Config, name: str, settings: SignInSettings, members: Mapping[str, Member], removed: Set[str]) -> None:
    """Set the authenticator.

    Args:
        c: JupyterHub's configuration.
        name: JUPYTERHUB_AUTHENTICATOR.
        settings: that authenticator's settings.
        members: the userlist.
        removed: names that the userlist had once and has not any more.
    """
    chosen = OWN.get(name) or oauth.authenticator_class(name)
    c.JupyterHub.authenticator_class = chosen
    c.Authenticator.admin_users = {member.name for member in members.values() if member.admin}
    c.Authenticator.blocked_users = set(removed)
    section = c[chosen.__name__]
    section.update(settings.traits())
    if name == "native":
        c.JupyterHub.template_paths = [TEMPLATE_DIR]
        # An account that is not authorised cannot sign in at all, so everybody who can is allowed.
        c.Authenticator.allow_all = True
        return
    c.Authenticator.allowed_users = set(members)
    c.Authenticator.allow_existing_users = False  # see hub/sign_in/known.py
    # The provider's no also counts for the person's API tokens, those of their servers among them.
    c.Authenticator.auth_refresh_strict = True
    section.listed_groups = {member.name: set(member.groups) for member in members.values()}
    if isinstance(settings, OAuthProviderSettings):
        c.Authenticator.enable_auth_state = True
        c.Authenticator.manage_groups = bool(settings.oauth_groups_claim)
