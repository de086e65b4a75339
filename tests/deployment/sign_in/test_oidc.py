"""Signing in through an OpenID Connect provider, with a hub below a path."""

import re
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from support import sign_in_contract
from support.browser import visit
from support.deployment import PREFIX, Deployment
from support.oidc import CLIENT_SECRET, SERVICE, OidcProvider
from support.pages import Look
from support.people import Visitor
from support.servers import running
from support.sign_in import ALLOWED, Answer, come_back
from support.sign_in_contract import assert_refused

PATH = "/jupyter"
OAUTH_FILE = "secrets/oauth.env"
SETTINGS = {
    # Below a path; that OAuth works without one is what test_github.py is for.
    "JUPYTERHUB_BASE_URL": PATH,
    "OAUTH_LOGIN_SERVICE": SERVICE,
    "OAUTH_GROUPS_CLAIM": "groups",
    "OAUTH_ALLOWED_GROUPS": "engineers; ship's doctors",
    "OAUTH_ADMIN_GROUPS": "captains",
    # Servers remember users for five minutes; here, for less time than a restart of the hub takes.
    "DOCKER_SPAWN_CMD": "start-singleuser.py --HubOAuth.cache_max_age=1",
}
LONG = "x" * 10_000
PARALLEL = 20


@pytest.fixture(scope="module")
def started(make_deployment: Callable[..., Deployment]) -> OidcProvider:
    """The provider, and a hub beside it."""
    hub = make_deployment(f"{PREFIX}oidc", **SETTINGS)
    provider = OidcProvider.start(hub)
    hub.write(OAUTH_FILE, provider.secrets_file())
    hub.write("secrets/ca.crt", provider.ca())
    provider.start_hub(OAUTH_ISSUER_URL=provider.issuer)
    return provider


@pytest.fixture
def provider(started: OidcProvider) -> OidcProvider:
    """The provider, its accounts as in accounts.json, and a hub with the settings above."""
    started.reset()
    started.use()
    return started


class TestList(sign_in_contract.ListContract): ...


class TestGroups(sign_in_contract.GroupContract): ...


class TestAdminGroup(sign_in_contract.AdminGroupContract): ...


class TestOutages(sign_in_contract.OutageContract):
    def test_the_button_says_so(self, provider: OidcProvider, hub: Deployment) -> None:
        with provider.away():
            provider.restart()  # forgets the addresses that it discovered
            assert Answer.of(Visitor(hub.url).get("/hub/oauth_login")).status == 503

    ERRORS = {
        "zoe": {"status": 500},
        "wash": {"status": 503, "body": "<h1>Busy</h1>"},
        "river": {"status": 429, "body": "{}"},
        "simon": {"status": 200, "body": "<h1>Maintenance</h1>"},
        "USER1": {"status": 200, "body": "[]"},
        "kaylee": {"status": 200, "body": ""},
    }

    def test_an_error_ends_no_session(self, provider: OidcProvider) -> None:
        provider.join("kaylee")
        sessions = {name: provider.session(name) for name in self.ERRORS}
        provider.restart()  # after it, the hub asks about each user once
        for name, answer in self.ERRORS.items():
            provider.behave(userinfo=answer)
            assert sessions[name].signed_in(), answer
            assert provider.enter("zoe").status == 503, answer


# --- What only OpenID Connect has ---


def test_the_hub_sends_a_code_challenge(provider: OidcProvider) -> None:
    assert provider.enter("zoe") == ALLOWED
    (request,) = provider.seen("authorizeRequests")
    assert (request["response_type"], request["code_challenge_method"]) == ("code", "S256")
    assert len(request["code_challenge"]) == 43
    assert {"openid", "profile", "email"} <= set(request["scope"].split())


def test_settings_of_the_provider(provider: OidcProvider, hub: Deployment) -> None:
    """Three addresses in place of the issuer's, scopes, a claim of names, nested groups, and where Logout leads."""
    end = f"{provider.issuer}/session/end"
    provider.use(
        OAUTH_ISSUER_URL="",
        OAUTH_AUTHORIZE_URL=f"{provider.issuer}/auth",
        OAUTH_TOKEN_URL=f"{provider.issuer}/token",
        OAUTH_USERDATA_URL=f"{provider.issuer}/me",
        OAUTH_SCOPE="openid email profile offline_access",
        OAUTH_USERNAME_CLAIM="email",
        OAUTH_GROUPS_CLAIM="realm_access.roles",
        OAUTH_ALLOWED_GROUPS="browncoat",
        OAUTH_ADMIN_GROUPS="nobody;staff",
        OAUTH_LOGOUT_REDIRECT_URL=end,
    )
    zoe = provider.session("zoe")
    (request,) = provider.seen("authorizeRequests")
    assert request["scope"].split() == ["openid", "email", "profile", "offline_access"]
    name = "zoe@example.org"
    assert (provider.groups(name), provider.is_admin(name)) == ({"browncoat", "staff"}, True)
    # No address; and one that belongs to another user, and is not verified.
    assert "OAUTH_USERNAME_CLAIM" in refused(provider, "river")
    assert "not verified" in refused(provider, "saffron")
    provider.change("saffron", email_verified="false")
    assert "not verified" in refused(provider, "saffron")
    provider.restart()
    assert zoe.signed_in()
    assert set(provider.seen("grants")) == {"authorization_code"}
    assert zoe.get("/hub/logout").headers["Location"] == end
    assert not zoe.signed_in()
    provider.use()
    assert not provider.is_admin(name)


