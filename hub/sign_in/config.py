"""How users sign in, and who they are then."""

from importlib import import_module

from jupyterhub.auth import Authenticator
from traitlets.config import Config

from hub import paths
from hub.configuration import Configuration
from hub.users.roster import History


def configure(c: Config, found: Configuration) -> None:
    """Set the authenticator, and who may sign in."""
    settings, members = found.sign_in, found.members
    authenticator = _class(settings.authenticator, found.hub.jupyterhub_authenticator)
    c.JupyterHub.authenticator_class = authenticator
    c.Authenticator.admin_users = {member.name for member in members.values() if member.admin}
    c.Authenticator.blocked_users = History.load(paths.HISTORY).removed(members)
    traits = _of_accounts(found) if settings.has_accounts else _of_provider(found)
    for trait, value in (traits | settings.traits()).items():
        c[authenticator.__name__][trait] = value


def _class(name: str, entry_point: str) -> type[Authenticator]:
    if name:
        module, _, of_module = name.partition(":")
        return getattr(import_module(module), of_module)
    from hub.sign_in.oauth import authenticator_class  # 0.3 s, which no other authenticator needs

    return authenticator_class(entry_point)


def _of_accounts(found: Configuration) -> dict[str, object]:
    """What holds for an authenticator with accounts in the hub's own database."""
    # An account that is not authorized cannot sign in at all, so everyone with one is allowed.
    return {"allow_all": True, "listed_users": set(found.members)}


def _of_provider(found: Configuration) -> dict[str, object]:
    """What holds for every authenticator whose users a provider knows."""
    return {
        "allowed_users": set(found.members),
        "allow_existing_users": False,  # see hub/sign_in/known.py
        # The provider's no also counts for the user's API tokens, those of their servers among them.
        "auth_refresh_strict": True,
        "listed_groups": {member.name: set(member.groups) for member in found.members.values()},
        "enable_auth_state": found.sign_in.keeps_tokens,
        "manage_groups": found.sign_in.manages_groups,
    }
