"""What holds for every way to sign in: a module of tests has a fixture `provider` and subclasses of what fits it.

The classes run from top to bottom, and each name has one part in them (see sign_in.USERLIST): so nothing has to be put
back, and the hub is restarted as little as possible.
"""

import base64
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Page, expect

from support.browser import run_cell, visit, wait_for_lab
from support.people import Visitor
from support.servers import running, stop
from support.sign_in import (
    ALLOWED,
    WITHOUT_BOOK,
    Answer,
    OAuthProvider,
    Provider,
    ProviderWithAdmins,
    SignIn,
    come_back,
)
from support.waiting import wait_for

NO_LONGER = "no longer"
STOP_SECONDS = 60


def assert_refused(provider: SignIn, name: str, *, no_longer: bool = False) -> None:
    """The hub does not let a user in, and says so by name; of who was listed once, in other words."""
    visitor = Visitor(provider.deployment.url)
    answer = provider.enter(name, visitor)
    assert (answer.status, name in answer.message, NO_LONGER in answer.message) == (403, True, no_longer), answer
    assert not visitor.signed_in()


@pytest.mark.usefixtures("no_traceback")
class ListContract:
    """The userlist is the authority, however users sign in."""

    @pytest.fixture(autouse=True)
    def plain(self, provider: SignIn) -> None:
        """Each test begins with the settings that the module has."""
        provider.use()

    def test_a_listed_user_runs_a_cell_and_logs_out(self, provider: SignIn, page: Page) -> None:
        hub = provider.deployment
        provider.open_lab(page, "zoe")
        wait_for_lab(page)
        assert run_cell(page, "import os\nprint(os.environ['JUPYTERHUB_USER'])") == "zoe"
        visit(page, f"{hub.url}/hub/home")
        with page.expect_navigation(wait_until="domcontentloaded"):
            page.click("#logout")
        for path in ("/hub/home", "/user/zoe/lab"):
            visit(page, f"{hub.url}{path}")
            expect(page.locator("#login-main")).to_be_visible()
        stop(hub, "zoe", hub.token())

    def test_another_user_is_refused(self, provider: SignIn) -> None:
        assert_refused(provider, "badger")
        assert "badger" not in provider.users()

    def test_administrators_and_groups_are_those_of_the_list(self, provider: SignIn) -> None:
        assert provider.session("simon").get("/hub/admin").status_code == 200
        assert provider.session("zoe").get("/hub/admin").status_code == 403
        assert provider.enter("wash") == ALLOWED
        assert provider.groups("wash") == {"drivers", "pilots"}

    def test_names_in_capitals_are_those_of_the_list(self, provider: SignIn) -> None:
        assert provider.enter("USER1") == ALLOWED
        assert provider.groups("user1") == {"zos"}
        assert "USER1" not in provider.users()

    def test_a_user_added_in_the_console_may_sign_in_also_after_a_restart(self, provider: SignIn) -> None:
        assert_refused(provider, "niska")
        provider.add("niska")
        niska = provider.session("niska")
        for _ in range(2):  # what the first start notes must not count against the user at the second
            provider.restart()
            assert niska.signed_in()
            assert provider.enter("niska") == ALLOWED

    def test_no_log_has_a_secret(self, provider: SignIn) -> None:
        logs = provider.deployment.logs("hub")
        assert "zoe" in logs
        assert [secret for secret in provider.secrets if secret in logs] == []

    def test_there_is_no_password_to_set(self, provider: SignIn) -> None:
        result = provider.deployment.make("password", "USER=zoe", check=False)
        assert (result.returncode != 0, result.stdout) == (True, "")
        assert provider.authenticator in result.stderr

    def test_a_name_that_leaves_the_list_is_out(self, provider: SignIn) -> None:
        hub = provider.deployment
        sessions = {name: provider.session(name) for name in ("book", "simon", "zoe")}
        tokens = {name: provider.token(name) for name in sessions}
        assert provider.accepts(tokens["simon"], "/users")
        hub.start_server("book", token=tokens["book"])
        container = hub.container("book")

        provider.apply_list(WITHOUT_BOOK)
        assert {name: visitor.signed_in() for name, visitor in sessions.items()} == {
            "book": False,
            "simon": True,
            "zoe": True,
        }
        assert not provider.accepts(tokens["book"])
        if isinstance(provider, Provider):
            provider.join("book")  # no group helps a name that left the list
        assert_refused(provider, "book", no_longer=True)
        of_book = ("ps", "--quiet", "--filter", f"name=^{container}$")
        wait_for(lambda: not hub.docker(*of_book).stdout, STOP_SECONDS, "the end of book's server")
        # An administrator who is listed without `admin` is none; groups are those of the list.
        assert sessions["simon"].get("/hub/admin").status_code == 403
        assert not provider.accepts(tokens["simon"], "/users")
        assert provider.session("simon").get("/hub/admin").status_code == 403
        assert (provider.groups("simon"), provider.groups("wash")) == ({"medics"}, {"drivers"})

    def test_the_open_door_lets_everyone_else_in_and_closes_again(self, provider: SignIn) -> None:
        provider.use(JUPYTERHUB_ALLOW_ALL="true")
        inara, zoe = provider.session("inara"), provider.session("zoe")
        assert inara.get("/hub/admin").status_code == 403
        assert_refused(provider, "book", no_longer=True)
        provider.use()
        assert (inara.signed_in(), zoe.signed_in()) == (False, True)
        assert_refused(provider, "inara")


