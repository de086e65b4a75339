"""What tests change: plain HTTP on a port of its own, JSON in and out."""

from __future__ import annotations

import json
from typing import Any

from oauth import Handler
from world import Account, App, Organization


class Control(Handler):
    """A request of a test."""

    def check_xsrf_cookie(self) -> None:
        """There is no form."""

    def body(self) -> dict[str, Any]:
        """What was sent."""
        return json.loads(self.request.body or b"{}")


class Apps(Control):
    """/apps/CLIENT_ID."""

    def put(self, client_id: str) -> None:
        """Register an application, or change it."""
        self.world.apps[client_id] = App(client_id, **self.body())


class Accounts(Control):
    """/accounts/LOGIN."""

    def put(self, login: str) -> None:
        """Make an account, or change it."""
        known = self.world.account(login)
        number = known.id if known else 1000 + len(self.world.accounts)
        self.world.accounts[login.lower()] = Account(number, login, **self.body())

    def patch(self, login: str) -> None:
        """Suspend a user, or end that."""
        self.world.accounts[login.lower()].suspended = self.body()["suspended"]

    def delete(self, login: str) -> None:
        """Revoke a user's tokens: what the user does under "Authorized OAuth Apps"."""
        self.world.revoke(login)


class Organizations(Control):
    """/organizations/NAME."""

    def put(self, name: str) -> None:
        """Make an organization, or change it."""
        self.world.organizations[name.lower()] = Organization(name, **self.body())


class Answers(Control):
    """/answers."""

    def put(self) -> None:
        """What the APIs answer: normal, error or rate-limit."""
        self.world.answers = self.body()["answers"]


class Codes(Control):
    """/codes."""

    def delete(self) -> None:
        """Let every code that was not used expire now."""
        for code in self.world.codes.values():
            code.expires = 0


class Tokens(Control):
    """/tokens."""

    def get(self) -> None:
        """Each token's owner and scopes."""
        self.finish(
            {"tokens": [{"login": token.login, "scopes": token.scopes} for token in self.world.tokens.values()]}
        )

    def delete(self) -> None:
        """Let every token that can expire do it now."""
        for token in self.world.tokens.values():
            token.expires = 0 if token.refresh else token.expires


class Requests(Control):
    """/requests."""

    def get(self) -> None:
        """Every authorize request of a signed-in user, with its parameters."""
        self.finish({"requests": self.world.requests})


ROUTES = [
    (r"/apps/([^/]+)", Apps),
    (r"/accounts/([^/]+)", Accounts),
    (r"/organizations/([^/]+)", Organizations),
    ("/answers", Answers),
    ("/codes", Codes),
    ("/tokens", Tokens),
    ("/requests", Requests),
]
