"""The least of settings that the hub needs, with each authenticator."""

from collections.abc import Mapping

from hub import configuration
from hub.errors import Problem, SettingsError

TOKENS = {"CONFIGPROXY_AUTH_TOKEN": "c" * 64, "JUPYTERHUB_HEALTH_TOKEN": "f" * 64}
OAUTH = {"OAUTH_CALLBACK_URL": "https://hub.example.org/hub/oauth_callback", "JUPYTERHUB_CRYPT_KEY": "0" * 64}
CLIENT = OAUTH | {"OAUTH_CLIENT_ID": "serenity", "OAUTH_CLIENT_SECRET": "firefly"}
LDAP = {"LDAP_SERVER_HOST": "ldap.example.org", "LDAP_BIND_DN": "uid={username},ou=people,dc=example,dc=org"}
SEARCH = {"LDAP_SERVER_HOST": "ldap.example.org", "LDAP_USER_SEARCH_BASE": "dc=example,dc=org"}
# The least that each needs.
GOOD: dict[str, dict[str, str]] = {
    "native": {},
    "github": OAUTH | {"GITHUB_CLIENT_ID": "serenity", "GITHUB_CLIENT_SECRET": "firefly"},
    "gitlab": CLIENT,
    "google": CLIENT,
    "azuread": CLIENT | {"AAD_TENANT_ID": "00000000-0000-0000-0000-000000000000"},
    "auth0": CLIENT | {"AUTH0_DOMAIN": "example.eu.auth0.com"},
    "bitbucket": CLIENT,
    "globus": CLIENT,
    "openshift": CLIENT | {"OPENSHIFT_URL": "https://openshift.example.org"},
    "generic-oauth": CLIENT | {"OAUTH_ISSUER_URL": "https://id.example.org/realms/crew"},
    "ldap": LDAP,
    "shared-password": {"SHARED_PASSWORD": "serenity", "SHARED_ADMIN_PASSWORD": "s" * 32},
}


def environment(authenticator: str, **given: str) -> dict[str, str]:
    """What the hub gets: the least that the authenticator needs, and what is given."""
    return TOKENS | {"JUPYTERHUB_AUTHENTICATOR": authenticator} | GOOD[authenticator] | given


def problems(given: Mapping[str, str]) -> list[Problem]:
    """What is wrong with the settings of this environment."""
    try:
        configuration.settings(given)
    except SettingsError as error:
        return error.problems
    return []


def warnings(given: Mapping[str, str]) -> list[str]:
    """What is said of settings that work."""
    return list(configuration.settings(given).warnings(given))
