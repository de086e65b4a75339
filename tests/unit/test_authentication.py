"""The settings of every authenticator reach its traits."""

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import pytest
from jupyterhub.auth import Authenticator
from traitlets.config import Config

from hub import configuration, paths
from hub.sign_in import config as sign_in
from hub.sign_in.known import ProviderAuthenticator
from hub.sign_in.table import AUTHENTICATORS
from hub.users import userlist
from hub.users.roster import History
from support.settings import environment

MEMBERS = userlist.parse("mal admin captains\nzoe crew\n")
PROVIDERS = [name for name in AUTHENTICATORS if name not in ("native", "ldap", "shared-password")]


@pytest.fixture(autouse=True)
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The key, which JupyterHub reads from the environment itself, and a list that had one name more."""
    monkeypatch.setenv("JUPYTERHUB_CRYPT_KEY", "0" * 64)
    monkeypatch.setattr(paths, "HISTORY", tmp_path / "history.json")
    History(frozenset({*MEMBERS, "niska"})).save(paths.HISTORY)


def configured(name: str, **given: str) -> Config:
    """Return the hub's configuration of an authenticator with the least of settings that it needs."""
    config = Config()
    found = configuration.settings(environment(name, **given))
    sign_in.configure(config, replace(found, members=MEMBERS))
    return config


def made(name: str, **given: str) -> Authenticator:
    """Return that authenticator."""
    config = configured(name, **given)
    return config.JupyterHub.authenticator_class(config=config)


@pytest.mark.parametrize("name", AUTHENTICATORS)
def test_every_setting_reaches_a_trait(name: str) -> None:
    known = configured(name).JupyterHub.authenticator_class.class_traits(config=True)
    assert configuration.settings(environment(name)).sign_in.traits().keys() - known.keys() == set()


@pytest.mark.parametrize("name", [name for name in AUTHENTICATORS if name != "native"])
def test_the_list_is_the_authority(name: str) -> None:
    authenticator = made(name)
    assert isinstance(authenticator, ProviderAuthenticator)
    assert authenticator.admin_users == {"mal"}
    assert authenticator.allowed_users == {"mal", "zoe"}
    assert authenticator.blocked_users == {"niska"}
    assert authenticator.listed_groups == {"mal": {"captains"}, "zoe": {"crew"}}
    assert (authenticator.allow_all, authenticator.allow_existing_users) == (False, False)
    assert made(name, JUPYTERHUB_ALLOW_ALL="yes").allow_all is True


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_provider_has_a_client_and_a_way_back(name: str) -> None:
    authenticator = made(name)
    assert (authenticator.client_id, authenticator.client_secret) == ("serenity", "firefly")
    assert authenticator.oauth_callback_url == "https://hub.example.org/hub/oauth_callback"
    assert authenticator.enable_pkce is True
    assert authenticator.enable_auth_state is True
    assert authenticator.refresh_pre_spawn is True


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_provider_can_have_groups(name: str) -> None:
    assert made(name).manage_groups is False
    authenticator = made(name, OAUTH_GROUPS_CLAIM="roles", OAUTH_ALLOWED_GROUPS="crew; the captains,x")
    assert (authenticator.manage_groups, authenticator.allowed_groups) == (True, {"crew", "the captains", "x"})


@pytest.mark.parametrize(
    ("name", "setting", "value", "trait", "wanted"),
    [
        ("github", "GITHUB_URL", "https://git.example.org/", "github_api", "https://git.example.org/api/v3"),
        ("github", "GITHUB_ALLOWED_ORGANIZATIONS", "a b:c", "allowed_organizations", {"a", "b:c"}),
        ("gitlab", "GITLAB_URL", "https://git.example.org", "token_url", "https://git.example.org/oauth/token"),
        ("gitlab", "GITLAB_ALLOWED_GROUPS", "crew", "allowed_gitlab_groups", {"crew"}),
        ("google", "GOOGLE_HOSTED_DOMAIN", "Example.org", "hosted_domain", ["example.org"]),
        ("azuread", "AAD_TENANT_ID", "t", "token_url", "https://login.microsoftonline.com/t/oauth2/token"),
        ("auth0", "AUTH0_DOMAIN", "a.auth0.com", "authorize_url", "https://a.auth0.com/authorize"),
        ("openshift", "OPENSHIFT_URL", "https://o.example.org", "openshift_url", "https://o.example.org"),
        ("ldap", "LDAP_SERVER_PORT", "3389", "server_port", 3389),
        ("ldap", "LDAP_TLS", "ldaps", "server_port", 636),
    ],
)
def test_what_a_setting_does(name: str, setting: str, value: str, trait: str, wanted: object) -> None:
    assert getattr(made(name, **{setting: value}), trait) == wanted


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://example.org"}}}, True),
        ({"_claim_names": {"other": "src1"}, "groups": []}, False),
        ({}, False),
    ],
)
def test_groups_that_a_provider_leaves_out_are_a_warning(
    caplog: pytest.LogCaptureFixture, claims: dict[str, object], told: bool
) -> None:
    entra = made("azuread", OAUTH_GROUPS_CLAIM="groups")
    state = {entra.user_auth_state_key: {"upn": "zoe@example.org"} | claims}
    with caplog.at_level(logging.WARNING):
        assert asyncio.run(entra.get_user_groups(state)) == set()
    assert ("sent no groups of zoe@example.org" in caplog.text) is told