def test_an_issuer_that_wants_the_secret_in_a_header(provider: OidcProvider, hub: Deployment) -> None:
    basic = OidcProvider.start(hub, "basic", authentication="client_secret_basic")
    basic.plain = provider.plain
    log = hub.logs("hub")
    basic.use(OAUTH_ISSUER_URL=f"{basic.issuer}/")
    # Its authority is not trusted yet.
    assert Answer.of(Visitor(hub.url).get("/hub/oauth_login")).status == 503
    (line,) = [line for line in hub.logs("hub").removeprefix(log).splitlines() if "secrets/ca.crt" in line]
    assert basic.address in line or SERVICE in line
    hub.write("secrets/ca.crt", provider.ca() + basic.ca())
    hub.make("build")
    hub.compose("up", "--detach", "--wait")
    assert basic.enter("zoe") == ALLOWED


def test_the_next_page_is_one_of_the_hub(provider: OidcProvider, hub: Deployment) -> None:
    zoe = Visitor(hub.url)
    token = f"{PATH}/hub/token"
    assert come_back(zoe, provider.callback(zoe, "zoe", next_url=token)).headers["Location"] == token
    for elsewhere in ("https://example.org/hub/token", "//example.org", "/\\example.org", "https:///example.org"):
        visitor = Visitor(hub.url)
        location = come_back(visitor, provider.callback(visitor, "zoe", next_url=elsewhere)).headers["Location"]
        assert location.startswith("/")
        assert location[1:2] not in {"/", "\\"}


def test_a_refusal_leads_back_to_the_login_page(provider: OidcProvider) -> None:
    page = refused(provider, "badger")
    assert page.count("badger") == 1
    assert f'<a class="btn btn-primary" href="{PATH}/hub/login">' in page


def test_a_group_may_have_blanks_and_an_apostrophe(provider: OidcProvider) -> None:
    assert_refused(provider, "kaylee")
    provider.change("kaylee", groups=["ship's doctors"])
    assert provider.enter("kaylee") == ALLOWED


# --- Groups and administrators ---


def test_groups_of_the_claim_are_added_to_those_of_the_list(provider: OidcProvider) -> None:
    provider.change("zoe", groups=["crew", "/crew/Führung"])
    zoe, user1 = provider.session("zoe"), provider.session("USER1")
    assert provider.groups("zoe") == {"pilots", "crew", "/crew/Führung"}
    for groups in (["veterans"], []):
        provider.change("zoe", groups=groups)
        provider.restart()
        assert (zoe.signed_in(), user1.signed_in()) == (True, True)
        assert (provider.groups("zoe"), provider.groups("user1")) == ({"pilots", *groups}, {"zos"})


@pytest.mark.parametrize(
    ("claim", "groups"),
    [
        ("engineers", {"engineers"}),
        ({"engineers": {"since": 2517}}, {"engineers"}),
        (["engineers", 17], {"engineers", "17"}),
        (None, set()),
        (17, set()),
        ("", set()),
        (["", " "], set()),
    ],
    ids=["a text", "an object", "not only texts", "nothing", "a number", "an empty text", "blanks"],
)
def test_claims_that_are_no_list_of_names(provider: OidcProvider, claim: Any, groups: set[str]) -> None:
    provider.change("zoe", groups=claim)
    assert provider.enter("zoe") == ALLOWED
    assert provider.groups("zoe") == {"pilots"} | groups


def test_an_administrator_of_the_console_stays_one_unless_groups_say_so(
    provider: OidcProvider, hub: Deployment
) -> None:
    provider.add("saffron")
    provider.use(OAUTH_ADMIN_GROUPS="")
    changed = hub.api("PATCH", "/users/saffron", token=hub.token(), json={"admin": True})
    assert changed.status_code == 200
    saffron = provider.session("saffron")
    provider.restart()
    assert saffron.get("/hub/admin").status_code == 200
    provider.use()
    assert saffron.get("/hub/admin").status_code == 403
    assert hub.api("DELETE", "/users/saffron", token=hub.token()).status_code == 204


# --- Names ---


