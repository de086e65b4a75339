"""Signing in through an OpenID Connect provider: who is let in, what groups do, and what ends a session."""

import base64
import re
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from html import unescape
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from support.browser import run_cell, visit, wait_for_lab
from support.deployment import PREFIX, Deployment
from support.oidc import CALLBACK, CLIENT_SECRET, OidcProvider, fill_in
from support.people import Visitor
from support.waiting import wait_for

PATH = "/jupyter"
SETTINGS = {
    # Below a path; that OAuth works without one is what test_github.py is for.
    "JUPYTERHUB_BASE_URL": PATH,
    "JUPYTERHUB_AUTHENTICATOR": "generic-oauth",
    "OAUTH_LOGIN_SERVICE": "Serenity Identity",
    "OAUTH_GROUPS_CLAIM": "groups",
    "OAUTH_ALLOWED_GROUPS": "engineers; ship's doctors",
    "OAUTH_ADMIN_GROUPS": "captains",
    # Servers remember for five minutes whom the hub knows; here, no longer than a restart of the hub takes.
    "DOCKER_SPAWN_CMD": "start-singleuser.py --HubOAuth.cache_max_age=1",
}
USERLIST = "zoe pilots\nUSER1 admin zos\n"
BUTTON = "Sign in with Serenity Identity"
LONG = "x" * 10_000
NOT_ACCEPTED = "did not accept this sign-in"
NO_ANSWER = "does not answer"
PARALLEL = 20


@pytest.fixture(scope="module")
def providers(make_deployment: Callable[..., Deployment]) -> tuple[OidcProvider, OidcProvider]:
    """A provider, and a second one that wants the client's secret in another way; a hub that trusts both runs beside.

    The hub signs people in at the first one.
    """
    hub = make_deployment(f"{PREFIX}oidc", **SETTINGS)
    first = OidcProvider.start(hub)
    second = OidcProvider.start(hub, "basic", authentication="client_secret_basic")
    hub.set_env(OAUTH_ISSUER_URL=first.issuer)
    hub.write("secrets/oauth.env", first.secrets())
    hub.write("secrets/ca.crt", first.ca() + second.ca())
    hub.write("userlist", USERLIST)
    hub.up()
    return first, second


@pytest.fixture
def provider(providers: tuple[OidcProvider, OidcProvider]) -> OidcProvider:
    """The first provider, its accounts as in accounts.json."""
    providers[0].reset()
    return providers[0]


@pytest.fixture
def hub(provider: OidcProvider) -> Deployment:
    """The hub beside it."""
    return provider.deployment


@contextmanager
def changed(hub: Deployment, **settings: str) -> Generator[None]:
    """The hub runs with other settings for a while."""
    before = dict(hub.settings)
    hub.set_env(**settings)
    try:
        hub.compose("up", "--detach", "--wait")
        yield
    finally:
        hub.settings = before
        hub.compose("up", "--detach", "--wait")


@contextmanager
def listed(hub: Deployment, userlist: str) -> Generator[None]:
    """The userlist is another one for a while."""
    try:
        apply_list(hub, userlist)
        yield
    finally:
        apply_list(hub, USERLIST)


def apply_list(hub: Deployment, userlist: str) -> None:
    hub.write("userlist", userlist)
    hub.make("build")
    hub.compose("up", "--detach", "--wait")


def restart(hub: Deployment) -> None:
    """After it, the hub asks the provider about each person at the first request."""
    hub.make("restart")
    wait_for(lambda: healthy(hub), 60, "the hub")


def healthy(hub: Deployment) -> bool:
    return Visitor(hub.url).get("/hub/health").status_code == 200


def signed_in(provider: OidcProvider, account: str) -> Visitor:
    """Somebody who has signed in."""
    visitor = Visitor(provider.deployment.url)
    response = provider.sign_in(visitor, account)
    assert response.status_code == 302, f"{response.status_code}: {response.text}"
    assert visitor.signed_in()
    return visitor


def refused(provider: OidcProvider, account: str) -> str:
    """What the hub says to somebody who has signed in at the provider, and whom it does not let in."""
    visitor = Visitor(provider.deployment.url)
    response = provider.sign_in(visitor, account)
    assert response.status_code == 403, f"{response.status_code}: {response.text}"
    assert not visitor.signed_in()
    return unescape(response.text)


