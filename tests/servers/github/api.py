"""The APIs that report to an application who a user is.

GitHub: https://docs.github.com/en/rest/orgs/members and https://docs.github.com/en/rest/teams/members
GitLab: https://docs.gitlab.com/api/members/
"""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import quote

from oauth import Handler
from world import Account, Organization, Token

PER_PAGE = 30
MOST_PER_PAGE = 100
HOUR = 3600


class Api(Handler):
    """A request with a token, or refused."""

    account: Account
    token: Token

    def prepare(self) -> None:
        """Find out who asks."""
        if self.world.answers == "error":
            self.refuse(500, "Server Error")
        elif self.world.answers == "rate-limit":
            self.refuse_for_rate()
        else:
            self.find_account()

    def find_account(self) -> None:
        """Refuse unknown tokens and those of the suspended."""
        scheme, _, value = self.request.headers.get("Authorization", "").partition(" ")
        token = self.world.tokens.get(value) if scheme.lower() in {"token", "bearer"} else None
        account = self.world.account(token.login) if token else None
        if token is None or account is None or token.expires < time.time():
            self.refuse_token(asked=bool(value))
        elif account.suspended:
            self.refuse_suspended()
        else:
            self.account, self.token = account, token
            self.set_header("X-OAuth-Scopes", ", ".join(token.scopes))

    def refuse_token(self, *, asked: bool) -> None:
        """The token is not good, or there is none."""
        raise NotImplementedError

    def refuse_suspended(self) -> None:
        """The token is good and its owner is not."""
        raise NotImplementedError

    def refuse_for_rate(self) -> None:
        """Too many requests."""
        raise NotImplementedError

    def refuse(self, status: int, message: str) -> None:
        """Answer with an error."""
        self.set_status(status)
        self.finish({"message": message, "documentation_url": "https://docs.github.com/rest"})

    def scope(self, *any_of: str) -> bool:
        """Whether the token has one of these scopes."""
        return not set(any_of).isdisjoint(self.token.scopes)


class GitHubApi(Api):
    """/api/v3."""

    def refuse_token(self, *, asked: bool) -> None:
        """401."""
        self.refuse(401, "Bad credentials" if asked else "Requires authentication")

    def refuse_suspended(self) -> None:
        """403."""
        self.refuse(403, "Sorry. Your account was suspended.")

    def refuse_for_rate(self) -> None:
        """403, which differs from others by its headers."""
        self.set_header("X-RateLimit-Limit", "5000")
        self.set_header("X-RateLimit-Remaining", "0")
        self.set_header("X-RateLimit-Reset", str(int(time.time()) + HOUR))
        self.refuse(403, "API rate limit exceeded for user.")

    def member_of(self, organization: Organization) -> bool:
        """Whether the token may read the organization, and belongs to a member."""
        return self.account.login.lower() in organization.members and self.scope("read:org", "write:org", "admin:org")

    def closed(self, organization: Organization) -> bool:
        """Whether the organization has not approved the application; then it is answered here."""
        if organization.restricted:
            self.refuse(
                403,
                "Although you appear to have the correct authorization credentials, the "
                f"`{organization.name}` organization has enabled OAuth App access restrictions, meaning that data "
                "access to third-parties is limited.",
            )
        return organization.restricted

    def say(self, found: bool) -> None:
        """Answer a question for a membership."""
        if found:
            self.set_status(204)
            self.finish()
        else:
            self.refuse(404, "Not Found")


class User(GitHubApi):
    """/user."""

    def get(self) -> None:
        """Who the token's owner is; the address is private."""
        self.finish({"login": self.account.login, "id": self.account.id, "type": "User", "name": None, "email": None})


class Emails(GitHubApi):
    """/user/emails."""

    def get(self) -> None:
        """The addresses, with a scope for them."""
        if not self.scope("user", "user:email"):
            self.refuse(404, "Not Found")
            return
        addresses = [
            {"email": f"old-{self.account.email}", "primary": False, "verified": True, "visibility": None},
            {"email": self.account.email, "primary": True, "verified": True, "visibility": "private"},
        ]
        self.finish(json.dumps(addresses))


