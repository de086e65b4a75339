"""Signing in with GitHub: a server of our own with GitHub Enterprise's and GitLab's paths, see tests/servers/github."""

import re
import socket
from collections.abc import Generator
from contextlib import contextmanager
from html import unescape
from typing import Any, Self
from urllib.parse import quote, urljoin

import requests
from playwright.sync_api import Page, expect

from support.browser import visit
from support.deployment import Deployment
from support.people import Visitor
from support.sign_in import USERS, OAuthProvider
from support.waiting import wait_for

ALIAS = "github"
CLIENT_ID = "Ov23li-hub"
CLIENT_SECRET = "a $ecret #1 of the hub"
CALLBACK = "/hub/oauth_callback"
OAUTH_FILE = "secrets/oauth.env"
ORGANIZATION = "Serenity"
HTTPS_PORT = 8443
CONTROL_PORT = 8080
SECONDS = 30
HIDDEN_FIELD = re.compile(r'name="(_xsrf|return_to)" value="([^"]*)"')


def password(login: str) -> str:
    """The password of an account."""
    return f"{login.lower()} at GitHub"


class GitHub(OAuthProvider):
    """The server of one deployment, on its network; removed together with the deployment."""

    authenticator = "github"
    secrets = (CLIENT_SECRET,)

    def __init__(self, deployment: Deployment, name: str) -> None:
        super().__init__(deployment, name)
        self.members: set[str] = set()

    @classmethod
    def start(cls, deployment: Deployment) -> Self:
        """Build and start it, then the hub, which is its client; hub and browser reach it under the same address."""
        github = cls(deployment, ALIAS)
        github.run_from("github", "--init", "--env", f"ALIAS={ALIAS}")
        wait_for(github._listens, SECONDS, "GitHub")
        github.register()
        for login in USERS:
            github._control("PUT", f"accounts/{login}", password=password(login))
        deployment.write("secrets/ca.crt", github.ca())
        deployment.write(OAUTH_FILE, github.client("GITHUB") + github.client("OAUTH"))
        github.start_hub(GITHUB_URL=github.url, GITHUB_ALLOWED_ORGANIZATIONS=f"{ORGANIZATION}; Persephone:guests")
        return github

    def client(self, prefix: str) -> str:
        """What secrets/oauth.env needs; single quotes keep Compose from reading `$` and `#`."""
        client = f"{prefix}_CLIENT_ID={CLIENT_ID}\n{prefix}_CLIENT_SECRET='{CLIENT_SECRET}'\n"
        return f"{client}OAUTH_CALLBACK_URL={self.deployment.url}{CALLBACK}\n"

    def expired_callback(self, visitor: Visitor, name: str) -> str:
        address = self.callback(visitor, name)
        self._control("DELETE", "codes")
        return address

    def open_lab(self, page: Page, name: str, service: str = "GitHub") -> None:
        """See SignIn: the hub's button, the provider's form, its question; ends at the hub."""
        self.revoke(name)  # so that the question comes
        visit(page, f"{self.deployment.url}/hub/login")
        page.get_by_role("button", name=f"Sign in with {service}").click()
        page.get_by_label("Username or email address").fill(name)
        page.get_by_label("Password").fill(password(name))
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name=re.compile("^Authorize ")).click()
        expect(page).to_have_url(re.compile(f"^{re.escape(self.deployment.url)}/"), timeout=SECONDS * 1000)

    def join(self, name: str) -> None:
        self.members.add(name)
        self.set_members(ORGANIZATION, *self.members)

    def leave(self, name: str) -> None:
        self.members.remove(name)
        self.set_members(ORGANIZATION, *self.members)

    def disable(self, name: str) -> None:
        """See Provider: GitHub suspends the account."""
        self._control("PATCH", f"accounts/{name}", suspended=True)

    def enable(self, name: str) -> None:
        self._control("PATCH", f"accounts/{name}", suspended=False)

    @contextmanager
    def away(self) -> Generator[None]:
        """See Provider: the server is killed; it knows afterwards what it knew."""
        self.run("sh", "-c", "touch /ca/killed && kill -KILL $(cat /ca/pid)")
        try:
            wait_for(lambda: not self._listens(), SECONDS, "GitHub's end")
            yield
        finally:
            self.run("rm", "/ca/killed")
            wait_for(self._listens, SECONDS, "GitHub")

    @property
    def url(self) -> str:
        """What GITHUB_URL or GITLAB_URL is set to."""
        return f"https://{self.address}:{HTTPS_PORT}"

    def register(self, secret: str = CLIENT_SECRET, host: str = "") -> None:
        """Register the hub as an OAuth application, or change it; GitLab wants the scopes that it may ask for."""
        callback = f"{host or self.deployment.url}{CALLBACK}"
        scopes = ["read_user", "read_api"]
        self._control("PUT", f"apps/{CLIENT_ID}", secret=secret, callback=callback, scopes=scopes)

    def revoke(self, login: str) -> None:
        """Void what a user has allowed applications, as users can in GitHub's settings."""
        self._control("DELETE", f"accounts/{login}")

    def set_members(
        self,
        organization: str,
        *members: str,
        public: tuple[str, ...] = (),
        teams: dict[str, list[str]] | None = None,
        restricted: bool = False,
    ) -> None:
        """Say who is in an organization (or a group of GitLab), and in its teams; logins in lower case.

        Args:
            organization: its name; it is made if need be.
            members: users whose membership is private.
            public: users whose membership is public.
            teams: the members of each team; they have to be members of the organization, too.
            restricted: the organization has not approved the application.
        """
        visible = dict.fromkeys(members, False) | dict.fromkeys(public, True)
        self._control(
            "PUT",
            f"organizations/{quote(organization, safe='')}",
            members=visible,
            teams=teams or {},
            restricted=restricted,
        )

    def answer(self, kind: str) -> None:
        """Let the API answer everything with `error` (500) or `rate-limit`, or as it should: `normal`."""
        self._control("PUT", "answers", answers=kind)

    def expire_tokens(self) -> None:
        """Let the access tokens that can expire (GitLab's) do it."""
        self._control("DELETE", "tokens")

    def scopes(self, login: str) -> list[str]:
        """The scopes of a user's newest token."""
        tokens = self._control("GET", "tokens").json()["tokens"]
        return [token["scopes"] for token in tokens if token["login"] == login.lower()][-1]

    def authorize_requests(self) -> list[dict[str, str]]:
        """The parameters of every authorize request, the oldest first."""
        return self._control("GET", "requests").json()["requests"]

    def callback(self, visitor: Visitor, name: str) -> str:
        session = visitor.session
        answer = visitor.get("/hub/oauth_login")
        for _ in range(5):
            assert answer.is_redirect, f"{answer.status_code}: {answer.text}"
            location = urljoin(answer.url, answer.headers["Location"])
            if not location.startswith(self.url):
                return location
            answer = session.get(location, timeout=SECONDS, allow_redirects=False)
            if answer.ok and not answer.is_redirect:
                fields = {name: unescape(value) for name, value in HIDDEN_FIELD.findall(answer.text)}
                fields |= {"login": name, "password": password(name), "authorize": "1"}
                answer = session.post(answer.url, data=fields, timeout=SECONDS, allow_redirects=False)
        raise AssertionError(f"GitHub does not let {name} in: {answer.status_code}: {answer.text}")

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((self.address, HTTPS_PORT)) == 0

    def _control(self, method: str, path: str, **body: Any) -> requests.Response:
        url = f"http://{self.address}:{CONTROL_PORT}/{path}"
        answer = requests.request(method, url, json=body, timeout=SECONDS)
        answer.raise_for_status()
        return answer
