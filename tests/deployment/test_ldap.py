"""Signing in with a directory: who gets in, who does not, and what holds while the directory is away."""

import re
import statistics
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from hub.sign_in.ldap_settings import LdapSettings
from support.browser import PASSWORD_FIELD, run_cell, sign_in, wait_for_lab
from support.deployment import PREFIX, REPOSITORY, Deployment
from support.ldap import (
    ALIAS,
    BASE,
    CAPTAINS,
    CREW,
    GUESTS,
    LOOKUP_PASSWORD,
    LOOKUP_USER,
    OTHER_ALIAS,
    PEOPLE,
    ZOS,
    LdapServer,
    bind_names,
    password,
)
from support.people import Visitor, refusal, users
from support.waiting import wait_for

NAMES = [name.upper() for name in LdapSettings.model_fields]
SERVER = {"JUPYTERHUB_AUTHENTICATOR": "ldap", "LDAP_SERVER_HOST": ALIAS}
TEMPLATES = SERVER | {"LDAP_BIND_DN": f"uid={{username}},{PEOPLE};uid={{username}},{GUESTS}"}
MAINFRAME = SERVER | {"LDAP_BIND_DN": f"'uid={{username}},{ZOS}'"}
SEARCH = SERVER | {
    "LDAP_USER_SEARCH_BASE": BASE,
    "LDAP_USER_FILTER": "(objectClass=inetOrgPerson)",
    "LDAP_LOOKUP_USER": LOOKUP_USER,
}
OPEN_SEARCH = SERVER | {"LDAP_USER_SEARCH_BASE": f"ou=open,{BASE}"}
WAYS = pytest.mark.parametrize("way", [TEMPLATES, SEARCH], ids=["templates", "search"])

LISTED = ("admin admin", "zoe", "wash pilots", "badger", "user1")
WRONG = "Invalid username or password"
AWAY = "The directory does not answer"
NOT_HERE = "{} may not use this hub: ask its administrator to add the name to the userlist."
NOT_ANY_MORE = "{} may not use this hub any more."
LET_IN = (302, "")
REFUSED = (403, WRONG)

# Each would get in as somebody, or break the hub, if it were taken for more than a name.
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
SPELLINGS = ["KAYLEE", "".join(chr(ord(letter) + 0xFEE0) for letter in "kaylee"), "kay\u00adlee", "kaylee\u200b"]
AT_ONCE = 16
HEALTH_SECONDS = 0.5
HANGING_SECONDS = 20


@pytest.fixture(scope="module")
def hub(make_deployment: Callable[..., Deployment]) -> Deployment:
    """A deployment that is not yet built, on a network that is there."""
    hub = make_deployment(f"{PREFIX}ldap", **TEMPLATES)
    hub.write("userlist", "".join(f"{line}\n" for line in LISTED))
    return hub


@pytest.fixture(scope="module")
def directory(hub: Deployment) -> LdapServer:
    """The directory beside it; the hub runs and trusts its authority."""
    directory = LdapServer.start(hub)
    hub.write("secrets/ca.crt", directory.ca())
    hub.up()
    return directory


@pytest.fixture
def no_traceback(hub: Deployment) -> Generator[None]:
    """The hub's log has no traceback at the end of the test."""
    yield
    assert "Traceback" not in hub.logs("hub")


def use(hub: Deployment, way: dict[str, str], **more: str) -> None:
    """Sign people in as `way` and `more` say, and in no other way that an earlier test has set."""
    hub.set_env(**(dict.fromkeys(NAMES, "") | way | more))
    secret = f"LDAP_LOOKUP_PASSWORD='{LOOKUP_PASSWORD}'\n" if "LDAP_LOOKUP_USER" in way else ""
    hub.write("secrets/ldap.env", secret)
    hub.compose("up", "--detach", "--wait")


def apply_list(hub: Deployment, *lines: str) -> None:
    """Write the userlist and put it into effect."""
    hub.write("userlist", "".join(f"{line}\n" for line in lines))
    hub.make("build")
    hub.compose("up", "--detach", "--wait")


