"""What holds for every way to sign in: a module of tests has a fixture `provider` and subclasses of what fits it.

The classes run from top to bottom, and each name has one part in them (see sign_in.USERLIST): so nothing has to be put
back, and the hub is restarted as little as possible.
"""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Page, expect

from support.browser import run_cell, visit, wait_for_lab
from support.people import Visitor, users
from support.servers import running, stop
from support.sign_in import ALLOWED, WITHOUT_BOOK, Provider, ProviderWithAdmins, SignIn
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
        assert "badger" not in users(provider.deployment)

    def test_administrators_and_groups_are_those_of_the_list(self, provider: SignIn) -> None:
        assert provider.session("simon").get("/hub/admin").status_code == 200
        assert provider.session("zoe").get("/hub/admin").status_code == 403
        assert provider.enter("wash") == ALLOWED
        assert users(provider.deployment)["wash"]["groups"] == "drivers pilots"

    def test_names_in_capitals_are_those_of_the_list(self, provider: SignIn) -> None:
        assert provider.enter("USER1") == ALLOWED
        assert users(provider.deployment)["user1"]["groups"] == "zos"
        assert "USER1" not in users(provider.deployment)

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
        running = ("ps", "--quiet", "--filter", f"name=^{container}$")
        wait_for(lambda: not hub.docker(*running).stdout, STOP_SECONDS, "the end of book's server")
        # An administrator who is listed without `admin` is none; groups are those of the list.
        assert sessions["simon"].get("/hub/admin").status_code == 403
        assert not provider.accepts(tokens["simon"], "/users")
        assert provider.session("simon").get("/hub/admin").status_code == 403
        assert {name: users(hub)[name]["groups"] for name in ("simon", "wash")} == {
            "simon": "medics",
            "wash": "drivers",
        }

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
        assert provider.enter("wash", sessions["wash"]) == ALLOWED
        assert sessions["wash"].signed_in()
        assert provider.accepts(tokens["wash"])


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
