"""What every provider of OAuthenticator gets: discovery, clear messages, and checks of signed-in users."""

import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import reduce
from importlib.metadata import entry_points
from typing import Any

from jupyterhub.handlers import BaseHandler
from oauthenticator.oauth2 import OAuthCallbackHandler, OAuthenticator, OAuthLoginHandler
from tornado import web
from tornado.httpclient import HTTPClientError
from traitlets import Unicode, default

from hub.sign_in import tls
from hub.sign_in.known import ProviderAuthenticator, ProviderUnavailableError, RefusedError, page_error
from hub.users import userlist

DISCOVERY = "/.well-known/openid-configuration"
# How long a session lasts after its token has expired, where that cannot be renewed: the provider cannot be asked then.
UNASKED_SECONDS = 24 * 3600
EXPIRES_AT = "expires_at"
CONNECT_SECONDS = 5
ANSWER_SECONDS = 10
TOO_MANY_GROUPS = (
    "%s sent no groups of %s, who is in too many of them for a token, so the user is in none here. Fix: let the "
    "provider send only groups that are assigned to the application, or app roles with OAUTH_GROUPS_CLAIM=roles."
)
OTHER_CLAIM = "An administrator of this hub can choose another claim: OAUTH_USERNAME_CLAIM."


class LoginHandler(OAuthLoginHandler):
    """Redirects users to the provider, once its addresses are known."""

    async def get(self) -> None:
        """Redirect to the provider.

        Raises:
            tornado.web.HTTPError: 503 when it is unavailable.
        """
        async with self.authenticator.with_messages():
            await self.authenticator.discover()
        super().get()


class CallbackHandler(OAuthCallbackHandler):
    """The page to which the provider redirects users."""

    async def get(self) -> None:
        """Sign the user in.

        Raises:
            tornado.web.HTTPError: with a message for the user.
        """
        async with self.authenticator.with_messages():
            await super().get()

    def check_state(self) -> None:
        """Compare the state in the address with the cookie's.

        Raises:
            tornado.web.HTTPError: 400 when they differ, or when one cannot be decoded.
        """
        try:
            super().check_state()
        except (ValueError, AttributeError, TypeError) as error:
            raise page_error(400, "OAuth state mismatch") from error