def assert_says(response: requests.Response, status: int, text: str) -> None:
    assert (response.status_code, text in unescape(response.text)) == (status, True), response.text


def user(hub: Deployment, name: str) -> dict[str, Any]:
    """What the hub knows about somebody."""
    response = hub.api("GET", f"/users/{name}", token=own_token(hub, "admin"))
    assert response.status_code == 200, f"{response.status_code}: {response.text}"
    return response.json()


def delete(hub: Deployment, name: str) -> None:
    """Delete somebody in the console."""
    assert hub.api("DELETE", f"/users/{name}", token=own_token(hub, "admin")).status_code == 204


@contextmanager
def added(hub: Deployment, name: str) -> Generator[None]:
    """Somebody is added in the console, and deleted again."""
    assert hub.api("POST", "/users", token=own_token(hub, "admin"), json={"usernames": [name]}).status_code == 201
    try:
        yield
    finally:
        delete(hub, name)


@contextmanager
def running_server(hub: Deployment, name: str, token: str) -> Generator[None]:
    """Somebody's server runs."""
    hub.start_server(name, token=token)
    try:
        yield
    finally:
        stop_server(hub, name)


def stop_server(hub: Deployment, name: str) -> None:
    token = own_token(hub, "admin")
    hub.api("DELETE", f"/users/{name}/server", token=token)
    wait_for(lambda: not user(hub, name)["servers"], 60, f"the end of the server of {name}")


def own_token(hub: Deployment, name: str) -> str:
    return hub.make("token", f"USER={name}").stdout.strip()


def press(page: Page, hub: Deployment) -> None:
    """Press the button of the hub's login page."""
    visit(page, f"{hub.url}/hub/login")
    page.get_by_role("button", name=BUTTON).click()


# --- Signing in ---


def test_the_button_leads_to_a_lab(provider: OidcProvider, hub: Deployment, page: Page) -> None:
    press(page, hub)
    fill_in(page, "zoe")
    wait_for_lab(page)
    assert run_cell(page, "import os\nprint(os.environ['JUPYTERHUB_USER'])") == "zoe"
    (request,) = provider.seen("authorizeRequests")
    assert (request["response_type"], request["code_challenge_method"]) == ("code", "S256")
    assert len(request["code_challenge"]) == 43
    assert {"openid", "profile", "email"} <= set(request["scope"].split())

    visit(page, f"{hub.url}/hub/home")
    page.wait_for_load_state("load")
    page.click("#logout")
    expect(page.get_by_role("button", name=BUTTON)).to_be_visible()
    for path in ("/hub/home", "/user/zoe/lab"):
        visit(page, f"{hub.url}{path}")
        expect(page.get_by_role("button", name=BUTTON)).to_be_visible()
    stop_server(hub, "zoe")


def test_by_three_addresses(provider: OidcProvider, hub: Deployment) -> None:
    addresses = {
        "OAUTH_ISSUER_URL": "",
        "OAUTH_AUTHORIZE_URL": f"{provider.issuer}/auth",
        "OAUTH_TOKEN_URL": f"{provider.issuer}/token",
        "OAUTH_USERDATA_URL": f"{provider.issuer}/me",
    }
    with changed(hub, **addresses):
        zoe = signed_in(provider, "zoe")
        restart(hub)
        assert zoe.signed_in()
    assert provider.seen("grants") == ["authorization_code"]


def test_by_an_issuer_that_wants_the_secret_in_a_header(providers: tuple[OidcProvider, OidcProvider]) -> None:
    _, basic = providers
    with changed(basic.deployment, OAUTH_ISSUER_URL=f"{basic.issuer}/"):
        signed_in(basic, "zoe")


def test_the_scopes_can_be_chosen(provider: OidcProvider, hub: Deployment) -> None:
    with changed(hub, OAUTH_SCOPE="openid profile"):
        signed_in(provider, "zoe")
    (request,) = provider.seen("authorizeRequests")
    assert request["scope"].split() == ["openid", "profile"]


