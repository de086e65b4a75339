"""A server of our own that speaks GitHub Enterprise's and GitLab's paths, see tests/servers/github; and its people."""

import re
import socket
from html import unescape
from typing import Any, Self
from urllib.parse import quote, urljoin

import requests
from playwright.sync_api import Page, expect

from support.beside import Beside
from support.browser import visit
from support.deployment import Deployment
from support.people import Visitor
from support.waiting import wait_for

ALIAS = "github"
HTTPS_PORT = 8443
CONTROL_PORT = 8080
SECONDS = 30
HIDDEN_FIELD = re.compile(r'name="(_xsrf|return_to)" value="([^"]*)"')


class GitHub(Beside):
    """The server of one deployment, on its network; removed together with the deployment."""

    @classmethod
    def start(cls, deployment: Deployment) -> Self:
        """Build and start it; hub and browser reach it under the same address."""
        github = cls(deployment, ALIAS)
        github.run_from("github", "--init", "--env", f"ALIAS={ALIAS}")
        wait_for(github._listens, SECONDS, "GitHub")
        return github

    @property
    def url(self) -> str:
        """What GITHUB_URL or GITLAB_URL is set to."""
        return f"https://{self.address}:{HTTPS_PORT}"

    def kill(self) -> None:
        """End the server at once: nobody listens at its address any more."""
        self.run("sh", "-c", "touch /ca/killed && kill -KILL $(cat /ca/pid)")
        wait_for(lambda: not self._listens(), SECONDS, "GitHub's end")

    def start_again(self) -> None:
        """Start it after `kill`; it knows everything that it knew."""
        self.run("rm", "/ca/killed")
        wait_for(self._listens, SECONDS, "GitHub")

    def register(self, client_id: str, secret: str, callback: str, scopes: tuple[str, ...] = ()) -> None:
        """Register an OAuth application, or change it; GitLab wants the scopes that it may ask for."""
        self._control("PUT", f"apps/{client_id}", secret=secret, callback=callback, scopes=list(scopes))

    def add(self, login: str, password: str) -> None:
        """Make an account."""
        self._control("PUT", f"accounts/{login}", password=password)

    def suspend(self, login: str, suspended: bool = True) -> None:
        """Suspend an account, or end that."""
        self._control("PATCH", f"accounts/{login}", suspended=suspended)

    def revoke(self, login: str) -> None:
        """Void what somebody has allowed applications, as people can in GitHub's settings."""
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
            members: those whose membership is private.
            public: those whose membership everybody sees.
            teams: the members of each team; they have to be members of the organization, too.
            restricted: the organization has not approved the application.
        """
        everybody = dict.fromkeys(members, False) | dict.fromkeys(public, True)
        self._control(
            "PUT",
            f"organizations/{quote(organization, safe='')}",
            members=everybody,
            teams=teams or {},
            restricted=restricted,
        )

    def answer(self, kind: str) -> None:
        """Let the API answer everything with `error` (500) or `rate-limit`, or as it should: `normal`."""
        self._control("PUT", "answers", answers=kind)

    def expire_codes(self) -> None:
        """Let the codes that nobody has exchanged yet expire."""
        self._control("DELETE", "codes")

    def expire_tokens(self) -> None:
        """Let the access tokens that can expire (GitLab's) do it."""
        self._control("DELETE", "tokens")

    def scopes(self, login: str) -> list[str]:
        """The scopes of somebody's newest token."""
        tokens = self._control("GET", "tokens").json()["tokens"]
        return [token["scopes"] for token in tokens if token["login"] == login.lower()][-1]

    def authorize_requests(self) -> list[dict[str, str]]:
        """The parameters of every authorize request, the oldest first."""
        return self._control("GET", "requests").json()["requests"]

    def authorize(self, visitor: Visitor, login: str, password: str, start: str = "/hub/oauth_login") -> str:
        """Sign in as a program: from the hub to GitHub, through its forms, up to where it sends the browser back.

        Returns:
            That address, which was not opened.
        """
        session = visitor.session
        answer = visitor.get(start)
        for _ in range(5):
            assert answer.is_redirect, f"{answer.status_code}: {answer.text}"
            location = urljoin(answer.url, answer.headers["Location"])
            if not location.startswith(self.url):
                return location
            answer = session.get(location, timeout=SECONDS, allow_redirects=False)
            if answer.ok and not answer.is_redirect:
                fields = {name: unescape(value) for name, value in HIDDEN_FIELD.findall(answer.text)}
                fields |= {"login": login, "password": password, "authorize": "1"}
                answer = session.post(answer.url, data=fields, timeout=SECONDS, allow_redirects=False)
        raise AssertionError(f"GitHub does not let {login} in: {answer.status_code}: {answer.text}")

    def sign_in(self, visitor: Visitor, login: str, password: str) -> requests.Response:
        """Sign in as a program; returns the hub's answer to the browser that comes back."""
        return open_callback(visitor, self.authorize(visitor, login, password))

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((self.address, HTTPS_PORT)) == 0

    def _control(self, method: str, path: str, **body: Any) -> requests.Response:
        url = f"http://{self.address}:{CONTROL_PORT}/{path}"
        answer = requests.request(method, url, json=body, timeout=SECONDS)
        answer.raise_for_status()
        return answer


def open_callback(visitor: Visitor, address: str) -> requests.Response:
    """Open the address that the provider sends the browser back to; redirects are not followed."""
    return visitor.session.get(address, timeout=SECONDS, allow_redirects=False)


def sign_in_with_browser(page: Page, hub: str, login: str, password: str, service: str = "GitHub") -> None:
    """Sign in as a person: the hub's button, the provider's form, its question; ends at the hub."""
    visit(page, f"{hub}/hub/login")
    page.get_by_role("button", name=f"Sign in with {service}").click()
    page.get_by_label("Username or email address").fill(login)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name=re.compile("^Authorize ")).click()
    expect(page).to_have_url(re.compile(f"^{re.escape(hub)}/"), timeout=SECONDS * 1000)
