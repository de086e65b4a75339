"""A directory that is asked by LDAP."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, SecretStr

from hub.errors import Problem
from hub.settings.fields import DistinguishedNames, Host, Port, Unquoted, placeholders
from hub.settings.model import setting
from hub.sign_in.settings import ProviderSettings

LDAP_FILE = "secrets/ldap.env"


def _templates(templates: list[str]) -> list[str]:
    if any(placeholders(template) != {"username"} for template in templates):
        raise ValueError("each needs {username}, and no other braces")
    return templates


class LdapSettings(ProviderSettings):
    """A directory. Users are found by their DN's template, or by a search."""

    authenticator: ClassVar[str] = "hub.sign_in.ldap:DirectoryAuthenticator"

    ldap_server_host: Host = setting(..., "the directory's server", "a host name or an address", trait="server_address")
    ldap_server_port: Port | None = setting(None, "its port; empty: 389, or 636 with ldaps", trait="server_port")
    ldap_tls: Literal["starttls", "ldaps", "plain"] = setting(
        "starttls", "encryption; `plain` sends passwords readable by others", "starttls, ldaps or plain"
    )
    ldap_bind_dn: Annotated[DistinguishedNames, AfterValidator(_templates)] = setting(
        [],
        "people's DNs with `{username}` in them",
        "distinguished names, separated by ;, such as uid={username},ou=people,dc=example,dc=org",
        trait="bind_dn_template",
    )
    ldap_user_search_base: Unquoted = setting(
        "", "instead: where people are searched", "a distinguished name", trait="user_search_base"
    )
    ldap_user_attribute: str = setting(
        "uid",
        "the attribute that is the user name in a search; sAMAccountName in Active Directory",
        "an attribute's name",
        trait="user_attribute",
        pattern=r"^[A-Za-z][A-Za-z0-9-]*$",
    )
    ldap_user_filter: Unquoted = setting(
        "",
        "a further condition of that search",
        "a filter in parentheses such as (objectClass=person)",
        pattern=r"^(\(.*\))?$",
    )
    ldap_lookup_user: Unquoted = setting(
        "", "who searches; empty: anonymous", "a distinguished name", trait="lookup_dn_search_user"
    )
    ldap_lookup_password: SecretStr | None = setting(
        None, "the password of LDAP_LOOKUP_USER", "a password", file=LDAP_FILE, trait="lookup_dn_search_password"
    )
    ldap_allowed_groups: DistinguishedNames = setting([], "groups whose members may sign in", trait="allowed_groups")
    ldap_admin_groups: DistinguishedNames = setting(
        [], "groups whose members may sign in and are administrators", trait="admin_groups"
    )

    @property
    def admin_groups(self) -> frozenset[str]:
        """Those of the directory."""
        return frozenset(self.ldap_admin_groups)

    def traits(self) -> dict[str, object]:
        """One attribute finds people and is their name here; the groups asked for are all of the settings."""
        strategies = {"starttls": "before_bind", "ldaps": "on_connect", "plain": "insecure"}
        more = self.ldap_user_filter.replace("{", "{{").replace("}", "}}")
        return super().traits() | {
            "tls_strategy": strategies[self.ldap_tls],
            "allowed_groups": list(dict.fromkeys([*self.ldap_allowed_groups, *self.ldap_admin_groups])),
            "lookup_dn": bool(self.ldap_user_search_base),
            "lookup_dn_search_filter": f"(&({{login_attr}}={{login}}){more})",
            "lookup_dn_user_dn_attribute": self.ldap_user_attribute,
            "use_lookup_dn_username": bool(self.ldap_user_search_base),
            "valid_username_regex": ".",  # the userlist's rule of names is asked first
        }

    def rules(self) -> Iterator[Problem]:
        """One way to find users, and a search with both name and password, or none."""
        one = "one of LDAP_BIND_DN and LDAP_USER_SEARCH_BASE"
        if not self.ldap_bind_dn and not self.ldap_user_search_base:
            yield Problem("LDAP_BIND_DN", "missing", f"LDAP_BIND_DN is missing in .env; expected {one}.")
        if self.ldap_bind_dn and self.ldap_user_search_base:
            yield Problem.conflict("LDAP_BIND_DN", "is set, and so is LDAP_USER_SEARCH_BASE", one)
        if self.ldap_lookup_user and not self.ldap_lookup_password:
            yield Problem.conflict("LDAP_LOOKUP_USER", "has no password", f"LDAP_LOOKUP_PASSWORD in {LDAP_FILE}")
        if self.ldap_lookup_password and not self.ldap_lookup_user:
            yield Problem.conflict("LDAP_LOOKUP_PASSWORD", "has no user", "LDAP_LOOKUP_USER in .env", LDAP_FILE)

    def warnings(self) -> Iterator[str]:
        """Yield what travels unencrypted."""
        if self.ldap_tls == "plain":
            yield "LDAP_TLS=plain: users' passwords travel unencrypted to the directory."