def test_logging_out_can_end_the_session_at_the_provider(provider: OidcProvider, hub: Deployment) -> None:
    end = f"{provider.issuer}/session/end"
    with changed(hub, OAUTH_LOGOUT_REDIRECT_URL=end):
        zoe = signed_in(provider, "zoe")
        assert zoe.get("/hub/logout").headers["Location"] == end
        assert not zoe.signed_in()


def test_the_next_page_is_one_of_the_hub(provider: OidcProvider, hub: Deployment) -> None:
    zoe = Visitor(hub.url)
    token = f"{PATH}/hub/token"
    assert zoe.get(provider.callback(zoe, "zoe", next_url=token)).headers["Location"] == token
    for elsewhere in ("https://example.org/hub/token", "//example.org", "/\\example.org", "https:///example.org"):
        visitor = Visitor(hub.url)
        location = visitor.get(provider.callback(visitor, "zoe", next_url=elsewhere)).headers["Location"]
        assert location.startswith("/")
        assert location[1:2] not in {"/", "\\"}


# --- Who may sign in ---


def test_who_is_not_allowed_is_told_so(provider: OidcProvider, hub: Deployment) -> None:
    message = "river may not use this hub: ask its administrator to add the name to the userlist."
    page = refused(provider, "river")
    assert page.count(message) == 1
    assert f'<a href="{PATH}/hub/login">Back to the login page</a>' in page


def test_everybody_can_be_let_in(provider: OidcProvider, hub: Deployment) -> None:
    with changed(hub, JUPYTERHUB_ALLOW_ALL="true"):
        river = signed_in(provider, "river")
    assert not river.signed_in()
    assert "river may not use this hub" in refused(provider, "river")
    delete(hub, "river")


def test_names_in_upper_case_are_those_of_the_list(provider: OidcProvider, hub: Deployment) -> None:
    user1 = signed_in(provider, "user1")
    assert user(hub, "user1")["groups"] == ["zos"]
    for _ in range(2):
        restart(hub)
        assert user1.signed_in()
        assert user(hub, "user1")["groups"] == ["zos"]


def test_who_is_added_in_the_console_may_sign_in(provider: OidcProvider, hub: Deployment) -> None:
    provider.admin("accounts", river={"preferred_username": "River"})
    with added(hub, "river"):
        river = signed_in(provider, "river")
        for _ in range(2):  # what the first start remembers must not be against her at the second
            restart(hub)
            assert river.signed_in()
        signed_in(provider, "river")
    assert "river may not use this hub" in refused(provider, "river")


def test_members_of_an_allowed_group_may_sign_in_while_they_are_members(
    provider: OidcProvider, hub: Deployment
) -> None:
    kaylee = signed_in(provider, "kaylee")
    restart(hub)
    assert kaylee.signed_in()
    provider.set_groups("kaylee", ["crew"])
    restart(hub)
    assert not kaylee.signed_in()
    assert "kaylee may not use this hub" in refused(provider, "kaylee")
    provider.set_groups("kaylee", ["ship's doctors"])
    signed_in(provider, "kaylee")


def test_the_list_is_the_authority(provider: OidcProvider, hub: Deployment) -> None:
    zoe, user1 = signed_in(provider, "zoe"), signed_in(provider, "user1")
    tokens = {name: own_token(hub, name) for name in ("zoe", "user1")}
    hub.start_server("zoe", token=tokens["zoe"])
    container = hub.container("zoe")
    assert user1.get("/hub/admin").status_code == 200
    assert hub.api("GET", "/users", token=tokens["user1"]).status_code == 200
    with listed(hub, "user1 zos\n"):
        assert not zoe.signed_in()
        assert "zoe may not use this hub any more." in refused(provider, "zoe")
        assert hub.api("GET", "/user", token=tokens["zoe"]).status_code in {401, 403}
        wait_for(lambda: container not in hub.docker("ps", "--format", "{{.Names}}").stdout.split(), 60, "its end")
        # Not even by a group that is allowed.
        provider.set_groups("zoe", ["engineers", "captains"])
        assert "zoe may not use this hub any more." in refused(provider, "zoe")

        assert user1.signed_in()
        assert user1.get("/hub/admin").status_code == 403
        assert hub.api("GET", "/users", token=tokens["user1"]).status_code == 403
    provider.set_groups("zoe", [])
    signed_in(provider, "zoe")