@pytest.mark.usefixtures("no_traceback")
class GroupContract:
    """The provider's word counts as long as it holds: members of a group may sign in, and accounts may end."""

    def test_users_whom_the_provider_no_longer_accepts_are_out_after_a_restart(self, provider: Provider) -> None:
        provider.use()
        for name in ("kaylee", "inara", "jayne"):
            assert_refused(provider, name)
            provider.join(name)
        names = ("zoe", "wash", "river", "kaylee", "inara", "jayne")
        sessions = {name: provider.session(name) for name in names}
        tokens = {name: provider.token(name) for name in names}
        provider.restart()
        assert [name for name in names if not sessions[name].signed_in()] == []

        for name in ("inara", "jayne"):
            provider.leave(name)
        provider.disable("wash")
        assert_refused(provider, "inara")  # which a directory notes that cannot be asked without a password
        provider.restart()
        out = ["wash", "inara", "jayne"] if provider.asks_again else ["inara"]
        assert [name for name in names if not sessions[name].signed_in()] == out
        assert [name for name in names if not provider.accepts(tokens[name])] == out
        assert_refused(provider, "jayne")

        provider.enable("wash")
        again = Visitor(provider.deployment.url)
        assert provider.enter("wash", again) == ALLOWED
        assert again.signed_in()
        assert provider.accepts(tokens["wash"])
        provider.leave("kaylee")


@pytest.mark.usefixtures("no_traceback")
class AdminGroupContract:
    """Members of the provider's administrators are administrators here as long as they are members."""

    def test_administrators_of_the_provider(self, provider: ProviderWithAdmins) -> None:
        provider.use()
        names = ("jayne", "zoe", "river")
        for name in names:
            provider.join_admins(name)
        sessions = {name: provider.session(name) for name in names}
        tokens = {name: provider.token(name) for name in names}
        provider.restart()
        for name in names:
            assert sessions[name].get("/hub/admin").status_code == 200
            assert provider.accepts(tokens[name], "/users")

        for name in names:
            provider.leave_admins(name)
        assert_refused(provider, "jayne")  # was allowed as an administrator alone
        assert provider.enter("zoe") == ALLOWED
        assert not provider.is_admin("zoe")
        assert not provider.accepts(tokens["zoe"], "/users")
        provider.restart()
        assert not sessions["jayne"].signed_in()
        assert not provider.accepts(tokens["jayne"])
        assert sessions["zoe"].get("/hub/admin").status_code == 403
        # river has not signed in again.
        assert (sessions["river"].get("/hub/admin").status_code == 403) == provider.asks_again
        assert provider.accepts(tokens["river"], "/users") != provider.asks_again


@pytest.mark.usefixtures("no_traceback")
class OutageContract:
    """A provider that cannot be asked says nothing about users: who is signed in stays so."""

    @pytest.fixture
    def kaylee(self, provider: Provider) -> Generator[Visitor]:
        """A member of the group, signed in."""
        provider.use()
        provider.join("kaylee")
        yield provider.session("kaylee")
        provider.leave("kaylee")

    def test_sessions_go_on_while_the_provider_is_unavailable(self, provider: Provider, kaylee: Visitor) -> None:
        hub = provider.deployment
        zoe, token = provider.session("zoe"), provider.token("zoe")
        newcomer = Visitor(hub.url)
        last_step = provider.begin(newcomer, "wash")
        with provider.away():
            assert last_step().status_code == 503
            assert not newcomer.signed_in()
            assert (zoe.signed_in(), kaylee.signed_in()) == (True, True)
            provider.restart()
            assert (zoe.signed_in(), kaylee.signed_in()) == (True, True)
            assert provider.accepts(token)
            with running(hub, "zoe", token):
                assert zoe.signed_in()
            health = hub.docker("inspect", "--format", "{{.State.Health.Status}}", hub.project).stdout.strip()
            assert health == "healthy"
        assert provider.enter("wash") == ALLOWED
        assert zoe.signed_in()

    def test_sessions_go_on_while_the_provider_hangs(self, provider: Provider, kaylee: Visitor) -> None:
        zoe, newcomer = provider.session("zoe"), Visitor(provider.deployment.url)
        last_step = provider.begin(newcomer, "wash")
        with provider.paused(), ThreadPoolExecutor() as pool:
            provider.restart()
            answers = [pool.submit(visitor.signed_in) for visitor in (zoe, kaylee)]
            refusal = pool.submit(last_step)
            assert provider.answers()
            assert [answer.result() for answer in answers] == [True, True]
            assert refusal.result().status_code == 503
        assert (zoe.signed_in(), kaylee.signed_in()) == (True, True)