def answer(hub: Deployment, name: str, secret: str) -> tuple[int, str]:
    """What the form says to a name and a password: the status and the message."""
    response = Visitor(hub.url).post("/hub/login", {"username": name, "password": secret})
    return LET_IN if response.status_code == 302 else (response.status_code, refusal(response))


def enter(hub: Deployment, name: str) -> tuple[int, str]:
    """The answer to somebody's name, in whatever case, with the right password."""
    return answer(hub, name, password(name))


def signed_in(hub: Deployment, name: str) -> Visitor:
    """Somebody who has signed in."""
    visitor = Visitor(hub.url)
    assert visitor.sign_in(name, password(name)) == ""
    return visitor


def is_admin(hub: Deployment, name: str) -> bool:
    return hub.api("GET", f"/users/{quote(name, safe='')}", token=hub.token()).json()["admin"]


def own_token(hub: Deployment, name: str) -> str:
    return hub.make("token", f"USER={name}").stdout.strip()


def restart(hub: Deployment) -> None:
    """Restart the hub and return once it answers: it then asks the directory for everybody who comes back."""
    token = hub.token()
    hub.make("restart")
    wait_for(lambda: hub.api("GET", "/info", token=token).status_code == 200, 60, "the hub")


def health(hub: Deployment) -> str:
    return hub.docker("inspect", "--format", "{{.State.Health.Status}}", hub.project).stdout.strip()


# --- Getting in, over StartTLS with a private authority ---


def test_a_listed_person_signs_in_and_runs_a_cell(hub: Deployment, directory: LdapServer, page: Page) -> None:
    before = directory.log()
    sign_in(page, hub.url, "zoe", password("zoe"))
    wait_for_lab(page)
    assert run_cell(page, "print(6 * 7)") == "42"
    log = directory.log().removeprefix(before)
    assert re.search(rf'TLS established.*BIND dn="uid=zoe,{PEOPLE}" method=128', log, re.DOTALL), log


def test_the_templates_are_tried_one_after_the_other(hub: Deployment, directory: LdapServer) -> None:
    use(hub, TEMPLATES)
    assert enter(hub, "badger") == LET_IN
    assert answer(hub, "badger", password("zoe")) == REFUSED


def test_quotes_around_templates_do_not_matter(hub: Deployment, directory: LdapServer) -> None:
    use(hub, SERVER, LDAP_BIND_DN=f'"uid={{username}},{PEOPLE}"; "uid={{username}},{GUESTS}"')
    assert (enter(hub, "zoe"), enter(hub, "badger")) == (LET_IN, LET_IN)


def test_ldaps(hub: Deployment, directory: LdapServer) -> None:
    before = directory.log()
    use(hub, TEMPLATES, LDAP_TLS="ldaps")
    assert enter(hub, "zoe") == LET_IN
    assert answer(hub, "zoe", "a guess") == REFUSED
    assert "(IP=0.0.0.0:636)" in directory.log().removeprefix(before)


def test_ldaps_by_the_address_that_the_certificate_has(hub: Deployment, directory: LdapServer) -> None:
    use(hub, TEMPLATES, LDAP_TLS="ldaps", LDAP_SERVER_HOST=directory.address)
    assert enter(hub, "zoe") == LET_IN


def test_plain_when_asked_for_by_name(hub: Deployment, directory: LdapServer) -> None:
    before = directory.log()
    use(hub, TEMPLATES, LDAP_TLS="plain")
    assert enter(hub, "zoe") == LET_IN
    assert answer(hub, "zoe", "a guess") == REFUSED
    log = directory.log().removeprefix(before)
    assert f"uid=zoe,{PEOPLE}" in bind_names(log)
    assert "STARTTLS" not in log
    assert "LDAP_TLS=plain" in hub.make("build").stderr