# --- Groups and administrators ---


def test_groups_of_the_claim_are_added_to_those_of_the_list(provider: OidcProvider, hub: Deployment) -> None:
    provider.set_groups("zoe", ["crew", "/crew/Führung"])
    zoe = signed_in(provider, "zoe")
    assert set(user(hub, "zoe")["groups"]) == {"pilots", "crew", "/crew/Führung"}
    provider.set_groups("zoe", ["veterans"])
    restart(hub)
    assert zoe.signed_in()
    assert set(user(hub, "zoe")["groups"]) == {"pilots", "veterans"}
    provider.set_groups("zoe", [])
    signed_in(provider, "zoe")
    assert user(hub, "zoe")["groups"] == ["pilots"]


def test_a_nested_claim(provider: OidcProvider, hub: Deployment) -> None:
    with changed(hub, OAUTH_GROUPS_CLAIM="realm_access.roles", OAUTH_ADMIN_GROUPS="nobody;staff"):
        signed_in(provider, "zoe")
        zoe = user(hub, "zoe")
        assert (set(zoe["groups"]), zoe["admin"]) == ({"pilots", "browncoat", "staff"}, True)
    signed_in(provider, "zoe")
    assert user(hub, "zoe")["admin"] is False


@pytest.mark.parametrize("again", ["signs in again", "is asked for again"])
def test_members_of_an_administrators_group_are_administrators_while_they_are_members(
    provider: OidcProvider, hub: Deployment, again: str
) -> None:
    mal = signed_in(provider, "mal")
    token = own_token(hub, "mal")
    assert mal.get("/hub/admin").status_code == 200
    assert hub.api("GET", "/users", token=token).status_code == 200
    restart(hub)
    assert mal.get("/hub/admin").status_code == 200

    provider.set_groups("mal", ["engineers"])
    if again == "signs in again":
        mal = signed_in(provider, "mal")
    else:
        restart(hub)
    assert mal.get("/hub/admin").status_code == 403
    assert hub.api("GET", "/users", token=token).status_code == 403
    assert user(hub, "mal")["admin"] is False


def test_who_is_made_an_administrator_in_the_console_stays_one_unless_groups_say_so(
    provider: OidcProvider, hub: Deployment
) -> None:
    with added(hub, "river"):
        with changed(hub, OAUTH_ADMIN_GROUPS=""):
            assert (
                hub.api("PATCH", "/users/river", token=own_token(hub, "admin"), json={"admin": True}).status_code == 200
            )
            river = signed_in(provider, "river")
            restart(hub)
            assert river.get("/hub/admin").status_code == 200
        assert river.get("/hub/admin").status_code == 403


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
def test_claims_that_are_no_list_of_names(
    provider: OidcProvider, hub: Deployment, claim: Any, groups: set[str]
) -> None:
    provider.admin("accounts", zoe={"groups": claim})
    signed_in(provider, "zoe")
    assert set(user(hub, "zoe")["groups"]) == {"pilots"} | groups


# --- Names ---


@pytest.mark.parametrize(
    "name", ["Jayne Cobb", LONG, "..", "crew/mal", "mal\n", "<b>mal</b>", "", ["mal"], {"mal": "zoe"}, None, False]
)
def test_what_cannot_be_a_name_is_refused(provider: OidcProvider, hub: Deployment, name: Any) -> None:
    provider.admin("accounts", zoe={"preferred_username": name})
    page = refused(provider, "zoe")
    assert "OAUTH_USERNAME_CLAIM" in page
    assert "<b>mal" not in provider.sign_in(Visitor(hub.url), "zoe").text


def test_who_is_renamed_at_the_provider_is_somebody_else(provider: OidcProvider, hub: Deployment) -> None:
    zoe = signed_in(provider, "zoe")
    provider.admin("accounts", zoe={"preferred_username": "washburne"})
    restart(hub)
    assert not zoe.signed_in()
    assert "washburne may not use this hub" in refused(provider, "zoe")


