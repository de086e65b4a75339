"""Signing in and allowing an application: the pages for users, and the exchange of codes for tokens.

GitHub: https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
GitLab: https://docs.gitlab.com/api/oauth2/
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tornado.escape import to_unicode, xhtml_escape
from tornado.httputil import url_concat
from tornado.web import RequestHandler
from world import GITLAB_TOKEN_SECONDS, App, Code, Token, World

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>
"""
LOGIN = """<p role="alert">{message}</p>
<form method="post" action="{action}">{xsrf}
<input type="hidden" name="return_to" value="{return_to}">
<label>Username or email address <input name="login" id="login_field" autocomplete="username"></label>
<label>Password <input name="password" id="password" type="password"></label>
<button type="submit">Sign in</button></form>"""
CONSENT = """<p>{client} wants to access your {login} account: {scopes}</p>
<form method="post" action="{action}">{xsrf}
<button type="submit" name="authorize" value="0">Cancel</button>
<button type="submit" name="authorize" value="1">Authorize {client}</button></form>"""
INVALID_GRANT = (
    "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the "
    "authorization request, or was issued to another client."
)


class Handler(RequestHandler):
    """What all pages share: the world, saved after whatever may have changed it."""

    world: World

    def initialize(self, world: World) -> None:
        """Tornado hands over what was given with the route."""
        self.world = world

    def on_finish(self) -> None:
        """Keep what has changed."""
        self.world.save()

    def page(self, title: str, body: str = "", status: int = 200) -> None:
        """Answer with a page."""
        self.set_status(status)
        self.finish(PAGE.format(title=title, body=body))


class LoginPage(Handler):
    """Name and password; correct ones start a session."""

    def get(self) -> None:
        """Show the form."""
        self.form("")

    def form(self, message: str, status: int = 200) -> None:
        """Show the form with a message."""
        return_to = xhtml_escape(self.get_argument("return_to", "/"))
        body = LOGIN.format(
            message=message, action=self.request.path, return_to=return_to, xsrf=to_unicode(self.xsrf_form_html())
        )
        self.page("Sign in", body, status)

    def post(self) -> None:
        """Check name and password."""
        account = self.world.account(self.get_argument("login", ""))
        if account is None or not secrets.compare_digest(
            account.password.encode(), self.get_argument("password", "", strip=False).encode()
        ):
            self.form("Incorrect username or password.", 401)
        elif account.suspended:
            self.form("Your account is suspended.", 403)
        else:
            self.set_signed_cookie("user_session", account.login, secure=True, httponly=True)
            self.redirect("/" + self.get_argument("return_to", "/").lstrip("/"))


class AuthorizePage(Handler):
    """Ask for consent, once, and send the browser back with a code."""

    login_path = "/login"

    def get(self) -> None:
        """Ask who it is, then for consent; given before, it goes straight back."""
        if (app := self.checked_app()) is None:
            return
        account = self.world.account((self.get_signed_cookie("user_session") or b"").decode())
        if account is None or account.suspended:
            self.redirect(url_concat(self.login_path, {"return_to": self.request.uri or ""}))
            return
        self.world.requests.append(dict(parse_qsl(self.request.query, keep_blank_values=True)))
        given = self.world.consents.get((account.login.lower(), app.client_id))
        if given is not None and set(self.scopes(app)) <= given:
            self.send_back(app, {"code": self.new_code(app, account.login)})
            return
        body = CONSENT.format(
            client=app.client_id,
            login=account.login,
            scopes=xhtml_escape(", ".join(self.scopes(app)) or "public data only"),
            action=xhtml_escape(self.request.uri or ""),
            xsrf=to_unicode(self.xsrf_form_html()),
        )
        self.page("Authorize application", body)

    def post(self) -> None:
        """Take the consent or its refusal."""
        login = (self.get_signed_cookie("user_session") or b"").decode()
        app = self.checked_app()
        if app is None or self.world.account(login) is None:
            return
        if self.get_body_argument("authorize") == "1":
            self.world.consents.setdefault((login.lower(), app.client_id), set()).update(self.scopes(app))
            self.send_back(app, {"code": self.new_code(app, login)})
        else:
            description = "The user has denied your application access."
            self.send_back(app, {"error": "access_denied", "error_description": description})

    def checked_app(self) -> App | None:
        """The application that asks; None when the request is wrong and was answered."""
        raise NotImplementedError

    def scopes(self, app: App) -> list[str]:
        """What the application asks for."""
        return self.get_query_argument("scope", "").replace(",", " ").split()

    def new_code(self, app: App, login: str) -> str:
        """Make the code for the application."""
        redirect_uri = self.get_query_argument("redirect_uri", app.callback)
        challenge = self.get_query_argument("code_challenge", "")
        return self.world.new_code(Code(app.client_id, login.lower(), redirect_uri, self.scopes(app), challenge))

    def send_back(self, app: App, answer: dict[str, str], redirect_uri: str = "") -> None:
        """Redirect to the application, with the state that it sent."""
        if state := self.get_query_argument("state", ""):
            answer = answer | {"state": state}
        self.redirect(url_concat(redirect_uri or self.get_query_argument("redirect_uri", app.callback), answer))


class GitHubAuthorize(AuthorizePage):
    """/login/oauth/authorize."""

    def checked_app(self) -> App | None:
        """The application; a wrong redirect_uri goes to the registered one, with an error."""
        app = self.world.apps.get(self.get_query_argument("client_id", ""))
        if app is None:
            self.page("Page not found", status=404)
            return None
        if not below(self.get_query_argument("redirect_uri", app.callback), app.callback):
            description = "The redirect_uri MUST match the registered callback URL for this application."
            self.send_back(app, {"error": "redirect_uri_mismatch", "error_description": description}, app.callback)
            return None
        if self.get_query_argument("code_challenge_method", "S256") != "S256":
            self.send_back(app, {"error": "invalid_request", "error_description": "Only S256 is supported."})
            return None
        return app


