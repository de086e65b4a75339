"""Signing in with a directory: by templates of distinguished names, and by a search."""

import re
import statistics
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Page, expect

from hub.sign_in.ldap_settings import LdapSettings
from support import sign_in_contract
from support.browser import PASSWORD_FIELD, run_cell, sign_in, wait_for_lab
from support.deployment import PREFIX, REPOSITORY, Deployment
from support.ldap import (
    ALIAS,
    BASE,
    CAPTAINS,
    CREW,
    ENGINEERS,
    GUESTS,
    LOOKUP_USER,
    OFFICERS,
    OTHER_ALIAS,
    PEOPLE,
    ZOS,
    LdapServer,
    bind_names,
)
from support.people import Visitor
from support.sign_in import ALLOWED, Answer

GROUPS = {"LDAP_ALLOWED_GROUPS": f"cn=nobody,ou=groups,{BASE};{ENGINEERS}", "LDAP_ADMIN_GROUPS": OFFICERS}
SERVER = dict.fromkeys((name.upper() for name in LdapSettings.model_fields), "") | {"LDAP_SERVER_HOST": ALIAS}
# Quotes around templates do not matter.
TEMPLATES = {"LDAP_BIND_DN": f'"uid={{username}},{PEOPLE}"; "uid={{username}},{GUESTS}"; "uid={{username}},{ZOS}"'}
SEARCH = {
    "LDAP_USER_SEARCH_BASE": BASE,
    "LDAP_USER_FILTER": "(objectClass=inetOrgPerson)",
    "LDAP_LOOKUP_USER": LOOKUP_USER,
}
WAYS = {"templates": SERVER | TEMPLATES | GROUPS, "search": SERVER | SEARCH | GROUPS}
by_templates, by_search = (pytest.mark.parametrize("provider", [way], indirect=True, scope="module") for way in WAYS)
REFUSED = 403

# Each would get in as another user, or break the hub, if it were taken for more than a name.
NO_NAMES = [
    "*",
    "z*",
    ")(uid=*)",
    "zoe)(|(uid=*",
    "*)(uid=zoe))(|(uid=*",
    "zoe)(objectClass=*",
    "\\7aoe",
    "\\",
    "zoe\\",
    "zo\x00e",
    "\x00",
    "zoe,",
    f"zoe,{PEOPLE}",
    f"uid=zoe,{PEOPLE}",
    "zoe+cn=Zoe",
    'zoe"',
    "<zoe>",
    "{username}",
    "{0}",
    "%s",
    "zoe\nwash",
    "nobody-at-all",
    "ж" * 100,
    "x" * 10_000,
    "",
]
# Directories take some letters for the same, or for none: capitals, full width, a soft hyphen, blanks of no width.
SPELLINGS = ["BOOK", "".join(chr(ord(letter) + 0xFEE0) for letter in "book"), "bo\u00adok", "book\u200b"]
AT_ONCE = 16
HEALTH_SECONDS = 0.5
HANGING_SECONDS = 20


@pytest.fixture(scope="module")
def directory(make_deployment: Callable[..., Deployment]) -> LdapServer:
    """The directory; the hub beside it runs and trusts its authority."""
    hub = make_deployment(f"{PREFIX}ldap")
    directory = LdapServer.start(hub)
    hub.write("secrets/ca.crt", directory.ca())
    directory.start_hub(**WAYS["templates"])
    return directory


@pytest.fixture(scope="module", params=WAYS)
def provider(directory: LdapServer, request: pytest.FixtureRequest) -> LdapServer:
    """The directory, and a hub that finds users in one of two ways."""
    directory.plain = directory.plain | WAYS[request.param]
    return directory


@by_templates
class TestList(sign_in_contract.ListContract): ...


class TestGroups(sign_in_contract.GroupContract): ...


class TestAdminGroup(sign_in_contract.AdminGroupContract): ...