def test_the_address_as_a_name(provider: OidcProvider, hub: Deployment) -> None:
    with changed(hub, OAUTH_USERNAME_CLAIM="email", OAUTH_ALLOWED_GROUPS="crew"):
        signed_in(provider, "zoe")
        assert user(hub, "zoe@example.org")["name"] == "zoe@example.org"
        assert "OAUTH_USERNAME_CLAIM" in refused(provider, "river")
        # Saffron claims an address that is somebody else's.
        assert "not verified" in refused(provider, "saffron")
        provider.admin("accounts", saffron={"email_verified": "false"})
        assert "not verified" in refused(provider, "saffron")


# --- Sign-ins that are none ---


def test_a_code_is_good_for_one_use(provider: OidcProvider, hub: Deployment) -> None:
    zoe = Visitor(hub.url)
    callback = provider.callback(zoe, "zoe")
    cookies = zoe.session.cookies.copy()
    assert zoe.get(callback).status_code == 302
    other = Visitor(hub.url)
    other.session.cookies = cookies
    assert_says(other.get(callback), 403, NOT_ACCEPTED)
    assert not other.signed_in()


def test_an_expired_code_is_refused(provider: OidcProvider, hub: Deployment) -> None:
    provider.behave(codeSeconds=1)
    visitor = Visitor(hub.url)
    callback = provider.callback(visitor, "zoe")
    restart(hub)  # which takes longer than a second
    assert_says(visitor.get(callback), 403, NOT_ACCEPTED)


def test_a_callback_of_another_sign_in_is_refused(provider: OidcProvider, hub: Deployment) -> None:
    mal, zoe = Visitor(hub.url), Visitor(hub.url)
    of_mal = provider.callback(mal, "mal")
    provider.callback(zoe, "zoe")
    assert_says(zoe.get(of_mal), 400, "state")
    assert not zoe.signed_in()


def test_a_callback_without_a_cookie_is_refused(provider: OidcProvider, hub: Deployment) -> None:
    """As when the hub is opened by another name than that of OAUTH_CALLBACK_URL."""
    by_other_name = Visitor(hub.url.replace("127.0.0.1", "localhost"))
    begin = by_other_name.get("/hub/oauth_login")
    assert begin.status_code == 302
    callback = provider.callback(Visitor(hub.url), "zoe")
    visitor = Visitor(hub.url)
    visitor.session.cookies = by_other_name.session.cookies
    assert_says(visitor.get(callback), 400, "state")
    assert not visitor.signed_in()


NESTED = base64.urlsafe_b64encode(b"[" * 7000).decode()


@pytest.mark.parametrize(
    ("query", "status"),
    [
        (f"?code={LONG}&state={{state}}", 403),
        (f"?code=anything&state={LONG}", 400),
        (f"?code=anything&state={NESTED}", 400),
        ("?code=anything&state=bnVsbA", 400),
        ("?code=anything&state=%00%FF", 400),
        ("?code=anything", 400),
        ("?state={state}", 400),
        ("", 400),
        (f"?error={LONG}", 400),
        ("?error=access_denied&error_description=%3Cb%3Eno%25s%0A", 400),
    ],
    ids=[
        "long code",
        "long state",
        "deep state",
        "state null",
        "state of bytes",
        "no state",
        "no code",
        "nothing",
        "long error",
        "error with markup",
    ],
)
def test_a_made_up_callback_is_refused(provider: OidcProvider, hub: Deployment, query: str, status: int) -> None:
    log = hub.logs("hub")
    visitor = Visitor(hub.url)
    state = visitor.get("/hub/oauth_login").headers["Location"].partition("state=")[2].partition("&")[0]
    response = visitor.get(CALLBACK + query.format(state=state))
    assert response.status_code == status, response.text
    assert "<b>no" not in response.text
    assert not visitor.signed_in()
    assert "Traceback" not in hub.logs("hub").removeprefix(log)


def test_who_cancels_at_the_provider_reads_why(provider: OidcProvider, hub: Deployment, page: Page) -> None:
    press(page, hub)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("body")).to_contain_text("The person did not want to sign in.")
    expect(page.locator("#jupyterhub-logo")).to_be_visible()


