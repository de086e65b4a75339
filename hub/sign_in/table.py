"""The ways to sign in, by the names that JUPYTERHUB_AUTHENTICATOR takes, each with its settings.

Only the settings of the chosen one are read and checked. A further provider of OAuthenticator is a row here and a class
in oauth_settings.py; any other authenticator is a row here and a module with its settings, which name its class.
"""

from hub.sign_in import oauth_settings as oauth
from hub.sign_in.ldap_settings import LdapSettings
from hub.sign_in.native.settings import NativeSettings
from hub.sign_in.settings import SignInSettings
from hub.sign_in.shared_password_settings import SharedPasswordSettings

AUTHENTICATORS: dict[str, type[SignInSettings]] = {
    "native": NativeSettings,
    "github": oauth.GitHubSettings,
    "gitlab": oauth.GitLabSettings,
    "google": oauth.GoogleSettings,
    "azuread": oauth.AzureAdSettings,
    "auth0": oauth.Auth0Settings,
    "bitbucket": oauth.OAuthSettings,
    "globus": oauth.OAuthSettings,
    "openshift": oauth.OpenShiftSettings,
    "generic-oauth": oauth.OpenIdSettings,
    "ldap": LdapSettings,
    "shared-password": SharedPasswordSettings,
}
