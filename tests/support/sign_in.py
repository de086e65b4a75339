"""Ways to sign in, as the tests drive them: one class for each, all with the methods that the contract asks for."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from html import unescape
from typing import Any, ClassVar

import requests
from playwright.sync_api import Page

from support.beside import Beside
from support.browser import sign_in
from support.deployment import Deployment
from support.people import LOGIN_ERROR, Visitor
from support.waiting import wait_for

# The same users everywhere. Listed: zoe, wash, river, USER1 (in capitals at the provider), and the administrators simon
# and admin; book leaves the list. Not listed: kaylee, inara and jayne, who join groups; badger; and niska, who is added
# in the console.
USERLIST = "zoe pilots\nwash pilots drivers\nriver\nuser1 zos\nsimon admin doctors\nbook pilots\n"
WITHOUT_BOOK = "zoe pilots\nwash drivers\nriver\nuser1 zos\nsimon medics\n"
USERS = ("zoe", "wash", "river", "USER1", "simon", "book", "kaylee", "inara", "jayne", "badger", "niska")

PAGE_ERROR = re.compile(r'<main id="error".*?<p>(.*?)</p>', re.DOTALL)
START_SECONDS = 60


@dataclass(frozen=True)
class Answer:
    """What the hub says to a sign-in: the status, and the message of the form or of the page."""

    status: int
    message: str = ""

    @classmethod
    def of(cls, response: requests.Response) -> Answer:
        """Read it from a response."""
        if response.status_code == 302:
            return cls(302)
        found = LOGIN_ERROR.search(response.text) or PAGE_ERROR.search(response.text)
        assert found, f"no page with a message: {response.status_code}: {response.text}"
        return cls(response.status_code, unescape(found[1]))


ALLOWED = Answer(302)


class SignIn(ABC):
    """A running deployment whose users sign in in one way.

    Attributes:
        authenticator: the value of JUPYTERHUB_AUTHENTICATOR.
        secrets: the values that no log and no message may have.
        plain: the settings that `use` returns to.
    """

    authenticator: ClassVar[str]
    secrets: ClassVar[tuple[str, ...]]
    deployment: Deployment
    plain: dict[str, str]

    def start_hub(self, **settings: str) -> None:
        """Build and start the deployment with these settings."""
        self.deployment.write("userlist", USERLIST)
        self.deployment.set_env(JUPYTERHUB_AUTHENTICATOR=self.authenticator, **settings)
        self.plain = dict(self.deployment.settings)
        self.deployment.up()

    def use(self, **settings: str) -> None:
        """Let the hub run with the plain settings and these on top; it goes on where it has them already."""
        if self.deployment.settings != (wanted := self.plain | settings):
            self.deployment.settings = wanted
            self.deployment.compose("up", "--detach", "--wait")

    def apply_list(self, userlist: str) -> None:
        """Put a userlist into effect."""
        self.deployment.write("userlist", userlist)
        self.deployment.make("build")
        self.deployment.compose("up", "--detach", "--wait")

    def restart(self) -> None:
        """Restart the hub: the provider is then asked again about each user at their first request."""
        self.deployment.make("restart")
        wait_for(self.answers, START_SECONDS, "the hub")

    def answers(self) -> bool:
        """Whether the hub says that it is well."""
        return Visitor(self.deployment.url).get("/hub/health").status_code == 200

    @abstractmethod
    def begin(self, visitor: Visitor, name: str) -> Callable[[], requests.Response]:
        """Let a visitor sign in up to the last step, which is returned: the hub's answer comes from it."""

    @abstractmethod
    def open_lab(self, page: Page, name: str) -> None:
        """Sign in with the browser, which starts the user's server; a refusal stays on the page."""

    def enter(self, name: str, visitor: Visitor | None = None) -> Answer:
        """Sign in; a new visitor does unless one is given."""
        return Answer.of(self.begin(visitor or Visitor(self.deployment.url), name)())

    def session(self, name: str) -> Visitor:
        """A visitor who is signed in."""
        visitor = Visitor(self.deployment.url)
        assert self.enter(name, visitor) == ALLOWED
        assert visitor.signed_in()
        return visitor

    def users(self) -> dict[str, dict[str, Any]]:
        """What the hub's API says about each user, by name."""
        response = self.deployment.api("GET", "/users", token=self.deployment.token())
        assert response.status_code == 200, f"{response.status_code}: {response.text}"
        return {user["name"]: user for user in response.json()}

    def is_admin(self, name: str) -> bool:
        """Whether the hub takes a user for an administrator."""
        return self.users()[name]["admin"]

    def groups(self, name: str) -> set[str]:
        """A user's groups in JupyterHub."""
        return set(self.users()[name]["groups"])

    def add(self, name: str) -> None:
        """Add a user in the console."""
        added = self.deployment.api("POST", "/users", token=self.deployment.token(), json={"usernames": [name]})
        assert added.status_code == 201, added.text

    def token(self, name: str) -> str:
        """An API token of a user."""
        return self.deployment.token(name)

    def accepts(self, token: str, path: str = "/user") -> bool:
        """Whether the hub's API answers to a token, or refuses it."""
        status = self.deployment.api("GET", path, token=token).status_code
        assert status in {200, 401, 403}
        return status == 200

    def refusal(self, **settings: str) -> str:
        """What `make build` says about settings that cannot be used; it changes nothing and shows no secret."""
        before = self._state()
        result = self.deployment.make("build", env=settings, check=False)
        output = result.stdout + result.stderr
        assert result.returncode != 0, output
        assert self._state() == before
        assert [secret for secret in self.secrets if secret in output] == []
        return output

    def warning(self, name: str, dot_env: str) -> str:
        """The line with which `make build` warns about a setting when `.env` also has these lines."""
        path = self.deployment.root / ".env"
        before = path.read_text()
        path.write_text(f"{before}\n{dot_env}\n")
        try:
            result = self.deployment.make("build")
        finally:
            path.write_text(before)
        assert [secret for secret in self.secrets if secret in result.stdout + result.stderr] == []
        (line,) = [line for line in result.stderr.splitlines() if line.startswith("WARNING: ") and name in line]
        return line

    def _state(self) -> tuple[str, str]:
        docker, project = self.deployment.docker, self.deployment.project
        return (
            docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", project).stdout,
            docker("image", "inspect", "--format", "{{.Id}}", f"{project}-hub:6.1.1").stdout,
        )