def test_a_wrong_client_secret_is_in_the_log_and_ends_no_session(provider: OidcProvider, hub: Deployment) -> None:
    provider.behave(accessTokenSeconds=1)
    zoe = signed_in(provider, "zoe")
    log = hub.logs("hub")
    hub.write("secrets/oauth.env", provider.secrets("not the secret"))
    try:
        hub.compose("up", "--detach", "--wait")
        newcomer = Visitor(hub.url)
        assert provider.sign_in(newcomer, "mal").status_code == 503
        assert not newcomer.signed_in()
        assert "invalid_client" in hub.logs("hub").removeprefix(log)
        assert zoe.signed_in()
    finally:
        hub.write("secrets/oauth.env", provider.secrets())
        hub.compose("up", "--detach", "--wait")
    assert zoe.signed_in()


# --- The provider is away ---


def test_make_up_says_the_address_that_people_come_back_to(hub: Deployment) -> None:
    compose = hub.compose("config", "--format", "json").stdout
    welcome = ("exec", "--interactive", hub.project, "python", "-m", "hub.people", "welcome")
    said = hub.docker(*welcome, stdin=compose).stdout.splitlines()
    assert f"  Address           {hub.url}" in said
    assert "  Signing in        with generic-oauth" in said


def test_nobody_is_thrown_out_while_the_provider_is_away(provider: OidcProvider, hub: Deployment) -> None:
    zoe = signed_in(provider, "zoe")
    token = own_token(hub, "zoe")
    newcomer = Visitor(hub.url)
    callback = provider.callback(newcomer, "mal")
    with provider.away():
        assert_says(newcomer.get(callback), 503, NO_ANSWER)
        restart(hub)
        assert zoe.signed_in()
        assert_says(Visitor(hub.url).get("/hub/oauth_login"), 503, NO_ANSWER)
        assert hub.api("GET", "/user", token=token).json()["name"] == "zoe"
        assert healthy(hub)
        with running_server(hub, "zoe", token):
            assert zoe.signed_in()
    signed_in(provider, "mal")


def test_nobody_is_thrown_out_while_the_provider_hangs(provider: OidcProvider, hub: Deployment) -> None:
    zoe = signed_in(provider, "zoe")
    with provider.paused(), ThreadPoolExecutor() as pool:
        restart(hub)
        newcomer = pool.submit(Visitor(hub.url).get, "/hub/oauth_login")
        known = pool.submit(zoe.signed_in)
        assert healthy(hub)
        assert known.result()
        assert_says(newcomer.result(), 503, NO_ANSWER)


def test_an_authority_that_is_not_trusted_is_named_in_the_log(provider: OidcProvider, hub: Deployment) -> None:
    stranger = OidcProvider.start(hub, "stranger")
    log = hub.logs("hub")
    with changed(hub, OAUTH_ISSUER_URL=stranger.issuer):
        assert_says(Visitor(hub.url).get("/hub/oauth_login"), 503, NO_ANSWER)
        (line,) = [line for line in hub.logs("hub").removeprefix(log).splitlines() if "secrets/ca.crt" in line]
    assert stranger.address in line or "Serenity Identity" in line


# --- The provider is asked again ---


@pytest.mark.parametrize("renewable", [True, False], ids=["with a refresh token", "without one"])
def test_who_is_disabled_at_the_provider_is_out_and_nobody_else(
    provider: OidcProvider, hub: Deployment, renewable: bool
) -> None:
    provider.behave(refreshTokens=renewable)
    zoe, mal = signed_in(provider, "zoe"), signed_in(provider, "mal")
    token = own_token(hub, "zoe")
    with running_server(hub, "zoe", token):
        assert server_page(zoe, "zoe").status_code == 200
        log = hub.logs("hub")
        provider.disable("zoe")
        restart(hub)
        assert not zoe.signed_in()
        assert mal.signed_in()
        assert hub.api("GET", "/user", token=token).status_code in {401, 403}
        assert server_page(zoe, "zoe").status_code != 200
        assert "Traceback" not in hub.logs("hub").removeprefix(log)
        provider.reset()
        assert provider.sign_in(zoe, "zoe").status_code == 302
        assert zoe.signed_in()
        assert hub.api("GET", "/user", token=token).status_code == 200
        assert server_page(zoe, "zoe").status_code == 200


