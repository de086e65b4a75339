"""Who may sign in, for every authenticator that asks a provider who a user is.

Allowed are listed users, those added in the console, and those whom a rule of the provider admits: an organisation, a
group, JUPYTERHUB_ALLOW_ALL. JupyterHub itself would admit the latter forever, because it takes them for users added in
the console (`allow_existing_users`, https://jupyterhub.readthedocs.io/en/stable/reference/api/auth.html). Here they are
marked when they sign in, and the rule is checked again each time.
"""

import asyncio
import time
from collections import defaultdict
from http.client import responses
from typing import Any

from jupyterhub import orm
from jupyterhub.handlers import BaseHandler
from jupyterhub.utils import maybe_future
from tornado import web
from traitlets import Dict, Set, Unicode

from hub.sign_in.renaming import KeepsNames
from hub.users import userlist
from hub.users.roster import ADMIN_GROUPS, ADMITTED, PROVIDER_GROUPS

# How long parallel requests share one answer of the provider: refresh tokens may be good for a single use.
SHARED_SECONDS = 10.0


class ProviderUnavailableError(Exception):
    """The provider or directory is unavailable; that says nothing about the user."""


class RefusedError(Exception):
    """The provider or directory does not accept the user, or no longer does."""


def page_error(status: int, message: str) -> web.HTTPError:
    """An error with a message for the user, on a page or above the form.

    The standard reason is given, too: without one, JupyterHub shows the message twice.
    """
    return web.HTTPError(status, message, reason=responses[status])


class ProviderAuthenticator(KeepsNames):
    """Base of every authenticator that asks a provider who a user is: the userlist decides who may use this hub."""

    listed_groups = Dict(
        value_trait=Set(Unicode()), key_trait=Unicode(), help="The userlist's groups of each user."
    ).tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._admitted: set[str] = set()
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._answers: dict[str, tuple[float, Any]] = {}

    def validate_username(self, username: str) -> bool:
        """Whether a name follows the rules of the userlist."""
        return userlist.complaint(username) is None

    def add_user(self, user: orm.User) -> None:
        """JupyterHub calls this for every user at its start, for users added in the console, and at first sign-ins.

        Raises:
            ValueError: the name breaks the rules of the userlist.
        """
        super().add_user(user)
        if user.name not in self._admitted and not (user.user_info or {}).get(ADMITTED):
            self.allowed_users.add(user.name)

    def delete_user(self, user: orm.User) -> None:
        """Forget a user who is deleted in the console."""
        super().delete_user(user)
        self._admitted.discard(user.name)

    async def check_allowed(self, username: str, auth_model: dict[str, Any]) -> bool:
        """Whether a user whom the provider accepts may use this hub.

        Raises:
            tornado.web.HTTPError: 403 with a message for the user.
        """
        if not await maybe_future(super().check_allowed(username, auth_model)):
            raise page_error(403, f"{username} is not allowed to use this hub. Ask an administrator for access.")
        return True

    def check_blocked_users(self, username: str, authentication: dict[str, Any] | None = None) -> bool:
        """Whether a name was not removed from the userlist.

        Raises:
            tornado.web.HTTPError: 403 with a message for the user.
        """
        if not super().check_blocked_users(username, authentication):
            raise page_error(403, f"{username} is no longer allowed to use this hub.")
        return True

    async def run_post_auth_hook(self, handler: BaseHandler, auth_model: dict[str, Any]) -> dict[str, Any]:
        """Mark a user who may sign in, before JupyterHub writes the user to its database."""
        self._answers.pop(auth_model["name"], None)
        return self._marked(await super().run_post_auth_hook(handler, auth_model))

    async def refresh_user(self, user: Any, handler: BaseHandler | None = None, **_: Any) -> bool | dict[str, Any]:
        """Ask the provider again about a user who is signed in.

        JupyterHub does that at most every `auth_refresh_age` (300 s), and at a user's first request after its start.

        Returns:
            False when the user has to sign in again, True when nothing has changed, or the new state.
        """
        if handler is not None:
            # JupyterHub 6.1 reads this on pages, too, where it has not set it.
            handler._token_authenticated = getattr(handler, "_token_authenticated", False)
            if handler._jupyterhub_user is not user:
                return True  # another user's request, such as an administrator's who starts this user's server
        async with self._locks[user.name]:
            asked, answer = self._answers.get(user.name, (0.0, True))
            if not asked or time.monotonic() - asked > SHARED_SECONDS:
                answer = await self._asked_again(user, handler)
                self._answers[user.name] = (time.monotonic(), answer)
        return answer

    async def ask_again(self, user: Any, handler: BaseHandler | None) -> dict[str, Any] | None:
        """What the provider now says about `user`, as `authenticate` returns it; None if that needs a new sign-in.

        This class has no provider: only the rules of this hub count.

        Raises:
            RefusedError: the provider no longer accepts the user.
            ProviderUnavailableError: it is unavailable.
        """
        return {"name": user.name}

    def provider_groups(self, auth_model: dict[str, Any]) -> list[str]:
        """A user's groups at the provider."""
        return auth_model.get("groups") or []

    async def _asked_again(self, user: Any, handler: BaseHandler | None) -> bool | dict[str, Any]:
        if user.user_info is None:  # never signed in here: `make token` may have made them a token, but no cookie
            return handler is None or bool(handler._token_authenticated)
        try:
            model = await self.ask_again(user, handler)
            if model is None:
                return True
            self.check_blocked_users(user.name, model)
            if not self.allow_all:
                await self.check_allowed(user.name, model)
        except ProviderUnavailableError as error:
            self.log.warning("The provider is unavailable, and %s stays signed in: %s", user.name, error)
            return True
        except (RefusedError, web.HTTPError) as error:
            self.log.warning("%s has to sign in again: %s", user.name, error)
            return False
        return self._marked(model)

    def _marked(self, auth_model: dict[str, Any]) -> dict[str, Any]:
        name = auth_model["name"]
        groups = self.provider_groups(auth_model)
        admitted = name not in self.allowed_users
        if admitted:
            self._admitted.add(name)
        auth_model["user_info"] = {
            ADMITTED: admitted,
            PROVIDER_GROUPS: sorted(groups),
            ADMIN_GROUPS: sorted(set(groups).intersection(getattr(self, "admin_groups", ()))),
        }
        if self.manage_groups:
            auth_model["groups"] = sorted({*groups, *self.listed_groups.get(name, ())})
        return auth_model