def test_a_search_finds_people_with_odd_names(hub: Deployment, directory: LdapServer, page: Page) -> None:
    use(hub, SEARCH, LDAP_ALLOWED_GROUPS=CREW, LDAP_ADMIN_GROUPS=CAPTAINS)
    answers = {name: enter(hub, name) for name in ("mal", "saffron", "zoe", "badger", "USER1")}
    assert answers == dict.fromkeys(answers, LET_IN)
    assert (is_admin(hub, "mal"), is_admin(hub, "saffron")) == (True, False)
    hub.start_server("mal", token=hub.token())
    sign_in(page, hub.url, "mal", password("mal"))
    wait_for_lab(page)
    assert run_cell(page, "import os; print(os.environ['JUPYTERHUB_USER'])") == "mal"


def test_an_anonymous_search_finds_what_it_may_read(hub: Deployment, directory: LdapServer) -> None:
    use(hub, OPEN_SEARCH, JUPYTERHUB_ALLOW_ALL="true")
    assert enter(hub, "book") == LET_IN
    assert enter(hub, "zoe") == REFUSED


def test_names_of_the_mainframe(hub: Deployment, directory: LdapServer) -> None:
    use(hub, MAINFRAME, JUPYTERHUB_ALLOW_ALL="true")
    answers = {name: answer(hub, name, password("USER1")) for name in ("USER1", "user1", "User1")}
    assert answers == dict.fromkeys(answers, LET_IN)
    assert enter(hub, "A$B#1") == LET_IN
    assert {"user1", "a$b#1"} <= set(users(hub))
    assert "USER1" not in users(hub)


def test_a_name_with_special_characters_has_a_server(hub: Deployment, directory: LdapServer, page: Page) -> None:
    use(hub, MAINFRAME, JUPYTERHUB_ALLOW_ALL="true")
    sign_in(page, hub.url, "A$B#1", password("A$B#1"))
    wait_for_lab(page)
    assert run_cell(page, "import os; print(os.environ['JUPYTERHUB_USER'])") == "a$b#1"


# --- Who may use this hub ---


def test_the_right_password_is_not_enough(hub: Deployment, directory: LdapServer) -> None:
    use(hub, TEMPLATES)
    assert enter(hub, "inara") == (403, NOT_HERE.format("inara"))
    assert answer(hub, "inara", "a guess") == REFUSED
    assert "inara" not in users(hub)


@WAYS
def test_members_of_an_allowed_group(hub: Deployment, directory: LdapServer, way: dict[str, str]) -> None:
    use(hub, way, LDAP_ALLOWED_GROUPS=f"cn=nobody,ou=groups,{BASE};{CREW}")
    member = f"uid=kaylee,{PEOPLE}"
    assert enter(hub, "kaylee") == (403, NOT_HERE.format("kaylee"))
    directory.join(CREW, member)
    assert enter(hub, "kaylee") == LET_IN
    assert not is_admin(hub, "kaylee")
    directory.leave(CREW, member)
    assert enter(hub, "kaylee") == (403, NOT_HERE.format("kaylee"))
    assert enter(hub, "zoe") == LET_IN


@WAYS
def test_members_of_an_admin_group(hub: Deployment, directory: LdapServer, way: dict[str, str]) -> None:
    use(hub, way, LDAP_ADMIN_GROUPS=CAPTAINS)
    member = f"uid=jayne,{PEOPLE}"
    directory.join(CAPTAINS, member)
    assert enter(hub, "jayne") == LET_IN
    token = own_token(hub, "jayne")
    assert is_admin(hub, "jayne")
    assert hub.api("GET", "/users", token=token).status_code == 200
    directory.leave(CAPTAINS, member)
    assert enter(hub, "jayne") == (403, NOT_HERE.format("jayne"))
    restart(hub)  # or five minutes
    assert hub.api("GET", "/users", token=token).status_code in {401, 403}


def test_who_is_listed_stays_when_no_longer_administrator(hub: Deployment, directory: LdapServer) -> None:
    use(hub, TEMPLATES, LDAP_ADMIN_GROUPS=CAPTAINS)
    member = f"uid=zoe,{PEOPLE}"
    assert enter(hub, "zoe") == LET_IN
    assert is_admin(hub, "zoe")
    directory.leave(CAPTAINS, member)
    try:
        assert enter(hub, "zoe") == LET_IN
        assert not is_admin(hub, "zoe")
    finally:
        directory.join(CAPTAINS, member)