class OAuthSignIn(ProviderAuthenticator, OAuthenticator):
    """What is added to each provider's class."""

    login_handler = LoginHandler
    callback_handler = CallbackHandler

    issuer_url = Unicode(help="OpenID Connect issuer, from which the other addresses are discovered.").tag(config=True)
    groups_claim = Unicode(help="The claim with users' groups; dots lead into nested claims.").tag(config=True)

    @default("http_request_kwargs")
    def _http_request_kwargs_default(self) -> dict[str, Any]:
        return {"ssl_options": tls.context(), "connect_timeout": CONNECT_SECONDS, "request_timeout": ANSWER_SECONDS}

    async def httpfetch(
        self, url: str, label: str = "fetching", parse_json: bool = True, raise_error: bool = True, **kwargs: Any
    ) -> Any:
        """Fetch from the provider; ProviderUnavailableError also where only the status says that it is overloaded."""
        url = url.replace("%252F", "%2F")  # OAuthenticator 17.4 escapes the path of a GitLab subgroup twice
        answer = await super().httpfetch(url, label, parse_json, raise_error, **kwargs)
        if not parse_json and (answer.code >= 500 or _limited(answer.headers)):
            raise ProviderUnavailableError(f"{url} answers with status {answer.code}")
        return answer

    async def discover(self) -> None:
        """Ask the issuer for its addresses, unless they are known (OpenID Connect Discovery 1.0, section 4).

        Raises:
            ProviderUnavailableError: it is unavailable, or its answer is not that of an issuer.
        """
        if not self.issuer_url or self.authorize_url:
            return
        async with self._asking():
            found = await self.httpfetch(self.issuer_url + DISCOVERY, "discovering the provider")
        try:
            if found["issuer"].rstrip("/") != self.issuer_url:
                raise ProviderUnavailableError(f"the issuer at OAUTH_ISSUER_URL calls itself {found['issuer']}")
            self.token_url, self.userdata_url = found["token_endpoint"], found["userinfo_endpoint"]
            self.basic_auth = "client_secret_post" not in found.get("token_endpoint_auth_methods_supported", [])
            self.authorize_url = found["authorization_endpoint"]
        except (TypeError, KeyError, AttributeError) as error:
            raise ProviderUnavailableError(f"{self.issuer_url}{DISCOVERY} is not an issuer's: {error!r}") from error

    async def authenticate(self, handler: BaseHandler, data: Any = None, **kwargs: Any) -> dict[str, Any] | None:
        """The user whom the provider has accepted.

        Raises:
            tornado.web.HTTPError: 403 with a message for the user.
        """
        await self.discover()
        async with self._asking():
            model = await super().authenticate(handler, data, **kwargs)
        if reason := userlist.complaint(model["name"]):
            name = f"Your name at {self.login_service}, {model['name']!r}, cannot be a user name here"
            raise page_error(403, f"{name}: {reason} {OTHER_CLAIM}")
        return model

    async def check_allowed(self, username: str, auth_model: dict[str, Any]) -> bool:
        """See ProviderAuthenticator. Some rules ask the provider."""
        async with self._asking():
            return await super().check_allowed(username, auth_model)

    @asynccontextmanager
    async def with_messages(self) -> AsyncIterator[None]:
        """Turn errors of the provider into a message for the user and a line in the log for administrators."""
        try:
            yield
        except RefusedError as error:
            self.log.warning("%s did not accept a sign-in: %s", self.login_service, error)
            raise page_error(403, f"{self.login_service} did not accept this sign-in: {error}") from error
        except ProviderUnavailableError as error:
            self.log.error("%s is unavailable: %s", self.login_service, error)
            raise page_error(503, f"{self.login_service} is unavailable. Try again later.") from error

    async def get_token_info(self, handler: BaseHandler | None, params: dict[str, Any]) -> dict[str, Any]:
        """The provider's tokens for a code or a refresh token, with the time when they expire.

        Raises:
            RefusedError: the code was used, has expired, or belongs to another user.
        """
        try:
            token: Any = await super().get_token_info(handler, params)
        except web.HTTPError as error:  # refusals with status 200, as GitHub sends them
            self.log.warning("%s issued no token: %s", self.login_service, error.log_message)
            raise RefusedError("the code may have expired. Try again.") from error
        if seconds := token.get("expires_in"):
            token.setdefault(EXPIRES_AT, time.time() + float(seconds))
        return token

    async def token_to_user(self, token_info: dict[str, Any]) -> dict[str, Any]:
        """The provider's claims about the user.

        Raises:
            ProviderUnavailableError: the answer has no claims, although its status is that of a success.
        """
        claims = await super().token_to_user(token_info)
        if not isinstance(claims, dict):
            raise ProviderUnavailableError(f"its answer is a {type(claims).__name__} instead of claims")
        return claims

    def user_info_to_username(self, user_info: dict[str, Any]) -> str:
        """The user name in the claim.

        Raises:
            tornado.web.HTTPError: 403 when there is none, or when it is an e-mail address that was not verified.
        """
        if self.username_claim == "email" and str(user_info.get("email_verified")).lower() == "false":
            raise page_error(403, f"Your e-mail address is not verified at {self.login_service}.")
        try:
            return str(super().user_info_to_username(user_info))
        except (ValueError, KeyError) as error:
            message = f'{self.login_service} did not provide a "{self.username_claim}". {OTHER_CLAIM}'
            raise page_error(403, message) from error

    async def get_user_groups(self, auth_state: dict[str, Any]) -> set[str]:
        """The groups in the groups claim; a name with dots may be that of a claim, or a path to a nested one."""
        claims = auth_state[self.user_auth_state_key]
        # Microsoft Entra's mark of a user with more than 200 groups, for which there is another address to ask.
        if self.groups_claim in (claims.get("_claim_names") or {}):
            self.log.warning(TOO_MANY_GROUPS, self.login_service, claims.get(self.username_claim, "a user"))
        groups = claims.get(self.groups_claim)
        if groups is None:
            path = self.groups_claim.split(".")
            groups = reduce(lambda value, key: value.get(key) if isinstance(value, dict) else None, path, claims)
        names = [groups] if isinstance(groups, str) else groups if isinstance(groups, list | dict) else ()
        return {str(name) for name in names if str(name).strip()}

    async def ask_again(self, user: Any, handler: BaseHandler | None) -> dict[str, Any] | None:
        """See ProviderAuthenticator."""
        state = await user.get_auth_state()
        if not state:
            raise RefusedError("the hub has no token of the provider for this user")
        await self.discover()
        async with self._asking():
            model = await self._renewed(state)
        if model and self.normalize_username(model["name"]) != user.name:
            raise RefusedError(f"the account was renamed to {model['name']}")
        return model

    async def _renewed(self, state: dict[str, Any]) -> dict[str, Any] | None:
        token, renewal = state["token_response"], state.get("refresh_token")
        seconds_over = time.time() - token.get(EXPIRES_AT, float("inf"))
        if seconds_over < 0 or not renewal:
            try:
                return await self._token_to_auth_model(token)
            except HTTPClientError as error:
                if not _refusal(error) or (not renewal and seconds_over < 0):
                    raise
        if renewal:
            fresh = await self.get_token_info(None, self.build_refresh_token_request_params(renewal))
            return await self._token_to_auth_model({"refresh_token": renewal} | fresh)
        if seconds_over > UNASKED_SECONDS:
            raise RefusedError("the provider's token expired a day ago")
        return None

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        try:
            yield
        except HTTPClientError as error:
            if _refusal(error):
                raise RefusedError("the code or the token may have expired. Try again.") from error
            raise ProviderUnavailableError(str(error)) from error
        except (OSError, json.JSONDecodeError) as error:
            raise ProviderUnavailableError(tls.reason(error)) from error


def _limited(headers: Mapping[str, str]) -> bool:
    """Whether the provider has received too many requests; GitHub's status for that is 403, too."""
    return headers.get("X-RateLimit-Remaining") == "0" or "Retry-After" in headers


def _refusal(error: HTTPClientError) -> bool:
    """Whether the provider refused the user: not because it is overloaded, nor because it refused the hub."""
    response = error.response
    if error.code not in (400, 401, 403) or response is None or _limited(response.headers):
        return False
    return b"invalid_client" not in response.body


def authenticator_class(name: str) -> type[OAuthSignIn]:
    """The authenticator for a provider, by its entry point in OAuthenticator."""
    (entry,) = entry_points(group="jupyterhub.authenticators", name=name)
    provider = entry.load()
    return type(f"{provider.__name__}SignIn", (OAuthSignIn, provider), {"__module__": __name__})