class TestOutages(sign_in_contract.OutageContract):
    def test_a_hanging_directory_holds_up_no_other_user(self, provider: LdapServer) -> None:
        provider.use()
        zoe = provider.session("zoe")

        def try_to_enter(_: int) -> tuple[int, float]:
            started = time.monotonic()
            return provider.enter("wash").status, time.monotonic() - started

        seconds = []
        with provider.paused(), ThreadPoolExecutor(AT_ONCE) as pool:
            attempts = [pool.submit(try_to_enter, number) for number in range(AT_ONCE)]
            while not all(attempt.done() for attempt in attempts):
                for path in ("/hub/health", "/hub/home"):
                    started = time.monotonic()
                    assert zoe.get(path).status_code == 200
                    seconds.append(time.monotonic() - started)
        results = [attempt.result() for attempt in attempts]
        assert {status for status, _ in results} == {503}
        assert max(duration for _, duration in results) < HANGING_SECONDS
        assert statistics.quantiles(seconds, n=20)[-1] < HEALTH_SECONDS, f"95 % of {len(seconds)} answers"
        assert provider.enter("wash") == ALLOWED

    @by_templates
    def test_the_form_says_that_the_directory_is_unavailable(self, provider: LdapServer, page: Page) -> None:
        provider.use()
        with provider.away(), pytest.raises(AssertionError, match="directory"):
            provider.open_lab(page, "wash")
        expect(page.locator(PASSWORD_FIELD)).to_be_visible()
        provider.open_lab(page, "wash")


# --- The form ---


@pytest.mark.usefixtures("no_traceback")
class TestForm:
    """What the form takes for a name and a password, with every account allowed."""

    @pytest.fixture(autouse=True)
    def open_door(self, provider: LdapServer) -> None:
        """The userlist holds nothing back."""
        provider.use(JUPYTERHUB_ALLOW_ALL="true")

    def test_names_are_never_more_than_names(self, provider: LdapServer) -> None:
        before = provider.users().keys()
        answers = {name: provider.answer(name, provider.password("zoe")) for name in NO_NAMES}
        assert {name: answer for name, answer in answers.items() if answer.status != REFUSED} == {}
        assert len({answer.message for answer in answers.values()}) == 1
        assert provider.users().keys() == before

    def test_a_removed_name_is_refused_in_any_spelling(self, provider: LdapServer) -> None:
        answers = {spelling: provider.answer(spelling, provider.password("book")) for spelling in SPELLINGS}
        assert {spelling: answer for spelling, answer in answers.items() if answer.status != REFUSED} == {}

    def test_an_empty_password_is_no_anonymous_sign_in(self, provider: LdapServer) -> None:
        before = provider.log()
        forms = [{"username": "zoe"}, {"username": "zoe", "password": ""}, {"username": "", "password": ""}, {}]
        for form in forms:
            assert Answer.of(Visitor(provider.deployment.url).post("/hub/login", form)).status == REFUSED
        assert [name for name in bind_names(provider.log().removeprefix(before)) if "zoe" in name] == []
        assert [provider.answer("zoe", secret).status for secret in (" ", "\x00", "\t")] == [REFUSED] * 3

    def test_a_wrong_password_and_an_unknown_name_have_the_same_answer(self, provider: LdapServer) -> None:
        guesses = ("a guess", provider.password("wash"), "x" * 10_000)
        answers = {provider.answer("zoe", guess) for guess in guesses}
        answers |= {provider.answer("nobody-at-all", provider.password("zoe")), provider.answer("badger", "a guess")}
        (answer,) = answers
        assert answer.status == REFUSED
        assert provider.enter("zoe") == ALLOWED

    @by_templates
    def test_a_refusal_in_the_browser_shows_the_form_again(self, provider: LdapServer, page: Page) -> None:
        with pytest.raises(AssertionError, match="password"):
            sign_in(page, provider.deployment.url, "zoe", "a guess")
        expect(page.locator(PASSWORD_FIELD)).to_be_visible()

    @by_templates
    def test_names_of_the_mainframe(self, provider: LdapServer, hub: Deployment, page: Page) -> None:
        for name in ("USER1", "user1", "User1"):
            assert provider.answer(name, provider.password("USER1")) == ALLOWED
        sign_in(page, hub.url, "A$B#1", provider.password("A$B#1"))
        wait_for_lab(page)
        assert run_cell(page, "import os; print(os.environ['JUPYTERHUB_USER'])") == "a$b#1"
        assert {"user1", "a$b#1"} <= provider.users().keys()


# --- By templates ---


@by_templates
def test_the_templates_are_tried_one_after_the_other(provider: LdapServer) -> None:
    provider.use()
    before = provider.log()
    assert provider.enter("simon") == ALLOWED  # of the second one
    assert provider.answer("simon", provider.password("zoe")).status == REFUSED
    assert provider.enter("zoe") == ALLOWED
    log = provider.log().removeprefix(before)
    assert re.search(rf'TLS established.*BIND dn="uid=zoe,{PEOPLE}" method=128', log, re.DOTALL), log