def test_the_list_is_the_authority(hub: Deployment, directory: LdapServer) -> None:
    use(hub, TEMPLATES, JUPYTERHUB_ALLOW_ALL="true")
    apply_list(hub, *LISTED, "kaylee admin engineers")
    kaylee = signed_in(hub, "kaylee")
    token = own_token(hub, "kaylee")
    assert is_admin(hub, "kaylee")

    apply_list(hub, *LISTED, "kaylee pilots")
    assert enter(hub, "kaylee") == LET_IN
    assert not is_admin(hub, "kaylee")
    groups = {group["name"]: group["users"] for group in hub.api("GET", "/groups", token=hub.token()).json()}
    assert (sorted(groups["pilots"]), groups["engineers"]) == (["kaylee", "wash"], [])

    apply_list(hub, *LISTED)
    assert not kaylee.signed_in()
    assert hub.api("GET", "/user", token=token).status_code in {401, 403}
    assert enter(hub, "kaylee") == (403, NOT_ANY_MORE.format("kaylee"))
    assert answer(hub, "kaylee", "a guess") == REFUSED
    assert enter(hub, "inara") == LET_IN


@WAYS
def test_who_is_removed_is_so_in_any_spelling(hub: Deployment, directory: LdapServer, way: dict[str, str]) -> None:
    use(hub, way, JUPYTERHUB_ALLOW_ALL="true")
    answers = {spelling: answer(hub, spelling, password("kaylee")) for spelling in SPELLINGS}
    assert [spelling for spelling, given in answers.items() if given == LET_IN] == []


def test_people_added_in_the_console_can_sign_in(hub: Deployment, directory: LdapServer) -> None:
    use(hub, TEMPLATES)
    assert enter(hub, "niska") == (403, NOT_HERE.format("niska"))
    added = hub.api("POST", "/users", token=hub.token(), json={"usernames": ["niska"]})
    assert added.status_code == 201, added.text
    assert enter(hub, "niska") == LET_IN
    restart(hub)
    assert enter(hub, "niska") == LET_IN


# --- Who does not get in ---


@pytest.mark.usefixtures("no_traceback")
@WAYS
def test_names_are_never_more_than_names(hub: Deployment, directory: LdapServer, way: dict[str, str]) -> None:
    use(hub, way, JUPYTERHUB_ALLOW_ALL="true")
    before = set(users(hub))
    answers = {name: answer(hub, name, password("zoe")) for name in NO_NAMES}
    assert answers == dict.fromkeys(NO_NAMES, REFUSED)
    assert set(users(hub)) == before


@pytest.mark.usefixtures("no_traceback")
@WAYS
def test_an_empty_password_is_no_anonymous_sign_in(hub: Deployment, directory: LdapServer, way: dict[str, str]) -> None:
    use(hub, way, JUPYTERHUB_ALLOW_ALL="true")
    before = directory.log()
    fields = {"username": "zoe"}
    forms = [fields, fields | {"password": ""}, {"username": "", "password": ""}, {}]
    answers = [Visitor(hub.url).post("/hub/login", form) for form in forms]
    assert [(response.status_code, refusal(response)) for response in answers] == [REFUSED] * len(forms)
    assert [name for name in bind_names(directory.log().removeprefix(before)) if "zoe" in name] == []
    assert {secret: answer(hub, "zoe", secret) for secret in (" ", "\x00", "\t")} == dict.fromkeys(
        (" ", "\x00", "\t"), REFUSED
    )


@pytest.mark.usefixtures("no_traceback")
@WAYS
def test_a_wrong_password_or_name_is_refused(hub: Deployment, directory: LdapServer, way: dict[str, str]) -> None:
    use(hub, way)
    assert answer(hub, "zoe", "a guess") == REFUSED
    assert answer(hub, "zoe", password("wash")) == REFUSED
    assert answer(hub, "zoe", "x" * 10_000) == REFUSED
    assert answer(hub, "nobody-at-all", password("zoe")) == REFUSED
    assert enter(hub, "zoe") == LET_IN


