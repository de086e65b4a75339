"""A directory that is asked by LDAP."""

from __future__ import annotations

from collections.abc import Iterator
from string import Formatter
from typing import Annotated, Literal

from pydantic import AfterValidator, SecretStr

from hub.settings.fields import DistinguishedNames, Host, Port, Unquoted, setting
from hub.sign_in.provider_settings import ProviderSettings

LDAP_FILE = "secrets/ldap.env"
DN_LIST = "distinguished names, separated by ;"


def _templates(templates: list[str]) -> list[str]:
    for template in templates:
        try:
            fields = {field for _, field, _, _ in Formatter().parse(template) if field is not None}
        except ValueError:
            fields = set()
        if fields != {"username"}:
            raise ValueError("each needs {username}, and no other braces")
    return templates


class LdapSettings(ProviderSettings):
    """A directory. People are found by their DN's template, or by a search."""

    ldap_server_host: Host = setting(
        ..., help="the directory's server", expected="a host name or an address", trait="server_address"
    )
    ldap_server_port: Port | None = setting(
        None, help="its port; empty: 389, or 636 with ldaps", expected="a port from 1 to 65535", trait="server_port"
    )
    ldap_tls: Literal["starttls", "ldaps", "plain"] = setting(
        "starttls", help="encryption; `plain` sends passwords readable by others", expected="starttls, ldaps or plain"
    )
    ldap_bind_dn: Annotated[DistinguishedNames, AfterValidator(_templates)] = setting(
        [],
        help="people's DNs with `{username}` in them",
        expected=f"{DN_LIST}, such as uid={{username}},ou=people,dc=example,dc=org",
        trait="bind_dn_template",
    )
    ldap_user_search_base: Unquoted = setting(
        "", help="instead: where people are searched", expected="a distinguished name", trait="user_search_base"
    )
    ldap_user_attribute: str = setting(
        "uid",
        help="the attribute that is the user name in a search; sAMAccountName in Active Directory",
        expected="an attribute's name",
        trait="user_attribute",
        pattern=r"^[A-Za-z][A-Za-z0-9-]*$",
    )
    ldap_user_filter: Unquoted = setting(
        "",
        help="a further condition of that search",
        expected="a filter in parentheses such as (objectClass=person)",
        pattern=r"^(\(.*\))?$",
    )
    ldap_lookup_user: Unquoted = setting(
        "",
        help="who searches; empty: anonymous",
        expected="a distinguished name",
        trait="lookup_dn_search_user",
    )
    ldap_lookup_password: SecretStr | None = setting(
        None,
        help="the password of LDAP_LOOKUP_USER",
        expected="a password",
        file=LDAP_FILE,
        trait="lookup_dn_search_password",
    )
    ldap_allowed_groups: DistinguishedNames = setting(
        [], help="groups whose members may sign in", expected=DN_LIST, trait="allowed_groups"
    )
    ldap_admin_groups: DistinguishedNames = setting(
        [],
        help="groups whose members may sign in and are administrators",
        expected=DN_LIST,
        trait="admin_groups",
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

    def rules(self) -> Iterator[str]:
        """One way to find people, and a search with both name and password, or none."""
        if not self.ldap_bind_dn and not self.ldap_user_search_base:
            yield "  LDAP_BIND_DN is missing: add it to .env, or else LDAP_USER_SEARCH_BASE; expected one of them."
        if self.ldap_bind_dn and self.ldap_user_search_base:
            yield "  LDAP_BIND_DN and LDAP_USER_SEARCH_BASE (.env or the shell) exclude each other; expected one."
        if bool(self.ldap_lookup_user) != bool(self.ldap_lookup_password):
            missing = f"LDAP_LOOKUP_PASSWORD in {LDAP_FILE}" if self.ldap_lookup_user else "LDAP_LOOKUP_USER in .env"
            yield f"  LDAP_LOOKUP_USER and LDAP_LOOKUP_PASSWORD belong together; expected {missing}, too."

    def warnings(self, authenticator: str) -> list[str]:
        """Say what travels in the open."""
        plain = ["LDAP_TLS=plain: people's passwords travel unencrypted to the directory."]
        return super().warnings(authenticator) + (plain if self.ldap_tls == "plain" else [])