def server_page(visitor: Visitor, name: str) -> requests.Response:
    """What a person's running server answers, after it has sent them to the hub if it did not know them."""
    visitor.session.get(f"{visitor.url}/user/{name}/lab", timeout=60)
    return visitor.get(f"/user/{name}/api/contents")


def test_an_api_token_alone_ends_with_the_account(provider: OidcProvider, hub: Deployment) -> None:
    signed_in(provider, "zoe")
    token = own_token(hub, "zoe")
    provider.disable("zoe")
    restart(hub)
    assert hub.api("GET", "/user", token=token).status_code in {401, 403}


def test_parallel_requests_use_a_rotated_refresh_token_once(provider: OidcProvider, hub: Deployment) -> None:
    provider.behave(accessTokenSeconds=1, rotate=True)
    zoe = signed_in(provider, "zoe")
    token = own_token(hub, "zoe")

    def ask(number: int) -> int:
        if number % 4 == 0:
            return hub.api("GET", "/user", token=token).status_code
        visitor = Visitor(hub.url)
        visitor.session.cookies.update(zoe.session.cookies)
        return visitor.get("/hub/home").status_code

    for restarts in (1, 2):
        restart(hub)  # which takes longer than a second
        with ThreadPoolExecutor(PARALLEL) as pool:
            assert set(pool.map(ask, range(PARALLEL))) == {200}
        assert provider.seen("grants") == ["authorization_code"] + ["refresh_token"] * restarts


def test_a_session_from_before_the_provider_is_none(provider: OidcProvider, hub: Deployment) -> None:
    zoe = Visitor(hub.url)
    with changed(hub, JUPYTERHUB_AUTHENTICATOR="native"):
        assert zoe.sign_in("zoe", hub.password("zoe")) == ""
        assert zoe.signed_in()
    assert not zoe.signed_in()
    assert provider.sign_in(zoe, "zoe").status_code == 302
    assert zoe.signed_in()


def test_without_a_refresh_token_the_session_goes_on(provider: OidcProvider, hub: Deployment) -> None:
    provider.behave(accessTokenSeconds=1, refreshTokens=False)
    zoe = signed_in(provider, "zoe")
    restart(hub)  # which takes longer than a second
    assert zoe.signed_in()
    assert provider.seen("grants") == ["authorization_code"]


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 500},
        {"status": 503, "body": "<h1>Busy</h1>"},
        {"status": 429, "body": "{}"},
        {"status": 200, "body": "<h1>Maintenance</h1>"},
        {"status": 200, "body": "[]"},
        {"status": 200, "body": ""},
    ],
    ids=["500", "503", "429", "a page", "no claims", "nothing"],
)
def test_an_error_of_the_provider_ends_no_session(
    provider: OidcProvider, hub: Deployment, answer: dict[str, Any]
) -> None:
    zoe = signed_in(provider, "zoe")
    provider.behave(userinfo=answer)
    restart(hub)
    assert zoe.signed_in()
    assert_says(provider.sign_in(Visitor(hub.url), "mal"), 503, NO_ANSWER)


def test_the_providers_tokens_are_encrypted_in_the_database(provider: OidcProvider, hub: Deployment) -> None:
    signed_in(provider, "zoe")
    count = "import sqlite3; print(*sqlite3.connect('/data/jupyterhub.sqlite').execute("
    count += "'SELECT count(*) FROM users WHERE encrypted_auth_state IS NOT NULL').fetchone())"
    assert int(hub.hub_exec("python", "-c", count)) > 0
    assert hub.hub_exec("grep", "--recursive", "--files-with-matches", "access_token", "/data", check=False) == ""
    assert CLIENT_SECRET not in hub.logs("hub")


def test_the_command_of_the_example_shows_the_addresses(provider: OidcProvider, hub: Deployment) -> None:
    page = (hub.root / "examples/oidc/README.md").read_text()
    (command,) = re.findall(r"^\$ (docker exec jupyterhub .*)$", page, re.MULTILINE)
    for example, ours in (("jupyterhub", hub.project), ("https://id.example.org/realms/crew", provider.issuer)):
        command = command.replace(example, ours)
    assert f'"authorization_endpoint":"{provider.issuer}/auth"' in hub.run("bash", "-c", command).stdout