def test_a_refusal_in_the_browser_shows_the_form_again(hub: Deployment, directory: LdapServer, page: Page) -> None:
    use(hub, TEMPLATES)
    with pytest.raises(AssertionError, match=WRONG):
        sign_in(page, hub.url, "zoe", "a guess")
    expect(page.locator(PASSWORD_FIELD)).to_be_visible()


# --- While the directory is away ---


@WAYS
def test_a_killed_directory_throws_nobody_out(hub: Deployment, directory: LdapServer, way: dict[str, str]) -> None:
    use(hub, way)
    zoe = signed_in(hub, "zoe")
    token = own_token(hub, "zoe")
    with directory.killed():
        status, message = enter(hub, "wash")
        assert (status, AWAY in message) == (503, True), message
        assert zoe.signed_in()
        restart(hub)
        assert zoe.signed_in()
        hub.api("DELETE", "/users/zoe/server", token=token)
        wait_for(lambda: not hub.server_ready("zoe", token=token), 60, "the end of the server")
        hub.start_server("zoe", token=token)
        assert health(hub) == "healthy"
    assert enter(hub, "wash") == LET_IN
    assert zoe.signed_in()


def test_the_form_says_that_the_directory_is_away(hub: Deployment, directory: LdapServer, page: Page) -> None:
    use(hub, TEMPLATES)
    with directory.killed(), pytest.raises(AssertionError, match=AWAY):
        sign_in(page, hub.url, "wash", password("wash"))
    sign_in(page, hub.url, "wash", password("wash"))


@WAYS
def test_a_hanging_directory_holds_up_nobody_else(hub: Deployment, directory: LdapServer, way: dict[str, str]) -> None:
    use(hub, way)
    zoe = signed_in(hub, "zoe")

    def try_to_enter(_: int) -> tuple[float, int, str]:
        started = time.monotonic()
        status, message = enter(hub, "wash")
        return time.monotonic() - started, status, message

    seconds = []
    with directory.paused(), ThreadPoolExecutor(AT_ONCE) as pool:
        attempts = [pool.submit(try_to_enter, number) for number in range(AT_ONCE)]
        while not all(attempt.done() for attempt in attempts):
            for path in ("/hub/health", "/hub/home"):
                started = time.monotonic()
                assert zoe.get(path).status_code == 200
                seconds.append(time.monotonic() - started)
    results = [attempt.result() for attempt in attempts]
    assert [(status, AWAY in message) for _, status, message in results] == [(503, True)] * AT_ONCE
    assert max(duration for duration, _, _ in results) < HANGING_SECONDS
    assert statistics.quantiles(seconds, n=20)[-1] < HEALTH_SECONDS, f"95 % of {len(seconds)} answers"
    assert enter(hub, "wash") == LET_IN


@pytest.mark.parametrize("tls", ["starttls", "ldaps", "plain"])
def test_a_hanging_directory_throws_nobody_out(hub: Deployment, directory: LdapServer, tls: str) -> None:
    use(hub, SEARCH, LDAP_TLS=tls)
    zoe = signed_in(hub, "zoe")
    with directory.paused():
        restart(hub)
        assert zoe.signed_in()
    assert zoe.signed_in()


@pytest.mark.parametrize(
    ("port", "cause"),
    [("3890", "Connection refused"), ("636", "session terminated by server")],
    ids=["nobody listens", "another protocol"],
)
def test_the_log_has_the_cause(hub: Deployment, directory: LdapServer, port: str, cause: str) -> None:
    use(hub, TEMPLATES, LDAP_SERVER_PORT=port)
    status, message = enter(hub, "zoe")
    assert (status, AWAY in message) == (503, True)
    assert cause in hub.logs("hub")


