"""How people sign in, and who they are then."""

from __future__ import annotations

from collections.abc import Mapping, Set

from nativeauthenticator.handlers import TEMPLATE_DIR
from traitlets.config import Config

from hub.native import AccountAuthenticator
from hub.settings import Settings
from hub.userlist import Member


def configure(c: Config, settings: Settings, members: Mapping[str, Member], removed: Set[str]) -> None:
    """Set the authenticator.

    Args:
        c: JupyterHub's configuration.
        settings: the deployment's settings.
        members: the userlist.
        removed: names that the userlist had once and has not any more.
    """
    c.JupyterHub.authenticator_class = AccountAuthenticator
    c.JupyterHub.template_paths = [TEMPLATE_DIR]
    c.AccountAuthenticator.enable_signup = settings.native_signup
    c.AccountAuthenticator.open_signup = settings.native_open_signup
    # An account that is not authorised cannot sign in at all, so everybody who can is allowed.
    c.Authenticator.allow_all = True
    c.Authenticator.admin_users = {member.name for member in members.values() if member.admin}
    c.Authenticator.blocked_users = set(removed)