LONG = "x" * 10_000
NESTED = base64.urlsafe_b64encode(b"[" * 7000).decode()
MADE_UP = {
    "state of another": ("?code={code}&state=eyJzdGF0ZV9pZCI6ICIwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMCJ9", 400),
    "state not JSON": ("?code={code}&state=bm90IGpzb24=", 400),
    "state a list": ("?code={code}&state=W10=", 400),
    "state null": ("?code={code}&state=bnVsbA", 400),
    "state not base64": ("?code={code}&state=%25%25%25", 400),
    "state not ASCII": ("?code={code}&state=zustand-%C3%A4", 400),
    "state of bytes": ("?code={code}&state=%00%FF", 400),
    "long state": (f"?code={{code}}&state={LONG}", 400),
    "deep state": (f"?code={{code}}&state={NESTED}", 400),
    "no state": ("?code={code}", 400),
    "long code": (f"?code={LONG}&state={{state}}", 403),
    "no code": ("?state={state}", 400),
    "nothing": ("", 400),
    "long error": (f"?error={LONG}", 400),
    "error with markup": ("?error=access_denied&error_description=%3Cb%3Eno%25s%0A", 400),
}


@pytest.mark.usefixtures("no_traceback")
class CallbackContract:
    """What a provider of OAuth sends back, and what only looks like that."""

    @pytest.fixture
    def visitor(self, provider: OAuthProvider) -> Visitor:
        """A visitor who has not signed in, while the hub has the plain settings."""
        provider.use()
        return Visitor(provider.deployment.url)

    def come_back(self, visitor: Visitor, address: str) -> Answer:
        """The hub's answer; a refusal signs no one in."""
        answer = Answer.of(come_back(visitor, address))
        assert visitor.signed_in() == (answer == ALLOWED)
        return answer

    def test_a_code_is_good_once(self, provider: OAuthProvider, visitor: Visitor) -> None:
        address, again = provider.callback(visitor, "river"), Visitor(visitor.url)
        again.session.cookies.update(visitor.session.cookies)
        assert self.come_back(visitor, address) == ALLOWED
        assert self.come_back(again, address).status == 403

    def test_an_expired_code_is_refused(self, provider: OAuthProvider, visitor: Visitor) -> None:
        assert self.come_back(visitor, provider.expired_callback(visitor, "river")).status == 403

    def test_the_code_of_another_user_is_refused(self, provider: OAuthProvider, visitor: Visitor) -> None:
        # The code verifier (PKCE) stays in the cookie of the browser that began.
        code = parse_qs(urlsplit(provider.callback(Visitor(visitor.url), "simon")).query)["code"][0]
        own = provider.callback(visitor, "river")
        of_river = parse_qs(urlsplit(own).query)["code"][0]
        assert self.come_back(visitor, own.replace(quote(of_river, safe=""), quote(code, safe=""))).status == 403

    def test_a_callback_of_another_browser_is_refused(self, provider: OAuthProvider, visitor: Visitor) -> None:
        provider.callback(visitor, "zoe")
        answer = self.come_back(visitor, provider.callback(Visitor(visitor.url), "river"))
        assert (answer.status, "state" in answer.message) == (400, True)

    def test_a_sign_in_that_began_under_another_host_name_is_refused(self, provider: OAuthProvider) -> None:
        provider.use()
        elsewhere = Visitor(provider.deployment.url.replace("127.0.0.1", "localhost"))
        address = provider.callback(elsewhere, "river")
        assert address.startswith(provider.deployment.url)
        answer = self.come_back(elsewhere, address)
        assert (answer.status, "state" in answer.message) == (400, True)

    @pytest.mark.parametrize(("query", "status"), MADE_UP.values(), ids=MADE_UP.keys())
    def test_a_made_up_callback_is_refused(
        self, provider: OAuthProvider, visitor: Visitor, query: str, status: int
    ) -> None:
        page, _, good = provider.callback(visitor, "river").partition("?")
        fields = {name: quote(values[0], safe="") for name, values in parse_qs(good).items()}
        response = come_back(visitor, page + query.format(**fields))
        assert (response.status_code, "<b>no" in response.text) == (status, False)
        assert not visitor.signed_in()

    def test_the_reason_of_the_provider_is_shown(self, provider: OAuthProvider, visitor: Visitor) -> None:
        page, _, good = provider.callback(visitor, "river").partition("?")
        state = quote(parse_qs(good)["state"][0], safe="")
        answer = self.come_back(visitor, f"{page}?error=access_denied&error_description=Denied+by+me.&state={state}")
        assert (answer.status in {400, 403}, "Denied by me." in answer.message) == (True, True)
