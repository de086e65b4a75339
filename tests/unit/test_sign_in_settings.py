"""What each authenticator asks for, and what it says when that cannot be used."""

import pytest

from hub import configuration
from hub.errors import Problem
from hub.settings.model import is_secret
from hub.sign_in.settings import SignInSettings
from hub.sign_in.table import AUTHENTICATORS
from support.bad_values import SIGN_IN
from support.settings import GOOD, SEARCH, TOKENS, environment, problems, warnings


def load(authenticator: str, **given: str) -> SignInSettings:
    """The authenticator's settings."""
    return configuration.settings(environment(authenticator, **given)).sign_in


def problem(variables: dict[str, str]) -> Problem:
    """What is said of settings of which one is bad."""
    (found,) = problems(variables)
    return found


def test_every_authenticator_is_here() -> None:
    assert GOOD.keys() == AUTHENTICATORS.keys()


@pytest.mark.parametrize("authenticator", AUTHENTICATORS)
def test_the_least_is_enough(authenticator: str) -> None:
    assert isinstance(load(authenticator), AUTHENTICATORS[authenticator])


@pytest.mark.parametrize(("authenticator", "name"), [(key, name) for key, value in GOOD.items() for name in value])
def test_what_is_missing_is_named_with_the_line_and_the_file(authenticator: str, name: str) -> None:
    found = problem(environment(authenticator, **{name: ""}))
    instead = {"LDAP_BIND_DN": {"LDAP_BIND_DN", "LDAP_USER_SEARCH_BASE"}}
    assert found.kind == "missing"
    assert found.setting in instead.get(name, {name})
    assert ".env" in str(found)


@pytest.mark.parametrize(("authenticator", "name", "value"), SIGN_IN)
def test_a_bad_value_is_named_and_a_secret_not_shown(authenticator: str, name: str, value: str) -> None:
    line = str(problem(environment(authenticator, **{name: value})))
    assert name in line
    assert "; expected " in line
    field = next((key for key in AUTHENTICATORS[authenticator].model_fields if key.upper() == name), None)
    if field and is_secret(AUTHENTICATORS[authenticator], field):
        assert value not in line


def test_all_that_is_wrong_is_one_message() -> None:
    given = {"JUPYTERHUB_AUTHENTICATOR": "github", "MEM_LIMIT": "lots", "GITHUB_URL": "x"}
    names = [each.setting for each in problems(given)]
    missing = [*TOKENS, *GOOD["github"]]
    assert sorted(names) == sorted(["MEM_LIMIT", "GITHUB_URL", *missing])


@pytest.mark.parametrize("authenticator", AUTHENTICATORS)
def test_only_the_chosen_one_is_checked(authenticator: str) -> None:
    others = {
        name: value for _, name, value in SIGN_IN if name.lower() not in AUTHENTICATORS[authenticator].model_fields
    }
    assert load(authenticator, **others) == load(authenticator)


def test_traits_of_a_directory() -> None:
    template = "cn={username},profiletype=USER,cn=example,cn=org"
    traits = load(
        "ldap", LDAP_BIND_DN=f'"{template}; uid={{username}},ou=guests"', LDAP_ADMIN_GROUPS="cn=a,dc=b"
    ).traits()
    assert traits["bind_dn_template"] == [template, "uid={username},ou=guests"]
    each = load("ldap", LDAP_BIND_DN=f'"{template}"; "uid={{username}},ou=guests"').traits()
    assert each["bind_dn_template"] == traits["bind_dn_template"]
    assert (traits["tls_strategy"], traits["lookup_dn"]) == ("before_bind", False)
    assert traits["allowed_groups"] == traits["admin_groups"] == ["cn=a,dc=b"]


def test_traits_of_a_search() -> None:
    found = configuration.settings(
        TOKENS | SEARCH | {"JUPYTERHUB_AUTHENTICATOR": "ldap", "LDAP_TLS": "ldaps", "LDAP_USER_FILTER": "(cn={x})"}
    ).sign_in.traits()
    assert found["lookup_dn_search_filter"] == "(&({login_attr}={login})(cn={{x}}))"
    assert (found["tls_strategy"], found["lookup_dn"]) == ("on_connect", True)


@pytest.mark.parametrize(("organizations", "scope"), [("", []), ("crew alliance:pilots", ["read:org"])])
def test_github_is_asked_for_what_is_needed(organizations: str, scope: list[str]) -> None:
    assert load("github", GITHUB_ALLOWED_ORGANIZATIONS=organizations).traits()["scope"] == scope


def test_names_of_azure_are_not_for_anybody_to_choose() -> None:
    assert load("azuread").traits()["username_claim"] == "upn"
    assert load("azuread", OAUTH_USERNAME_CLAIM="oid").traits()["username_claim"] == "oid"


def test_three_addresses_instead_of_an_issuer() -> None:
    addresses = {f"OAUTH_{name}_URL": f"https://id.example.org/{name}" for name in ("AUTHORIZE", "TOKEN", "USERDATA")}
    traits = load("generic-oauth", OAUTH_ISSUER_URL="", **addresses).traits()
    assert {traits["authorize_url"], traits["token_url"], traits["userdata_url"]} == set(addresses.values())


@pytest.mark.parametrize("authenticator", [name for name in AUTHENTICATORS if name != "native"])
def test_an_open_door_is_warned_of(authenticator: str) -> None:
    assert warnings(environment(authenticator)) == []
    [warning] = warnings(environment(authenticator, JUPYTERHUB_ALLOW_ALL="true"))
    assert warning.startswith("JUPYTERHUB_ALLOW_ALL=true")


def test_passwords_in_the_open_are_warned_of() -> None:
    [warning] = warnings(environment("ldap", LDAP_TLS="plain"))
    assert "unencrypted" in warning


@pytest.mark.parametrize("authenticator", ["github", "gitlab"])
def test_the_name_that_env_comes_with_is_a_strangers_at_a_public_provider(authenticator: str) -> None:
    found = problem(environment(authenticator, JUPYTERHUB_ADMIN="Admin"))
    assert (found.setting, found.kind) == ("JUPYTERHUB_ADMIN", "conflict")
    assert load(authenticator, JUPYTERHUB_ADMIN="mal")
    own = {f"{authenticator.upper()}_URL": "https://git.example.org"}
    [warning] = warnings(environment(authenticator, JUPYTERHUB_ADMIN="admin", **own))
    assert warning.startswith("JUPYTERHUB_ADMIN=admin")