class Teams(GitHubApi):
    """/user/teams."""

    def get(self) -> None:
        """The teams of the token's owner, a page of them; the header Link says where the next one is."""
        if not self.scope("user", "repo", "read:org", "write:org", "admin:org"):
            self.refuse(403, "You need at least read:org scope to list teams.")
            return
        teams = self.teams()
        size = min(int(self.get_query_argument("per_page", str(PER_PAGE))), MOST_PER_PAGE)
        number = int(self.get_query_argument("page", "1"))
        if number * size < len(teams):
            address = f"https://{self.request.host}{self.request.path}?per_page={size}&page="
            last = -(-len(teams) // size)
            self.set_header("Link", f'<{address}{number + 1}>; rel="next", <{address}{last}>; rel="last"')
        self.finish(json.dumps(teams[(number - 1) * size : number * size]))

    def teams(self) -> list[dict[str, Any]]:
        """All of them."""
        return [
            {"name": team, "slug": team, "organization": {"login": organization.name}}
            for organization in self.world.organizations.values()
            for team, members in organization.teams.items()
            if self.account.login.lower() in members
        ]


class Member(GitHubApi):
    """/orgs/ORG/members/USER."""

    def get(self, name: str, login: str) -> None:
        """204 or 404 to members; others are sent to the public membership."""
        organization = self.world.organization(name)
        if organization is None:
            return self.refuse(404, "Not Found")
        if self.closed(organization):
            return None
        if not self.member_of(organization):
            path = f"/api/v3/orgs/{quote(name)}/public_members/{quote(login)}"
            return self.redirect(f"https://{self.request.host}{path}")
        return self.say(login.lower() in organization.members)


class PublicMember(GitHubApi):
    """/orgs/ORG/public_members/USER."""

    def get(self, name: str, login: str) -> None:
        """204 or 404."""
        organization = self.world.organization(name)
        self.say(bool(organization) and organization.members.get(login.lower(), False))


class TeamMember(GitHubApi):
    """/orgs/ORG/teams/TEAM/members/USER; teams are never public."""

    def get(self, name: str, team: str, login: str) -> None:
        """204 or 404."""
        organization = self.world.organization(name)
        if organization is None or not self.member_of(organization):
            return self.refuse(404, "Not Found")
        if self.closed(organization):
            return None
        return self.say(login.lower() in organization.teams.get(team, []))


class GitLabApi(Api):
    """/api/v4."""

    def refuse_token(self, *, asked: bool) -> None:
        """401."""
        self.set_status(401)
        if asked:
            description = "Token was revoked. You have to re-authorize from the user."
            self.finish({"error": "invalid_token", "error_description": description})
        else:
            self.finish({"message": "401 Unauthorized"})

    def refuse_suspended(self) -> None:
        """403."""
        self.refuse(403, "403 Forbidden - Your account has been blocked.")

    def refuse_for_rate(self) -> None:
        """429."""
        self.set_header("Retry-After", "60")
        self.refuse(429, "Retry later")

    def has_scope(self, *any_of: str) -> bool:
        """Whether the token has one of these scopes; if not, it is answered here."""
        if not self.scope(*any_of):
            self.set_status(403)
            description = "The request requires higher privileges than provided by the access token."
            self.finish({"error": "insufficient_scope", "error_description": description, "scope": " ".join(any_of)})
        return self.scope(*any_of)


class GitLabUser(GitLabApi):
    """/user."""

    def get(self) -> None:
        """Who the token's owner is."""
        if self.has_scope("api", "read_api", "read_user"):
            account = self.account
            self.finish(
                {"id": account.id, "username": account.login, "email": account.email, "state": "active", "bot": False}
            )


class GitLabVersion(GitLabApi):
    """/version."""

    def get(self) -> None:
        """A version of today."""
        if self.has_scope("api", "read_api", "read_user"):
            self.finish({"version": "18.5.1-ee", "revision": "0f1e2d3c4b5"})


class GitLabMember(GitLabApi):
    """/groups/GROUP/members/all/ID."""

    def get(self, group: str, number: str) -> None:
        """The membership in the group or in one above it; outsiders do not see the group."""
        if not self.has_scope("api", "read_api"):
            return
        members = self.members(group)
        if self.account.login.lower() not in members:
            self.refuse(404, "404 Group Not Found")
        elif (login := self.login_of(int(number))) not in members:
            self.refuse(404, "404 Not found")
        else:
            self.finish({"id": int(number), "username": login, "state": "active", "access_level": 30})

    def members(self, group: str) -> set[str]:
        """The members, inherited ones too; none where there is no such group."""
        if self.world.organization(group) is None:
            return set()
        words = group.lower().split("/")
        groups = [self.world.organization("/".join(words[: count + 1])) for count in range(len(words))]
        return {login for found in groups if found for login in found.members}

    def login_of(self, number: int) -> str:
        """The lower-case name of the account with this number."""
        return next((login for login, account in self.world.accounts.items() if account.id == number), "")


ROUTES = [
    ("/api/v3/user", User),
    ("/api/v3/user/emails", Emails),
    ("/api/v3/user/teams", Teams),
    (r"/api/v3/orgs/([^/]+)/members/([^/]+)", Member),
    (r"/api/v3/orgs/([^/]+)/public_members/([^/]+)", PublicMember),
    (r"/api/v3/orgs/([^/]+)/teams/([^/]+)/members/([^/]+)", TeamMember),
    ("/api/v4/user", GitLabUser),
    ("/api/v4/version", GitLabVersion),
    (r"/api/v4/groups/([^/]+)/members/all/(\d+)", GitLabMember),
]
