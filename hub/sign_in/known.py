"""Who may sign in, for every authenticator whose people somebody else knows.

Allowed are who is listed, who was added in the console, and who a rule of the provider admits: an organisation, a
group, JUPYTERHUB_ALLOW_ALL. JupyterHub alone would let those of the rule in for ever, because it cannot tell them from
those of the console (`allow_existing_users`, https://jupyterhub.readthedocs.io/en/stable/reference/api/auth.html). Here
they are marked when they sign in, and the rule is asked anew each time.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from http.client import responses
from typing import Any

from jupyterhub import orm
from jupyterhub.auth import Authenticator
from jupyterhub.handlers import BaseHandler
from jupyterhub.utils import maybe_future
from tornado import web
from traitlets import Dict, Set, Unicode

from hub.users import userlist
from hub.users.roster import ADMIN_GROUPS, ADMITTED, PROVIDER_GROUPS

# How long parallel requests share one answer of the provider: refresh tokens may be good for a single use.
SHARED_SECONDS = 10.0


class ProviderAwayError(Exception):
    """The provider or directory cannot be asked now; that says nothing about the person."""


class RefusedError(Exception):
    """The provider or directory does not vouch for the person, or not any more."""


def told(status: int, message: str) -> web.HTTPError:
    """An error whose message is for the person: on a page, or in the form.

    JupyterHub shows a message twice that has no reason beside it.
    """
    return web.HTTPError(status, message, reason=responses[status])


class KnownPeople(Authenticator):
    """Authenticators whose people somebody else knows: the userlist is the authority over them."""

    listed_groups = Dict(
        value_trait=Set(Unicode()), key_trait=Unicode(), help="The userlist's groups of each person."
    ).tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._admitted: set[str] = set()
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._answers: dict[str, tuple[float, Any]] = {}

    def validate_username(self, username: str) -> bool:
        """Hold everybody to the userlist's rule of names."""
        return userlist.complaint(username) is None

    def add_user(self, user: orm.User) -> None:
        """JupyterHub calls this for all at its start, for whom somebody adds in the console, and at first sign-ins.

        Raises:
            ValueError: that cannot be a name.
        """
        super().add_user(user)
        if user.name not in self._admitted and not (user.user_info or {}).get(ADMITTED):
            self.allowed_users.add(user.name)

    def delete_user(self, user: orm.User) -> None:
        """Forget somebody who is deleted in the console."""
        super().delete_user(user)
        self._admitted.discard(user.name)

    async def check_allowed(self, username: str, auth_model: dict[str, Any]) -> bool:
        """Whether somebody may use this hub, given that the provider vouches for them.

        Raises:
            tornado.web.HTTPError: 403 with a message for the person.
        """
        if not await maybe_future(super().check_allowed(username, auth_model)):
            raise told(403, f"{username} may not use this hub: ask its administrator to add the name to the userlist.")
        return True

    def check_blocked_users(self, username: str, authentication: dict[str, Any] | None = None) -> bool:
        """Whether the userlist does not forbid somebody to sign in.

        Raises:
            tornado.web.HTTPError: 403 with a message for the person.
        """
        if not super().check_blocked_users(username, authentication):
            raise told(403, f"{username} may not use this hub any more.")
        return True

    async def run_post_auth_hook(self, handler: BaseHandler, auth_model: dict[str, Any]) -> dict[str, Any]:
        """Mark who was let in, before JupyterHub writes them to its database."""
        self._answers.pop(auth_model["name"], None)
        return self._marked(await super().run_post_auth_hook(handler, auth_model))

    async def refresh_user(self, user: Any, handler: BaseHandler | None = None, **_: Any) -> bool | dict[str, Any]:
        """Ask the provider again about somebody who is signed in.

        JupyterHub does that every `auth_refresh_age` (300 s) at most, and at somebody's first request after its start.

        Returns:
            False when they have to sign in again, True when nothing is known against them, or what has changed.
        """
        if handler is not None:
            # JupyterHub 6.1 reads this on pages, too, where it has not set it.
            handler._token_authenticated = getattr(handler, "_token_authenticated", False)
            if handler._jupyterhub_user is not user:
                return True  # somebody else's request, such as an administrator who starts this person's server
        async with self._locks[user.name]:
            asked, answer = self._answers.get(user.name, (0.0, True))
            if not asked or time.monotonic() - asked > SHARED_SECONDS:
                answer = await self._asked_again(user, handler)
                self._answers[user.name] = (time.monotonic(), answer)
        return answer

    async def ask_again(self, user: Any, handler: BaseHandler | None) -> dict[str, Any] | None:
        """What the provider says now about `user`, as `authenticate` would return it; None when it cannot be asked.

        Without a provider to ask, it is the rules here alone that count.

        Raises:
            RefusedError: it does not vouch for them any more.
            ProviderAwayError: it does not answer.
        """
        return {"name": user.name}

    def provider_groups(self, auth_model: dict[str, Any]) -> list[str]:
        """Somebody's groups at the provider."""
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
        except ProviderAwayError as error:
            self.log.warning("Cannot ask about %s, who stays signed in: %s", user.name, error)
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