class GitLabAuthorize(AuthorizePage):
    """/oauth/authorize."""

    login_path = "/users/sign_in"

    def checked_app(self) -> App | None:
        """The application; errors in who asks stay on a page."""
        app = self.world.apps.get(self.get_query_argument("client_id", ""))
        if app is None:
            self.page("An error has occurred", "Client authentication failed due to unknown client.", 401)
            return None
        if self.get_query_argument("redirect_uri", "") != app.callback:
            self.page("An error has occurred", "The redirect URI included is not valid.", 400)
            return None
        if not set(self.scopes(app)) <= set(app.scopes):
            description = "The requested scope is invalid, unknown, or malformed."
            self.send_back(app, {"error": "invalid_scope", "error_description": description})
            return None
        return app

    def scopes(self, app: App) -> list[str]:
        """What the application asks for; GitLab's default is everything."""
        return super().scopes(app) or ["api"]


class TokenEndpoint(Handler):
    """Where applications exchange a code; no page, so no token of a form."""

    def check_xsrf_cookie(self) -> None:
        """There is no form."""

    def client(self) -> App | None:
        """The application, if its secret is right."""
        app = self.world.apps.get(self.get_argument("client_id", ""))
        secret = self.get_argument("client_secret", "")
        return app if app and secrets.compare_digest(app.secret.encode(), secret.encode()) else None

    def take_code(self, app: App) -> Code | None:
        """The code's meaning, once; None when it is unknown, used, expired, another's or without its verifier."""
        code = self.world.codes.pop(self.get_argument("code", ""), None)
        right = (
            code
            and code.client_id == app.client_id
            and code.expires > time.time()
            and (not code.challenge or code.challenge == challenge_of(self.get_argument("code_verifier", "")))
        )
        return code if right else None


class GitHubToken(TokenEndpoint):
    """/login/oauth/access_token: errors have status 200."""

    def post(self) -> None:
        """Exchange a code."""
        app = self.client()
        if app is None:
            return self.answer(
                error="incorrect_client_credentials",
                error_description="The client_id and/or client_secret passed are incorrect.",
            )
        if not below(self.get_argument("redirect_uri", app.callback), app.callback):
            return self.answer(
                error="redirect_uri_mismatch",
                error_description="The redirect_uri MUST match the registered callback URL for this application.",
            )
        code = self.take_code(app)
        account = self.world.account(code.login) if code else None
        if code is None or account is None or account.suspended:
            return self.answer(
                error="bad_verification_code", error_description="The code passed is incorrect or expired."
            )
        token = self.world.new_token("gho_", Token(app.client_id, code.login, code.scopes))
        return self.answer(access_token=token, scope=",".join(code.scopes), token_type="bearer")

    def answer(self, **fields: str) -> None:
        """JSON where it is asked for, else a form."""
        if "application/json" in self.request.headers.get("Accept", ""):
            self.finish(fields)
        else:
            self.set_header("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
            self.finish(urlencode(fields))


class GitLabToken(TokenEndpoint):
    """/oauth/token: tokens of two hours, each with a refresh token that is good for one use."""

    def post(self) -> None:
        """Exchange a code or a refresh token."""
        app = self.client()
        if app is None:
            return self.refuse(401, "invalid_client", "Client authentication failed.")
        if self.get_argument("grant_type", "") == "refresh_token":
            value, old = self.refreshed(self.get_argument("refresh_token", ""))
            if old is None:
                return self.refuse(400, "invalid_grant", INVALID_GRANT)
            del self.world.tokens[value]
            return self.answer(app, old.login, old.scopes)
        code = self.take_code(app)
        if code is None or code.redirect_uri != self.get_argument("redirect_uri", ""):
            return self.refuse(400, "invalid_grant", INVALID_GRANT)
        return self.answer(app, code.login, code.scopes)

    def refreshed(self, refresh: str) -> tuple[str, Token | None]:
        """The token that a refresh token was given with."""
        found = [item for item in self.world.tokens.items() if refresh and item[1].refresh == refresh]
        return found[0] if found else ("", None)

    def answer(self, app: App, login: str, scopes: list[str]) -> None:
        """Give a new token."""
        token = Token(app.client_id, login, scopes, expires=time.time() + GITLAB_TOKEN_SECONDS)
        token.refresh = secrets.token_hex(32)
        value = self.world.new_token("", token)
        answer: dict[str, Any] = {
            "access_token": value,
            "token_type": "Bearer",
            "expires_in": GITLAB_TOKEN_SECONDS,
            "refresh_token": token.refresh,
            "scope": " ".join(scopes),
            "created_at": int(token.created),
        }
        self.finish(answer)

    def refuse(self, status: int, error: str, description: str) -> None:
        """Answer with an error of OAuth."""
        self.set_status(status)
        self.finish({"error": error, "error_description": description})


def below(redirect_uri: str, registered: str) -> bool:
    """Whether the address has the registered host and port, and a path at or below the registered one."""
    asked, known = urlsplit(redirect_uri), urlsplit(registered)
    path = known.path.rstrip("/")
    return asked[:2] == known[:2] and (asked.path == known.path or asked.path.startswith(f"{path}/"))


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a code verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


ROUTES = [
    ("/login", LoginPage),
    ("/login/oauth/authorize", GitHubAuthorize),
    ("/login/oauth/access_token", GitHubToken),
    ("/users/sign_in", LoginPage),
    ("/oauth/authorize", GitLabAuthorize),
    ("/oauth/token", GitLabToken),
]
