"""OAuth providers: what all of them need, and the few settings in which they differ."""

from collections.abc import Iterator
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from hub.errors import Problem
from hub.settings.fields import Groups, Host, Names, Token, Unquoted, Url
from hub.settings.model import setting
from hub.sign_in.settings import ProviderSettings

OAUTH_FILE = "secrets/oauth.env"
CALLBACK_PATH = "/hub/oauth_callback"


def _callback(url: str) -> str:
    parts = urlsplit(url)
    parts.port  # noqa: B018 -- raises ValueError unless it is a number
    if parts.scheme != "https":
        raise ValueError("it has to begin with https://")
    if not parts.hostname or not parts.path.endswith(CALLBACK_PATH) or parts.query or parts.fragment:
        raise ValueError(f"behind the host comes {CALLBACK_PATH} and nothing else")
    return url


class OAuthProviderSettings(ProviderSettings):
    """What every OAuth provider needs, its client's name and secret excepted."""

    keeps_tokens: ClassVar[bool] = True

    oauth_callback_url: Annotated[Unquoted, AfterValidator(_callback)] = setting(
        ...,
        "where the provider sends people back to, as registered there",
        f"https://HOST{CALLBACK_PATH}",
        file=OAUTH_FILE,
        trait="oauth_callback_url",
    )
    oauth_login_service: Unquoted = setting(
        "", "the name on the button; empty: the provider's", "a few words", trait="login_service"
    )
    oauth_scope: Names = setting([], "scopes to ask for; empty: those that are needed", "words", trait="scope")
    oauth_username_claim: str = setting(
        "",
        "the claim that is the user name here; empty: the provider's usual one",
        "a claim's name such as email",
        trait="username_claim",
    )
    oauth_groups_claim: str = setting(
        "",
        "the claim with people's groups, which become JupyterHub's; nested ones with dots",
        "a claim's name such as groups or realm_access.roles",
        trait="groups_claim",
    )
    oauth_allowed_groups: Groups = setting([], "groups of that claim whose members may sign in", trait="allowed_groups")
    oauth_admin_groups: Groups = setting(
        [], "groups of that claim whose members may sign in and are administrators", trait="admin_groups"
    )
    oauth_logout_redirect_url: str = setting(
        "",
        "where Logout leads, to end the provider's session, too; empty: the login page",
        "an address",
        trait="logout_redirect_url",
        pattern=r"^(https?://\S+)?$",
    )
    jupyterhub_crypt_key: Token = setting(
        ...,
        "encrypts the provider's tokens in the database, made by make build",
        "64 hexadecimal digits",
        file="secrets/hub.env",
    )

    @property
    def admin_groups(self) -> frozenset[str]:
        """Those of the groups claim."""
        return frozenset(self.oauth_admin_groups)

    @property
    def manages_groups(self) -> bool:
        """They do with a claim for them."""
        return bool(self.oauth_groups_claim)

    @property
    def public_url(self) -> str:
        """Where the provider sends users back to: from another address they would not find the way back."""
        return self.oauth_callback_url.removesuffix(CALLBACK_PATH)

    def conflicts(self, base_url: str) -> Iterator[Problem]:
        """Yield a problem when users would come back to another path than the hub's, which is below `base_url`."""
        path = base_url.rstrip("/") + CALLBACK_PATH
        if urlsplit(self.oauth_callback_url).path != path:
            yield Problem.conflict(
                "OAUTH_CALLBACK_URL",
                f"is {self.oauth_callback_url!r}, and with JUPYTERHUB_BASE_URL only {path} may follow the host",
                f"https://HOST{path}",
                OAUTH_FILE,
            )

    def rules(self) -> Iterator[Problem]:
        """Groups need a claim to come from."""
        for name in ("oauth_allowed_groups", "oauth_admin_groups"):
            if getattr(self, name) and not self.oauth_groups_claim:
                yield Problem.conflict(name.upper(), "needs OAUTH_GROUPS_CLAIM", "the name of that claim, too")


class OAuthSettings(OAuthProviderSettings):
    """A provider's client by the names that all providers but GitHub have."""

    oauth_client_id: str = setting(
        ..., "the client ID that the provider gave", "an ID", file=OAUTH_FILE, trait="client_id"
    )
    oauth_client_secret: SecretStr = setting(
        ..., "the client secret that the provider gave", "a secret", file=OAUTH_FILE, trait="client_secret"
    )