@by_templates
def test_ldaps_by_the_address_that_the_certificate_has(provider: LdapServer) -> None:
    provider.use(LDAP_TLS="ldaps", LDAP_SERVER_HOST=provider.address)
    assert provider.enter("zoe") == ALLOWED


@by_templates
@pytest.mark.parametrize(
    ("port", "cause"),
    [("3890", "Connection refused"), ("636", "session terminated by server")],
    ids=["no server", "another protocol"],
)
def test_the_log_has_the_cause(provider: LdapServer, hub: Deployment, port: str, cause: str) -> None:
    provider.use(LDAP_SERVER_PORT=port)
    assert provider.enter("zoe").status == 503
    assert cause in hub.logs("hub")


@by_templates
@pytest.mark.parametrize("tls", ["starttls", "ldaps"])
def test_a_certificate_for_another_name_is_refused(provider: LdapServer, hub: Deployment, tls: str) -> None:
    before = provider.log()
    provider.use(LDAP_SERVER_HOST=OTHER_ALIAS, LDAP_TLS=tls)
    assert provider.enter("zoe").status == 503
    assert "certificate" in hub.logs("hub")
    assert OTHER_ALIAS in hub.logs("hub")
    assert bind_names(provider.log().removeprefix(before)) == []


@pytest.fixture
def no_authority(hub: Deployment, provider: LdapServer) -> Generator[None]:
    """The hub does not know the directory's authority."""
    (hub.root / "secrets/ca.crt").unlink()
    hub.make("build")
    yield
    hub.write("secrets/ca.crt", provider.ca())
    hub.make("build")


@by_templates
@pytest.mark.usefixtures("no_authority")
def test_a_certificate_of_an_unknown_authority_is_refused(provider: LdapServer, hub: Deployment) -> None:
    before = provider.log()
    for tls in ("starttls", "ldaps"):
        provider.use(LDAP_TLS=tls)
        assert provider.enter("zoe").status == 503
        assert "certificate verify failed" in hub.logs("hub")
        assert "secrets/ca.crt" in hub.logs("hub")
    assert bind_names(provider.log().removeprefix(before)) == []


# --- By a search ---


@by_search
def test_ldaps(provider: LdapServer) -> None:
    before = provider.log()
    provider.use(LDAP_TLS="ldaps")
    zoe = provider.session("zoe")
    assert provider.answer("zoe", "a guess").status == REFUSED
    assert "(IP=0.0.0.0:636)" in provider.log().removeprefix(before)
    assert_sessions_go_on(provider, zoe)


@by_search
def test_plain_when_asked_for_by_name(provider: LdapServer, hub: Deployment) -> None:
    before = provider.log()
    provider.use(LDAP_TLS="plain")
    zoe = provider.session("zoe")
    assert provider.answer("zoe", "a guess").status == REFUSED
    log = provider.log().removeprefix(before)
    assert f"uid=zoe,{PEOPLE}" in bind_names(log)
    assert "STARTTLS" not in log
    assert "LDAP_TLS=plain" in hub.make("build").stderr
    assert_sessions_go_on(provider, zoe)


def assert_sessions_go_on(provider: LdapServer, visitor: Visitor) -> None:
    """Who is signed in stays so while the directory hangs, and afterwards."""
    with provider.paused():
        provider.restart()
        assert visitor.signed_in()
    assert visitor.signed_in()


@by_search
def test_a_search_finds_users_with_odd_names(provider: LdapServer, hub: Deployment, page: Page) -> None:
    provider.use(LDAP_ALLOWED_GROUPS=CREW, LDAP_ADMIN_GROUPS=CAPTAINS)
    answers = {name: provider.enter(name) for name in ("mal", "saffron", "zoe", "badger", "USER1")}
    assert answers == dict.fromkeys(answers, ALLOWED)
    assert (provider.is_admin("mal"), provider.is_admin("saffron")) == (True, False)
    provider.open_lab(page, "mal")
    wait_for_lab(page)
    assert run_cell(page, "import os; print(os.environ['JUPYTERHUB_USER'])") == "mal"


@by_search
def test_an_anonymous_search_finds_what_it_may_read(provider: LdapServer) -> None:
    provider.use(
        LDAP_USER_SEARCH_BASE=f"ou=open,{BASE}", LDAP_USER_FILTER="", LDAP_LOOKUP_USER="", JUPYTERHUB_ALLOW_ALL="true"
    )
    assert provider.enter("patience") == ALLOWED
    assert provider.enter("zoe").status == REFUSED


