"""Signing in with an OpenID Connect provider: the one of servers/oidc, in a container beside a deployment."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Self
from urllib.parse import urljoin

import requests
from playwright.sync_api import Page, expect

from support.browser import visit
from support.deployment import Deployment
from support.people import Visitor
from support.sign_in import OAuthProvider, ProviderWithAdmins
from support.waiting import wait_for

CLIENT_ID = "the-hub"
CLIENT_SECRET = "a $ecret #1 of the hub"
SERVICE = "Serenity Identity"
CALLBACK = "/hub/oauth_callback"
ALIAS = "oidc"
PORT = 8443
ADMIN_PORT = 8080
START_SECONDS = 30
HTTP_SECONDS = 30


def password(account: str) -> str:
    """The password of an account."""
    return f"{account}-password"


class OidcProvider(OAuthProvider, ProviderWithAdmins):
    """One provider; its accounts, tokens and authority last as long as its container."""

    authenticator = "generic-oauth"
    secrets = (CLIENT_SECRET,)

    @classmethod
    def start(cls, deployment: Deployment, name: str = ALIAS, authentication: str = "client_secret_post") -> Self:
        """Start a provider on the deployment's network and return once it answers.

        The hub is its client, and sends the secret in the way of `authentication`.
        """
        provider = cls(deployment, name)
        client = {
            "CLIENT_ID": CLIENT_ID,
            "CLIENT_SECRET": CLIENT_SECRET,
            "CLIENT_AUTHENTICATION": authentication,
            "REDIRECT_URI": f"{deployment.url}{CALLBACK}",
        }
        environment = [argument for item in client.items() for argument in ("--env", "=".join(item))]
        provider.run_from("oidc", "--hostname", name, *environment)
        wait_for(lambda: provider.seen("grants") == [], START_SECONDS, "the provider")
        return provider

    @property
    def issuer(self) -> str:
        """The provider's address, from which the others are discovered."""
        return f"https://{self.address}:{PORT}"

    def secrets_file(self, secret: str = CLIENT_SECRET) -> str:
        """What secrets/oauth.env needs."""
        callback = f"{self.deployment.url}{CALLBACK}"
        return f"OAUTH_CLIENT_ID={CLIENT_ID}\nOAUTH_CLIENT_SECRET='{secret}'\nOAUTH_CALLBACK_URL={callback}\n"

    # --- What its administrator does ---

    def admin(self, action: str, **change: Any) -> Any:
        """Do what servers/oidc/admin.js knows as `action`."""
        response = requests.post(f"http://{self.address}:{ADMIN_PORT}/{action}", json=change, timeout=HTTP_SECONDS)
        response.raise_for_status()
        return response.json()

    def reset(self) -> None:
        """Make every account as in accounts.json again, and forget what was seen."""
        self.admin("reset")

    def disable(self, name: str) -> None:
        """See Provider: the account's tokens are void, too."""
        self.change(name, disabled=True)

    def enable(self, name: str) -> None:
        self.change(name, disabled=False)

    def join(self, name: str) -> None:
        self.change(name, groups=["engineers"])

    def leave(self, name: str) -> None:
        self.change(name, groups=["crew"])

    def join_admins(self, name: str) -> None:
        self.change(name, groups=["captains"])

    def leave_admins(self, name: str) -> None:
        self.leave(name)

    def change(self, account: str, **claims: Any) -> None:
        """Change claims of an account, or whether it is disabled."""
        self.admin("accounts", **{account: claims})

    def behave(self, **behaviour: Any) -> None:
        """Change what admin.js calls behaviour."""
        self.admin("behaviour", **behaviour)

    def seen(self, what: str) -> list[Any]:
        """The `authorizeRequests`, or the types of `grants` given, since the last reset."""
        return self.admin("seen")[what]

    @contextmanager
    def away(self) -> Generator[None]:
        self.admin("away")
        try:
            yield
        finally:
            self.admin("back")

    # --- What users do ---

    def callback(self, visitor: Visitor, name: str, next_url: str = "") -> str:
        begin = visitor.get(f"/hub/oauth_login{f'?next={next_url}' if next_url else ''}")
        assert begin.status_code == 302, f"{begin.status_code}: {begin.text}"
        address = begin.headers["Location"]
        assert address.startswith(self.issuer), address
        while not address.startswith(self.deployment.url):
            response = visitor.session.get(address, timeout=HTTP_SECONDS, allow_redirects=False)
            if response.status_code == 200:
                form = {"name": name, "password": password(name)}
                response = visitor.session.post(response.url, data=form, timeout=HTTP_SECONDS, allow_redirects=False)
            assert response.is_redirect, f"{response.status_code}: {response.text}"
            address = urljoin(response.url, response.headers["Location"])
        return address

    def expired_callback(self, visitor: Visitor, name: str) -> str:
        self.behave(codeSeconds=1)
        address = self.callback(visitor, name)
        self.restart()  # which takes longer than a second
        self.behave(codeSeconds=60)
        return address

    def press_button(self, page: Page) -> None:
        """Press the button of the hub's login page."""
        visit(page, f"{self.deployment.url}/hub/login")
        page.get_by_role("button", name=f"Sign in with {SERVICE}").click()
        expect(page.locator("h1")).to_have_text(SERVICE)

    def open_lab(self, page: Page, name: str) -> None:
        self.press_button(page)
        page.get_by_placeholder("Name").fill(name)
        page.get_by_placeholder("Password").fill(password(name))
        page.get_by_role("button", name="Continue").click()
