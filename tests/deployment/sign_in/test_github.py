"""Signing in with GitHub, and with GitLab as a second provider of the same table."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from support import sign_in_contract
from support.browser import run_cell, wait_for_lab
from support.deployment import PREFIX, Deployment
from support.github import CLIENT_ID, CLIENT_SECRET, OAUTH_FILE, ORGANIZATION, GitHub
from support.people import Visitor
from support.sign_in import ALLOWED
from support.sign_in_contract import assert_refused


@pytest.fixture(scope="module")
def provider(make_deployment: Callable[..., Deployment]) -> GitHub:
    """GitHub, and a hub beside it that lets members of an organization and of a team in."""
    return GitHub.start(make_deployment(f"{PREFIX}github"))


class TestList(sign_in_contract.ListContract): ...


class TestGroups(sign_in_contract.GroupContract): ...


class TestOutages(sign_in_contract.OutageContract):
    def test_an_error_ends_no_session(self, provider: GitHub, kaylee: Visitor) -> None:
        names = {"error": "zoe", "rate-limit": "river"}
        sessions = {state: provider.session(name) for state, name in names.items()}
        tokens = {state: provider.token(name) for state, name in names.items()}
        last_steps = {state: provider.begin(Visitor(provider.deployment.url), "wash") for state in names}
        provider.restart()
        try:
            for state, last_step in last_steps.items():
                provider.answer(state)
                assert (sessions[state].signed_in(), provider.accepts(tokens[state])) == (True, True)
                assert kaylee.signed_in()
                assert last_step().status_code == 503
        finally:
            provider.answer("normal")


# --- What only GitHub has ---


def test_the_hub_asks_for_no_more_than_it_needs(provider: GitHub) -> None:
    provider.use()
    assert provider.enter("zoe") == ALLOWED
    request = provider.authorize_requests()[-1]
    assert (request["code_challenge_method"], request["scope"]) == ("S256", "read:org")
    assert provider.scopes("zoe") == ["read:org"]
    provider.use(GITHUB_ALLOWED_ORGANIZATIONS="")
    assert provider.enter("zoe") == ALLOWED
    assert provider.scopes("zoe") == []


def test_a_refused_user_reads_why_in_the_browser(provider: GitHub, page: Page) -> None:
    provider.use()
    provider.open_lab(page, "badger")
    expect(page.locator("#error p").first).to_contain_text("badger")


def test_members_of_an_organization_or_a_team(provider: GitHub, page: Page) -> None:
    provider.use()
    provider.set_members(ORGANIZATION, "kaylee", restricted=True)
    assert_refused(provider, "kaylee")  # the organization has not approved the application
    provider.set_members(ORGANIZATION, "kaylee")
    provider.open_lab(page, "kaylee")
    wait_for_lab(page)
    assert run_cell(page, "print(6 * 7)") == "42"

    provider.set_members("Persephone", "inara", "jayne", teams={"guests": ["inara"], "cooks": ["jayne"]})
    inara, token = provider.session("inara"), provider.token("inara")
    assert_refused(provider, "jayne")
    provider.set_members("Persephone", "inara", teams={"guests": []})
    assert_refused(provider, "inara")
    provider.restart()
    assert (inara.signed_in(), provider.accepts(token)) == (False, False)


def test_a_user_who_takes_the_consent_back_is_asked_again(provider: GitHub) -> None:
    provider.use()
    wash = provider.session("wash")
    provider.revoke("wash")
    provider.restart()
    assert not wash.signed_in()
    assert provider.enter("wash", wash) == ALLOWED


class TestCallback(sign_in_contract.CallbackContract):
    def test_a_callback_registered_under_another_host_name_is_refused(self, provider: GitHub, visitor: Visitor) -> None:
        other = visitor.url.replace("127.0.0.1", "localhost")
        provider.register(host=other)
        try:
            address = provider.callback(visitor, "river")
        finally:
            provider.register()
        assert address.startswith(other)
        answer = self.come_back(visitor, address)
        assert (answer.status, "redirect_uri MUST match" in answer.message) == (400, True)

    def test_a_wrong_client_secret_is_refused_and_the_log_says_so(self, provider: GitHub, visitor: Visitor) -> None:
        before = provider.deployment.logs("hub")
        provider.register("another secret")
        try:
            assert self.come_back(visitor, provider.callback(visitor, "river")).status in {403, 503}
        finally:
            provider.register()
        log = provider.deployment.logs("hub").removeprefix(before)
        assert "client_secret passed are incorrect" in log
        assert CLIENT_SECRET not in log


# --- Settings ---


def test_a_file_of_secrets_takes_precedence_over_the_shell(provider: GitHub) -> None:
    provider.use(GITHUB_CLIENT_SECRET="an old one", OAUTH_CALLBACK_URL="https://old.example.org/hub/oauth_callback")
    assert provider.enter("river") == ALLOWED


def test_settings_may_come_from_the_shell_and_from_env(provider: GitHub, hub: Deployment) -> None:
    in_file = provider.client("GITHUB") + provider.client("OAUTH")
    dot_env = hub.root / ".env"
    before = dot_env.read_text()
    (hub.root / OAUTH_FILE).unlink()
    of_env = {
        "JUPYTERHUB_AUTHENTICATOR": "github",
        "GITHUB_URL": provider.url,
        "GITHUB_CLIENT_SECRET": f"'{CLIENT_SECRET}'",
    }
    dot_env.write_text(before + "".join(f"{name}={value}\n" for name, value in of_env.items()))
    of_shell = {"GITHUB_CLIENT_ID": CLIENT_ID, "OAUTH_CALLBACK_URL": f"{hub.url}/hub/oauth_callback"}
    hub.settings = {name: value for name, value in provider.plain.items() if name not in of_env} | of_shell
    try:
        result = hub.make("build")
        hub.compose("up", "--detach", "--wait")
        assert provider.enter("river") == ALLOWED
        (warning,) = [line for line in result.stderr.splitlines() if "GITHUB_CLIENT_SECRET" in line]
        assert (warning.startswith("WARNING: "), OAUTH_FILE in warning) == (True, True)
        assert CLIENT_SECRET not in result.stdout + result.stderr
    finally:
        dot_env.write_text(before)
        hub.write(OAUTH_FILE, in_file)
    provider.use()


@pytest.mark.parametrize(("authenticator", "prefix"), [("github", "GITHUB"), ("gitlab", "OAUTH")])
def test_every_missing_line_is_asked_for_at_once(
    provider: GitHub, hub: Deployment, authenticator: str, prefix: str
) -> None:
    hub.write(OAUTH_FILE, "")
    try:
        output = provider.refusal(JUPYTERHUB_AUTHENTICATOR=authenticator, GITHUB_ALLOWED_ORGANIZATIONS="")
    finally:
        hub.write(OAUTH_FILE, provider.client("GITHUB") + provider.client("OAUTH"))
    names = (f"{prefix}_CLIENT_ID", f"{prefix}_CLIENT_SECRET", "OAUTH_CALLBACK_URL")
    assert [name for name in names if not re.search(f"{name} is missing.*{OAUTH_FILE}", output)] == []


@pytest.mark.parametrize(
    ("callback", "url"),
    [
        ("http://hub.example.org/hub/oauth_callback", "https://localhost:8443"),
        ("https:///hub/oauth_callback", "https://127.0.0.1"),
        ("https://hub.example.org:port/hub/oauth_callback", "github.example.org"),
    ],
)
def test_addresses_that_cannot_work_are_refused(provider: GitHub, hub: Deployment, callback: str, url: str) -> None:
    client = provider.client("GITHUB")
    hub.write(OAUTH_FILE, client.replace(f"{hub.url}/hub/oauth_callback", callback))
    try:
        output = provider.refusal(GITHUB_URL=url)
    finally:
        hub.write(OAUTH_FILE, client + provider.client("OAUTH"))
    assert re.search(f"OAUTH_CALLBACK_URL .*{OAUTH_FILE}.*{re.escape(callback)}", output)
    assert re.search(f"GITHUB_URL .*{re.escape(url)}", output)


# --- GitLab ---


def test_members_of_a_gitlab_group_are_in_until_they_leave_it(provider: GitHub, page: Page) -> None:
    provider.set_members("browncoats", "kaylee")
    provider.set_members("alliance")
    provider.set_members("alliance/fleet", "jayne")
    groups = "browncoats alliance/fleet"
    provider.use(JUPYTERHUB_AUTHENTICATOR="gitlab", GITLAB_URL=provider.url, GITLAB_ALLOWED_GROUPS=groups)
    assert_refused(provider, "badger")
    provider.open_lab(page, "jayne", "GitLab")
    wait_for_lab(page)
    assert run_cell(page, "print(6 * 7)") == "42"
    assert provider.scopes("jayne") == ["read_api"]

    kaylee, jayne = provider.session("kaylee"), provider.session("jayne")
    provider.expire_tokens()
    provider.restart()
    assert (kaylee.signed_in(), jayne.signed_in()) == (True, True)  # by their refresh tokens
    provider.set_members("alliance/fleet")
    provider.restart()
    assert (kaylee.signed_in(), jayne.signed_in()) == (True, False)
    assert_refused(provider, "jayne")