@pytest.mark.parametrize(
    "broken",
    [SEARCH | {"LDAP_USER_SEARCH_BASE": f"ou=nowhere,{BASE}"}, SERVER | {"LDAP_USER_SEARCH_BASE": PEOPLE}],
    ids=["no such place", "not for the anonymous"],
)
def test_a_search_that_fails_says_nothing_about_people(
    hub: Deployment, directory: LdapServer, broken: dict[str, str]
) -> None:
    use(hub, SEARCH)
    zoe = signed_in(hub, "zoe")
    use(hub, broken)
    status, message = enter(hub, "wash")
    assert (status, AWAY in message) == (503, True)
    assert "noSuchObject" in hub.logs("hub")
    assert zoe.signed_in()


def test_a_service_account_that_is_refused_is_named_in_the_log(hub: Deployment, directory: LdapServer) -> None:
    use(hub, SEARCH)
    zoe = signed_in(hub, "zoe")
    hub.write("secrets/ldap.env", "LDAP_LOOKUP_PASSWORD=outdated\n")
    hub.compose("up", "--detach", "--wait")
    status, message = enter(hub, "wash")
    assert (status, AWAY in message) == (503, True)
    assert "LDAP_LOOKUP_USER" in hub.logs("hub")
    assert "outdated" not in hub.logs("hub")
    assert zoe.signed_in()


def test_who_is_gone_from_the_directory_is_out(hub: Deployment, directory: LdapServer) -> None:
    apply_list(hub, *LISTED, "river")
    use(hub, SEARCH)
    zoe, river = signed_in(hub, "zoe"), signed_in(hub, "river")
    token = own_token(hub, "river")
    restart(hub)
    assert (zoe.signed_in(), river.signed_in()) == (True, True)
    directory.remove("river")
    try:
        restart(hub)
        assert (zoe.signed_in(), river.signed_in()) == (True, False)
        assert hub.api("GET", "/user", token=token).status_code in {401, 403}
        assert enter(hub, "river") == REFUSED
    finally:
        directory.add("river")
    assert enter(hub, "river") == LET_IN


def test_who_leaves_the_allowed_group_is_out(hub: Deployment, directory: LdapServer) -> None:
    use(hub, SEARCH, LDAP_ALLOWED_GROUPS=CREW)
    member = f"uid=inara,{PEOPLE}"
    directory.join(CREW, member)
    inara, zoe = signed_in(hub, "inara"), signed_in(hub, "zoe")
    restart(hub)
    assert inara.signed_in()
    directory.leave(CREW, member)
    restart(hub)
    assert (inara.signed_in(), zoe.signed_in()) == (False, True)


# --- Certificates ---


@pytest.mark.parametrize("tls", ["starttls", "ldaps"])
def test_a_certificate_for_another_name_is_refused(hub: Deployment, directory: LdapServer, tls: str) -> None:
    before = directory.log()
    use(hub, TEMPLATES, LDAP_SERVER_HOST=OTHER_ALIAS, LDAP_TLS=tls)
    status, message = enter(hub, "zoe")
    assert (status, AWAY in message) == (503, True)
    assert "certificate" in hub.logs("hub")
    assert OTHER_ALIAS in hub.logs("hub")
    assert bind_names(directory.log().removeprefix(before)) == []


@pytest.fixture
def no_authority(hub: Deployment, directory: LdapServer) -> Generator[None]:
    """The hub does not know the directory's authority."""
    (hub.root / "secrets/ca.crt").unlink()
    hub.make("build")
    yield
    hub.write("secrets/ca.crt", directory.ca())
    hub.make("build")


@pytest.mark.usefixtures("no_authority")
def test_a_certificate_of_an_unknown_authority_is_refused(hub: Deployment, directory: LdapServer) -> None:
    before = directory.log()
    for tls in ("starttls", "ldaps"):
        use(hub, TEMPLATES, LDAP_TLS=tls)
        status, message = enter(hub, "zoe")
        assert (status, AWAY in message) == (503, True)
        log = hub.logs("hub")
        assert "certificate verify failed" in log
        assert "secrets/ca.crt" in log
    assert bind_names(directory.log().removeprefix(before)) == []


# --- Settings ---