class GitHubSettings(OAuthProviderSettings):
    """GitHub and GitHub Enterprise."""

    github_client_id: str = setting(..., "client ID of the OAuth app", "an ID", file=OAUTH_FILE, trait="client_id")
    github_client_secret: SecretStr = setting(
        ..., "client secret of the OAuth app", "a secret", file=OAUTH_FILE, trait="client_secret"
    )
    github_url: Url = setting(
        "https://github.com",
        "the server, for GitHub Enterprise",
        "an address such as https://github.example.org",
        trait="github_url",
    )
    github_allowed_organizations: Names = setting(
        [],
        "organisations, or teams as `organisation:team`, whose members may sign in",
        "names as in the addresses of their pages",
        trait="allowed_organizations",
    )

    @property
    def public_provider(self) -> str:
        """GitHub itself, not an Enterprise of one's own."""
        return self.github_url if self.github_url == "https://github.com" else ""

    def traits(self) -> dict[str, object]:
        """Private members of an organisation are visible with the scope read:org only."""
        scope = self.oauth_scope or (["read:org"] if self.github_allowed_organizations else [])
        return super().traits() | {"scope": scope}


class GitLabSettings(OAuthSettings):
    """gitlab.com or a GitLab of one's own."""

    gitlab_url: Url = setting(
        "https://gitlab.com", "the server", "an address such as https://gitlab.example.org", trait="gitlab_url"
    )
    gitlab_allowed_groups: Names = setting(
        [],
        "groups whose members may sign in",
        "names as in the addresses of their pages",
        trait="allowed_gitlab_groups",
    )

    @property
    def public_provider(self) -> str:
        """GitLab's own server, not one of one's own."""
        return self.gitlab_url if self.gitlab_url == "https://gitlab.com" else ""

    def traits(self) -> dict[str, object]:
        """Membership is asked of the API, in addition to who the user is."""
        scope = self.oauth_scope or (["read_api"] if self.gitlab_allowed_groups else ["read_user"])
        return super().traits() | {"scope": scope}


class GoogleSettings(OAuthSettings):
    """Google accounts and Google Workspace."""

    google_hosted_domain: Names = setting(
        [],
        "only accounts of these domains; with one domain, names are without it",
        "domains such as example.org",
        trait="hosted_domain",
    )


class AzureAdSettings(OAuthSettings):
    """Microsoft Entra ID, once Azure AD."""

    # Its usual claim here, `name`, is a display name: not unique, and for anybody to choose.
    defaults: ClassVar = {"username_claim": "upn"}
    aad_tenant_id: str = setting(..., "the directory (tenant) ID", "an ID", trait="tenant_id")


class Auth0Settings(OAuthSettings):
    """Auth0."""

    auth0_domain: Host = setting(
        ..., "the tenant's domain", "a domain such as example.eu.auth0.com", trait="auth0_domain"
    )


class OpenShiftSettings(OAuthSettings):
    """OpenShift's own accounts."""

    openshift_url: Url = setting(..., "the cluster's API", trait="openshift_url")


class OpenIdSettings(OAuthSettings):
    """Any OpenID Connect provider, by discovery or by its three addresses."""

    defaults: ClassVar = {
        "username_claim": "preferred_username",
        "scope": ["openid", "profile", "email"],
        "login_service": "OpenID Connect",
    }
    oauth_issuer_url: Url = setting(
        "",
        "the issuer; the other addresses are discovered from it",
        "the address in front of /.well-known/openid-configuration",
        trait="issuer_url",
    )
    oauth_authorize_url: str = setting(
        "", "without an issuer: where people sign in", "an address", trait="authorize_url"
    )
    oauth_token_url: Url = setting("", "without an issuer: where the hub gets tokens", trait="token_url")
    oauth_userdata_url: Url = setting("", "without an issuer: where the hub asks who the user is", trait="userdata_url")

    def rules(self) -> Iterator[Problem]:
        """Either the issuer or all three addresses."""
        yield from super().rules()
        names = ("oauth_authorize_url", "oauth_token_url", "oauth_userdata_url")
        given = [name.upper() for name in names if getattr(self, name)]
        missing = ", ".join(name.upper() for name in names if name.upper() not in given)
        if self.oauth_issuer_url and given:
            yield Problem.conflict("OAUTH_ISSUER_URL", f"is set, and so is {given[0]}", "one of them")
        elif not self.oauth_issuer_url and missing:
            text = f"OAUTH_ISSUER_URL is missing in .env; expected the issuer's address, or else {missing}."
            yield Problem("OAUTH_ISSUER_URL", "missing", text)