# --- Settings ---


@pytest.fixture(scope="module")
def clone(make_deployment: Callable[..., Deployment]) -> Deployment:
    """A copy of which nothing is built yet."""
    clone = make_deployment(f"{PREFIX}oidcbad", **SETTINGS)
    clone.write("userlist", USERLIST)
    return clone


def client(callback: str) -> str:
    """A client for secrets/oauth.env."""
    return f"OAUTH_CLIENT_ID=the-hub\nOAUTH_CLIENT_SECRET=hush-hush\nOAUTH_CALLBACK_URL={callback}\n"


GOOD_CLIENT = client(f"https://hub.example.org{PATH}/hub/oauth_callback")
GOOD_ISSUER = "https://login.example.org/realms/serenity"
BAD_SETTINGS = {
    "nothing given": (
        "",
        GOOD_ISSUER,
        [
            f"{name} is missing: add the line {name}=… to secrets/oauth.env"
            for name in ("OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OAUTH_CALLBACK_URL")
        ],
    ),
    "callback without TLS": (
        client("http://hub.example.org/hub/oauth_callback"),
        GOOD_ISSUER,
        ["OAUTH_CALLBACK_URL (secrets/oauth.env) is 'http://hub.example.org/hub/oauth_callback'", "https://"],
    ),
    "callback elsewhere": (
        client("https://hub.example.org/oauth_callback"),
        GOOD_ISSUER,
        ["OAUTH_CALLBACK_URL (secrets/oauth.env) is 'https://hub.example.org/oauth_callback'", "/hub/oauth_callback"],
    ),
    "issuer in the hub's container": (
        GOOD_CLIENT,
        "https://localhost:8443/realms/serenity",
        ["OAUTH_ISSUER_URL (.env or the shell)", "the hub's own container", "host.docker.internal"],
    ),
    "a callback without the hub's path": (
        client("https://hub.example.org/hub/oauth_callback"),
        GOOD_ISSUER,
        ["OAUTH_CALLBACK_URL (secrets/oauth.env)", f"expected https://HOST{PATH}/hub/oauth_callback"],
    ),
    "no issuer": (
        GOOD_CLIENT,
        "",
        ["OAUTH_ISSUER_URL is missing", "OAUTH_AUTHORIZE_URL, OAUTH_TOKEN_URL, OAUTH_USERDATA_URL"],
    ),
}


@pytest.mark.parametrize(("secrets", "issuer", "messages"), BAD_SETTINGS.values(), ids=BAD_SETTINGS.keys())
def test_a_bad_setting_is_refused_by_name(clone: Deployment, secrets: str, issuer: str, messages: list[str]) -> None:
    clone.write("secrets/oauth.env", secrets)
    clone.set_env(OAUTH_ISSUER_URL=issuer)
    result = clone.make("build", check=False)
    assert result.returncode != 0
    assert [message for message in messages if message not in result.stdout + result.stderr] == [], result.stderr
    assert clone.docker("volume", "inspect", clone.settings["DATA_VOLUME_HOST"], check=False).returncode != 0
    assert clone.docker("image", "inspect", f"{clone.project}-user", check=False).returncode != 0


def test_a_secret_in_env_is_warned_about(clone: Deployment) -> None:
    clone.write("secrets/oauth.env", GOOD_CLIENT)
    clone.set_env(OAUTH_ISSUER_URL=GOOD_ISSUER)
    clone.write("userlist", "no,name\n")  # so that the build ends with its checks
    env = clone.root / ".env"
    env.write_text(f"{env.read_text()}OAUTH_CLIENT_SECRET=river-tam\n")
    output = clone.make("build", check=False).stderr
    assert "userlist:1:" in output
    assert "OAUTH_CLIENT_SECRET" in output
    assert "river-tam" not in output


def test_make_password_says_whose_business_passwords_are(hub: Deployment) -> None:
    result = hub.make("password", "USER=zoe", check=False)
    assert result.returncode != 0
    assert "generic-oauth" in result.stderr