@pytest.mark.parametrize(
    ("bad", "texts"),
    [
        ({"LDAP_SERVER_HOST": "localhost"}, ["LDAP_SERVER_HOST", "'localhost'", "container", "host.docker.internal"]),
        ({"LDAP_SERVER_HOST": "127.0.0.1"}, ["LDAP_SERVER_HOST", "'127.0.0.1'", "container", "host.docker.internal"]),
        ({"LDAP_SERVER_HOST": ""}, ["LDAP_SERVER_HOST is missing", ".env"]),
        ({"LDAP_BIND_DN": f"uid=username,{PEOPLE}"}, ["LDAP_BIND_DN", "{username}"]),
        ({"LDAP_BIND_DN": f"uid={{username}},{PEOPLE};{GUESTS}"}, ["LDAP_BIND_DN", "each", "{username}"]),
        ({"LDAP_USER_SEARCH_BASE": BASE}, ["LDAP_BIND_DN and LDAP_USER_SEARCH_BASE", "exclude each other"]),
        ({"LDAP_BIND_DN": ""}, ["LDAP_BIND_DN is missing", "LDAP_USER_SEARCH_BASE"]),
        ({"LDAP_LOOKUP_USER": LOOKUP_USER}, ["LDAP_LOOKUP_PASSWORD", "secrets/ldap.env"]),
        ({"LDAP_TLS": "none"}, ["LDAP_TLS", "'none'", "starttls, ldaps or plain"]),
        ({"LDAP_SERVER_PORT": "ldap"}, ["LDAP_SERVER_PORT", "'ldap'", "65535"]),
    ],
    ids=lambda value: "-".join(f"{name}={text}" for name, text in value.items()) if isinstance(value, dict) else "",
)
def test_bad_settings_are_refused_by_name(
    hub: Deployment, directory: LdapServer, bad: dict[str, str], texts: list[str]
) -> None:
    use(hub, TEMPLATES)
    result = hub.make("build", env=bad, check=False)
    assert result.returncode != 0
    assert [text for text in texts if text not in result.stderr] == []
    assert "1 setting cannot be used" in result.stderr
    assert enter(hub, "zoe") == LET_IN


def test_only_what_a_directory_needs_is_asked_for(make_deployment: Callable[..., Deployment]) -> None:
    clone = make_deployment(f"{PREFIX}ldapclone", JUPYTERHUB_AUTHENTICATOR="ldap")
    result = clone.make("build", check=False)
    assert result.returncode != 0
    assert "LDAP_SERVER_HOST is missing" in result.stderr
    assert "OAUTH" not in result.stderr
    clone.set_env(**TEMPLATES)
    clone.make("build")
    assert not (clone.root / "secrets/oauth.env").exists() or not (clone.root / "secrets/oauth.env").read_text()


def test_a_password_in_env_is_warned_about(hub: Deployment, directory: LdapServer) -> None:
    use(hub, SEARCH)
    path = hub.root / ".env"
    kept = path.read_text()
    path.write_text(f"{kept}\nLDAP_LOOKUP_PASSWORD='{LOOKUP_PASSWORD}'\n")
    try:
        warnings = [line for line in hub.make("build").stderr.splitlines() if "is a secret" in line]
    finally:
        path.write_text(kept)
    assert ["LDAP_LOOKUP_PASSWORD" in line and "secrets/ldap.env" in line for line in warnings] == [True]
    assert LOOKUP_PASSWORD not in "".join(warnings)


# --- examples/ldap/README.md ---

PAGE = (REPOSITORY / "examples/ldap/README.md").read_text()


def test_the_checks_of_the_readme_work(hub: Deployment, directory: LdapServer) -> None:
    use(hub, TEMPLATES)
    from_hub, from_anywhere = re.findall(r"^\$ (.*)$", PAGE.replace("ldap.example.org", ALIAS), re.MULTILINE)
    checked = hub.run("sh", "-c", f"{from_hub.replace('docker exec jupyterhub', f'docker exec {hub.project}')}")
    assert "Verification: OK" in checked.stdout + checked.stderr
    command = from_anywhere.replace("secrets/ca.crt", "/ca/ca.crt").replace("-W", f"-w '{password('zoe')}'")
    assert directory.run("sh", "-c", command) == f"dn:uid=zoe,{PEOPLE}\n"