@pytest.mark.parametrize(
    "name", ["Jayne Cobb", LONG, "..", "crew/mal", "mal\n", "<b>mal</b>", "", ["mal"], {"mal": "zoe"}, None, False]
)
def test_what_cannot_be_a_name_is_refused(provider: OidcProvider, name: Any) -> None:
    provider.change("zoe", preferred_username=name)
    page = refused(provider, "zoe")
    assert "OAUTH_USERNAME_CLAIM" in page
    assert "<b>mal" not in page


def test_a_user_renamed_at_the_provider_is_another_user(provider: OidcProvider) -> None:
    zoe = provider.session("zoe")
    provider.change("zoe", preferred_username="washburne")
    provider.restart()
    assert not zoe.signed_in()
    assert "washburne" in refused(provider, "zoe")


def refused(provider: OidcProvider, account: str) -> str:
    """The page that refuses an account that the provider accepts, as it stands in its source."""
    visitor = Visitor(provider.deployment.url)
    response = provider.begin(visitor, account)()
    assert response.status_code == 403, f"{response.status_code}: {response.text}"
    assert not visitor.signed_in()
    return response.text


# --- Sign-ins that fail ---


class TestCallback(sign_in_contract.CallbackContract): ...


@pytest.mark.pages
def test_a_user_who_cancels_at_the_provider_reads_why(provider: OidcProvider, page: Page, look: Look) -> None:
    visit(page, f"{provider.deployment.url}/hub/login")
    look(page, "sign-in-with-a-provider")
    provider.press_button(page)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("body")).to_contain_text("The user cancelled.")
    look(page, "sign-in-with-a-provider-refused")


@pytest.fixture
def outdated_secret(provider: OidcProvider, hub: Deployment) -> Generator[Visitor]:
    """The hub has another secret than the provider; zoe has signed in before."""
    provider.behave(accessTokenSeconds=1)
    zoe = provider.session("zoe")
    hub.write(OAUTH_FILE, provider.secrets_file("not the secret"))
    hub.compose("up", "--detach", "--wait")
    yield zoe
    hub.write(OAUTH_FILE, provider.secrets_file())
    hub.compose("up", "--detach", "--wait")
    assert zoe.signed_in()


def test_a_wrong_client_secret_is_in_the_log_and_ends_no_session(
    provider: OidcProvider, hub: Deployment, outdated_secret: Visitor
) -> None:
    newcomer = Visitor(hub.url)
    assert provider.enter("mal", newcomer).status == 503
    assert not newcomer.signed_in()
    assert "invalid_client" in hub.logs("hub")
    assert outdated_secret.signed_in()


# --- The provider is asked again ---


@pytest.mark.parametrize("renewable", [True, False], ids=["with a refresh token", "without one"])
@pytest.mark.usefixtures("no_traceback")
def test_a_disabled_user_is_out_of_a_running_server(provider: OidcProvider, hub: Deployment, renewable: bool) -> None:
    provider.behave(refreshTokens=renewable)
    zoe, user1 = provider.session("zoe"), provider.session("USER1")
    token = provider.token("zoe")
    with running(hub, "zoe", token):
        assert server_page(zoe, "zoe").status_code == 200
        provider.disable("zoe")
        provider.restart()
        assert (zoe.signed_in(), user1.signed_in(), provider.accepts(token)) == (False, True, False)
        assert server_page(zoe, "zoe").status_code != 200
        provider.reset()
        assert provider.enter("zoe", zoe) == ALLOWED
        assert (zoe.signed_in(), provider.accepts(token)) == (True, True)
        assert server_page(zoe, "zoe").status_code == 200


def server_page(visitor: Visitor, name: str) -> requests.Response:
    """What a user's running server answers, after it has sent the visitor to the hub if it did not know them."""
    visitor.session.get(f"{visitor.url}/user/{name}/lab", timeout=60)
    return visitor.get(f"/user/{name}/api/contents")


def test_an_api_token_alone_ends_with_the_account(provider: OidcProvider) -> None:
    assert provider.enter("zoe") == ALLOWED
    token = provider.token("zoe")
    provider.disable("zoe")
    provider.restart()
    assert not provider.accepts(token)


def test_parallel_requests_use_a_rotated_refresh_token_once(provider: OidcProvider, hub: Deployment) -> None:
    provider.behave(accessTokenSeconds=1, rotate=True)
    zoe = provider.session("zoe")
    token = provider.token("zoe")

    def ask(number: int) -> int:
        if number % 4 == 0:
            return hub.api("GET", "/user", token=token).status_code
        visitor = Visitor(hub.url)
        visitor.session.cookies.update(zoe.session.cookies)
        return visitor.get("/hub/home").status_code

    for restarts in (1, 2):
        provider.restart()  # which takes longer than a second
        with ThreadPoolExecutor(PARALLEL) as pool:
            assert set(pool.map(ask, range(PARALLEL))) == {200}
        assert provider.seen("grants") == ["authorization_code"] + ["refresh_token"] * restarts