@by_search
def test_a_name_that_the_directory_no_longer_has_is_refused(provider: LdapServer) -> None:
    provider.use()
    provider.disable("river")
    try:
        assert provider.enter("river").status == REFUSED
    finally:
        provider.enable("river")
    assert provider.enter("river") == ALLOWED


@by_search
@pytest.mark.parametrize(
    "broken",
    [
        {"LDAP_USER_SEARCH_BASE": f"ou=nowhere,{BASE}"},
        {"LDAP_USER_SEARCH_BASE": PEOPLE, "LDAP_USER_FILTER": "", "LDAP_LOOKUP_USER": ""},
    ],
    ids=["no such place", "not for the anonymous"],
)
def test_a_search_that_fails_says_nothing_about_users(
    provider: LdapServer, hub: Deployment, broken: dict[str, str]
) -> None:
    provider.use()
    zoe = provider.session("zoe")
    provider.use(**broken)
    assert provider.enter("wash").status == 503
    assert "noSuchObject" in hub.logs("hub")
    assert zoe.signed_in()


@by_search
def test_a_service_account_that_is_refused_is_named_in_the_log(provider: LdapServer, hub: Deployment) -> None:
    provider.use()
    zoe = provider.session("zoe")
    hub.write("secrets/ldap.env", "LDAP_LOOKUP_PASSWORD=outdated\n")
    hub.compose("up", "--detach", "--wait")
    try:
        assert provider.enter("wash").status == 503
        assert "LDAP_LOOKUP_USER" in hub.logs("hub")
        assert "outdated" not in hub.logs("hub")
        assert zoe.signed_in()
    finally:
        provider.use(LDAP_TLS="ldaps")  # with the right password


# --- Settings ---


@by_templates
@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (
            {"LDAP_SERVER_HOST": "localhost", "LDAP_TLS": "none"},
            ["LDAP_SERVER_HOST", "LDAP_TLS", "host.docker.internal"],
        ),
        ({"LDAP_SERVER_HOST": "127.0.0.1", "LDAP_SERVER_PORT": "ldap"}, ["LDAP_SERVER_HOST", "LDAP_SERVER_PORT"]),
        ({"LDAP_SERVER_HOST": "", "LDAP_BIND_DN": f"uid=username,{PEOPLE}"}, ["LDAP_SERVER_HOST", "LDAP_BIND_DN"]),
        ({"LDAP_BIND_DN": f"uid={{username}},{PEOPLE};{GUESTS}"}, ["LDAP_BIND_DN"]),
        ({"LDAP_USER_SEARCH_BASE": BASE}, ["LDAP_BIND_DN", "LDAP_USER_SEARCH_BASE"]),
        ({"LDAP_BIND_DN": ""}, ["LDAP_BIND_DN", "LDAP_USER_SEARCH_BASE"]),
        ({"LDAP_LOOKUP_USER": LOOKUP_USER}, ["LDAP_LOOKUP_PASSWORD", "secrets/ldap.env"]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_bad_settings_are_refused_by_name_and_no_others_asked_for(
    provider: LdapServer, hub: Deployment, bad: dict[str, str], words: list[str]
) -> None:
    provider.use()
    output = provider.refusal(**bad)
    assert [word for word in words if word not in output] == []
    assert "OAUTH" not in output
    assert not (hub.root / "secrets/oauth.env").exists()
    assert provider.enter("zoe") == ALLOWED


@by_search
def test_a_password_in_env_is_warned_about(provider: LdapServer) -> None:
    provider.use()
    (secret,) = provider.secrets
    assert "secrets/ldap.env" in provider.warning("LDAP_LOOKUP_PASSWORD", f"LDAP_LOOKUP_PASSWORD='{secret}'")


# --- examples/ldap/README.md ---

PAGE = (REPOSITORY / "examples/ldap/README.md").read_text()


@by_templates
def test_the_checks_of_the_readme_work(provider: LdapServer, hub: Deployment) -> None:
    provider.use()
    from_hub, from_anywhere = re.findall(r"^\$ (.*)$", PAGE.replace("ldap.example.org", ALIAS), re.MULTILINE)
    checked = hub.run("sh", "-c", f"{from_hub.replace('docker exec jupyterhub', f'docker exec {hub.project}')}")
    assert "Verification: OK" in checked.stdout + checked.stderr
    command = from_anywhere.replace("secrets/ca.crt", "/ca/ca.crt").replace("-W", f"-w '{provider.password('zoe')}'")
    assert provider.run("sh", "-c", command) == f"dn:uid=zoe,{PEOPLE}\n"