class FormSignIn(SignIn):
    """A way to sign in by the hub's own form."""

    @abstractmethod
    def password(self, name: str) -> str:
        """What a user types."""

    def begin(self, visitor: Visitor, name: str) -> Callable[[], requests.Response]:
        """See SignIn: the form is all."""
        return lambda: visitor.post("/hub/login", {"username": name, "password": self.password(name)})

    def answer(self, name: str, password: str) -> Answer:
        """What the form says to a name and a password."""
        return Answer.of(Visitor(self.deployment.url).post("/hub/login", {"username": name, "password": password}))

    def open_lab(self, page: Page, name: str) -> None:
        sign_in(page, self.deployment.url, name, self.password(name))


class Provider(SignIn, Beside):
    """A server beside the deployment that knows the users."""

    @property
    def asks_again(self) -> bool:
        """Whether the hub can ask it about a user who does not sign in."""
        return True

    @abstractmethod
    def join(self, name: str) -> None:
        """Put a user into the group whose members may sign in."""

    @abstractmethod
    def leave(self, name: str) -> None:
        """Take a user out of that group."""

    @abstractmethod
    def disable(self, name: str) -> None:
        """Let the provider no longer accept a user."""

    @abstractmethod
    def enable(self, name: str) -> None:
        """Let it accept the user again."""

    @abstractmethod
    def away(self) -> AbstractContextManager[None]:
        """Within it, nothing listens at the provider's address."""


class OAuthProvider(Provider):
    """A provider whose pages users fill in, and which redirects them back to the hub."""

    @abstractmethod
    def callback(self, visitor: Visitor, name: str) -> str:
        """Sign in at the provider; returns the address to which it redirects the visitor."""

    @abstractmethod
    def expired_callback(self, visitor: Visitor, name: str) -> str:
        """The same, with a code that has expired."""

    def begin(self, visitor: Visitor, name: str) -> Callable[[], requests.Response]:
        address = self.callback(visitor, name)
        return lambda: come_back(visitor, address)


def come_back(visitor: Visitor, address: str) -> requests.Response:
    """Open the address to which a provider redirects; what the hub redirects to is not opened."""
    return visitor.session.get(address, timeout=START_SECONDS, allow_redirects=False)


class ProviderWithAdmins(Provider):
    """A provider with a group whose members are administrators."""

    @abstractmethod
    def join_admins(self, name: str) -> None:
        """Put a user into that group."""

    @abstractmethod
    def leave_admins(self, name: str) -> None:
        """Take a user out of it."""