def test_without_a_refresh_token_the_session_goes_on(provider: OidcProvider) -> None:
    provider.behave(accessTokenSeconds=1, refreshTokens=False)
    zoe = provider.session("zoe")
    provider.restart()  # which takes longer than a second
    assert zoe.signed_in()
    assert provider.seen("grants") == ["authorization_code"]


def test_a_session_from_before_the_provider_is_none(provider: OidcProvider, hub: Deployment) -> None:
    zoe = Visitor(hub.url)
    provider.use(JUPYTERHUB_AUTHENTICATOR="native")
    assert zoe.sign_in("zoe", hub.password("zoe")) == ""
    assert zoe.signed_in()
    provider.use()
    assert not zoe.signed_in()
    assert provider.enter("zoe", zoe) == ALLOWED
    assert zoe.signed_in()


def test_the_tokens_of_the_provider_are_encrypted_in_the_database(provider: OidcProvider, hub: Deployment) -> None:
    assert provider.enter("zoe") == ALLOWED
    count = "import sqlite3; print(*sqlite3.connect('/data/jupyterhub.sqlite').execute("
    count += "'SELECT count(*) FROM users WHERE encrypted_auth_state IS NOT NULL').fetchone())"
    assert int(hub.hub_exec("python", "-c", count)) > 0
    assert hub.hub_exec("grep", "--recursive", "--files-with-matches", "access_token", "/data", check=False) == ""


# --- What the operator reads ---


def test_make_up_shows_the_address_and_the_way_to_sign_in(provider: OidcProvider, hub: Deployment) -> None:
    said = hub.run("scripts/host", "welcome").stdout
    assert re.search(rf"^ *Address +{re.escape(hub.url)}$", said, re.MULTILINE)
    assert re.search(r"^ *Signing in .*generic-oauth", said, re.MULTILINE)


def test_the_command_of_the_example_shows_the_addresses(provider: OidcProvider, hub: Deployment) -> None:
    page = (hub.root / "examples/oidc/README.md").read_text()
    (command,) = re.findall(r"^\$ (docker exec jupyterhub .*)$", page, re.MULTILINE)
    for example, ours in (("jupyterhub", hub.project), ("https://id.example.org/realms/crew", provider.issuer)):
        command = command.replace(example, ours)
    assert f'"authorization_endpoint":"{provider.issuer}/auth"' in hub.run("bash", "-c", command).stdout


def client(callback: str) -> str:
    """A client for secrets/oauth.env."""
    return f"OAUTH_CLIENT_ID=the-hub\nOAUTH_CLIENT_SECRET='{CLIENT_SECRET}'\nOAUTH_CALLBACK_URL={callback}\n"


GOOD_CALLBACK = f"https://hub.example.org{PATH}/hub/oauth_callback"
BAD_SETTINGS = {
    "nothing given": ("", "", ["OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OAUTH_CALLBACK_URL"]),
    "no TLS, this container": (
        client("http://hub.example.org/hub/oauth_callback"),
        "https://localhost:8443/realms/serenity",
        ["OAUTH_CALLBACK_URL", "OAUTH_ISSUER_URL", "host.docker.internal"],
    ),
    "another path": (
        client("https://hub.example.org/oauth_callback"),
        "https://login.example.org/realms/serenity",
        ["OAUTH_CALLBACK_URL"],
    ),
    "not the hub's path": (
        client("https://hub.example.org/hub/oauth_callback"),
        "https://login.example.org/realms/serenity",
        ["OAUTH_CALLBACK_URL", f"https://HOST{PATH}/hub/oauth_callback"],
    ),
    "no issuer": (
        client(GOOD_CALLBACK),
        "",
        ["OAUTH_ISSUER_URL", "OAUTH_AUTHORIZE_URL", "OAUTH_TOKEN_URL", "OAUTH_USERDATA_URL"],
    ),
}


@pytest.mark.parametrize(("secrets", "issuer", "words"), BAD_SETTINGS.values(), ids=BAD_SETTINGS.keys())
def test_a_bad_setting_is_refused_by_name(
    provider: OidcProvider, hub: Deployment, secrets: str, issuer: str, words: list[str]
) -> None:
    hub.write(OAUTH_FILE, secrets)
    try:
        output = provider.refusal(OAUTH_ISSUER_URL=issuer)
    finally:
        hub.write(OAUTH_FILE, provider.secrets_file())
    assert [word for word in words if word not in output] == [], output


def test_a_secret_in_env_is_warned_about(provider: OidcProvider) -> None:
    assert OAUTH_FILE in provider.warning("OAUTH_CLIENT_SECRET", f"OAUTH_CLIENT_SECRET='{CLIENT_SECRET}'")
