"""What the server knows: applications, users, organizations, codes and tokens; in a file, so no restart loses it."""

from __future__ import annotations

import pickle
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path

FILE = Path("/ca/world")
CODE_SECONDS = 600
GITLAB_TOKEN_SECONDS = 7200


@dataclass
class App:
    """A registered OAuth application; GitLab's has a list of the scopes that it may ask for."""

    client_id: str
    secret: str
    callback: str
    scopes: list[str] = field(default_factory=list)


@dataclass
class Account:
    """A user."""

    id: int
    login: str
    password: str
    suspended: bool = False

    @property
    def email(self) -> str:
        """The primary address, which is private: `email` of /user is null."""
        return f"{self.login.lower()}@example.org"


@dataclass
class Organization:
    """An organization of GitHub, or a group of GitLab; logins are in lower case.

    `members` says of each whether the membership is public. An organization with `restricted` has not approved the
    application.
    """

    name: str
    members: dict[str, bool] = field(default_factory=dict)
    teams: dict[str, list[str]] = field(default_factory=dict)
    restricted: bool = False


@dataclass
class Code:
    """What a user has allowed an application, until it is exchanged for a token."""

    client_id: str
    login: str
    redirect_uri: str
    scopes: list[str]
    challenge: str
    expires: float = field(default_factory=lambda: time.time() + CODE_SECONDS)


@dataclass
class Token:
    """An access token; those of GitHub do not expire and have no refresh token."""

    client_id: str
    login: str
    scopes: list[str]
    created: float = field(default_factory=time.time)
    expires: float = float("inf")
    refresh: str = ""


@dataclass
class World:
    """Everything; names of users and organizations are found in any case."""

    cookie_secret: str = field(default_factory=lambda: secrets.token_hex(32))
    apps: dict[str, App] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    organizations: dict[str, Organization] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    consents: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    requests: list[dict[str, str]] = field(default_factory=list)
    answers: str = "normal"

    @classmethod
    def load(cls) -> World:
        """What was saved, or an empty world."""
        return pickle.loads(FILE.read_bytes()) if FILE.exists() else cls()

    def save(self) -> None:
        """Keep everything for the next start."""
        partial = FILE.with_suffix(".partial")
        partial.write_bytes(pickle.dumps(self))
        partial.replace(FILE)

    def account(self, login: str) -> Account | None:
        """Find a user by name."""
        return self.accounts.get(login.lower())

    def organization(self, name: str) -> Organization | None:
        """Find an organization or a group by name."""
        return self.organizations.get(name.lower())

    def new_code(self, code: Code) -> str:
        """Remember a code and return it."""
        value = secrets.token_hex(10)
        self.codes[value] = code
        return value

    def new_token(self, prefix: str, token: Token) -> str:
        """Remember a token and return it."""
        value = prefix + secrets.token_urlsafe(27)
        self.tokens[value] = token
        return value

    def revoke(self, login: str) -> None:
        """Revoke a user's tokens and consents."""
        self.tokens = {value: token for value, token in self.tokens.items() if token.login != login.lower()}
        self.consents = {pair: scopes for pair, scopes in self.consents.items() if pair[0] != login.lower()}
