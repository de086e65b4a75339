"""Signing in with GitHub, and with GitLab as the second of one table: who gets in, who does not, and what goes on."""

import re
from collections.abc import Callable, Generator
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests
from playwright.sync_api import Page, expect

from hub.sign_in.settings import AUTHENTICATORS
from support.browser import run_cell, visit, wait_for_lab
from support.deployment import PREFIX, Deployment
from support.github import GitHub, open_callback, sign_in_with_browser
from support.people import Visitor, users
from support.waiting import wait_for

NAMES = sorted({name.upper() for name in ("github", "gitlab") for name in AUTHENTICATORS[name].model_fields})
LISTED = ("zoe-w", "wash pilots", "simon", "river", "admin")
LOGINS = ("Zoe-W", "wash", "simon", "river", "admin", "kaylee", "inara", "badger", "saffron", "book", "mal", "jayne")
CLIENT_ID = "Ov23li-hub"
CLIENT_SECRET = "a $ecret #1 of the hub"
OAUTH_FILE = "secrets/oauth.env"
ORGANIZATIONS = {"GITHUB_ALLOWED_ORGANIZATIONS": "Serenity; Persephone:guests"}

NOT_HERE = "{} may not use this hub: ask its administrator to add the name to the userlist."
NOT_ANY_MORE = "{} may not use this hub any more."
NOT_ACCEPTED = "GitHub did not accept this sign-in"
AWAY = "GitHub does not answer"
LET_IN = (302, "")


def password(login: str) -> str:
    """The password of an account at GitHub."""
    return f"{login.lower()} at GitHub"


def lines(deployment: Deployment, prefix: str = "GITHUB", secret: str = CLIENT_SECRET) -> str:
    """What belongs into OAUTH_FILE; single quotes keep Compose from reading `$` and `#`."""
    client = f"{prefix}_CLIENT_ID={CLIENT_ID}\n{prefix}_CLIENT_SECRET='{secret}'\n"
    return f"{client}OAUTH_CALLBACK_URL={deployment.url}/hub/oauth_callback\n"


@pytest.fixture(scope="module")
def hub(make_deployment: Callable[..., Deployment]) -> Deployment:
    """A deployment that is not yet built."""
    hub = make_deployment(f"{PREFIX}github", JUPYTERHUB_AUTHENTICATOR="github")
    write_list(hub, *LISTED)
    return hub


@pytest.fixture(scope="module")
def github(hub: Deployment) -> GitHub:
    """GitHub beside it; the hub runs and trusts its authority."""
    github = GitHub.start(hub)
    github.register(CLIENT_ID, CLIENT_SECRET, f"{hub.url}/hub/oauth_callback", scopes=("read_user", "read_api"))
    for login in LOGINS:
        github.add(login, password(login))
    hub.set_env(GITHUB_URL=github.url)
    hub.write("secrets/ca.crt", github.ca())
    hub.write(OAUTH_FILE, lines(hub))
    hub.up()
    return github


@pytest.fixture
def use(hub: Deployment, github: GitHub) -> Generator[Callable[..., None]]:
    """`use(**settings)`: for one test, people sign in as the settings say, and in no other way."""
    plain = {"JUPYTERHUB_AUTHENTICATOR": "github", "GITHUB_URL": github.url}

    def change(**settings: str) -> None:
        hub.set_env(**(dict.fromkeys(NAMES, "") | plain | settings))
        hub.compose("up", "--detach", "--wait")

    yield change
    hub.write(OAUTH_FILE, lines(hub))
    change()


@pytest.fixture
def no_traceback(hub: Deployment) -> Generator[None]:
    """The hub's log has no traceback from the test."""
    before = hub.logs("hub")
    yield
    assert "Traceback" not in hub.logs("hub").removeprefix(before)


@pytest.fixture
def changing_list(hub: Deployment) -> Generator[Callable[..., None]]:
    """`changing_list(*lines)` puts another userlist into effect; afterwards, it is LISTED again."""
    yield lambda *members: apply_list(hub, *members)
    apply_list(hub, *LISTED)


def write_list(hub: Deployment, *members: str) -> None:
    hub.write("userlist", "".join(f"{member}\n" for member in members))


def apply_list(hub: Deployment, *members: str) -> None:
    """Write the userlist and put it into effect."""
    write_list(hub, *members)
    hub.make("build")
    hub.compose("up", "--detach", "--wait")


def restart(hub: Deployment) -> None:
    """`make restart`: the provider is asked again about everybody at their next request."""
    hub.make("restart")
    wait_for(lambda: Visitor(hub.url).get("/hub/login").status_code == 200, 60, "the hub")


def outcome(response: requests.Response) -> tuple[int, str]:
    """The status of what the hub answers to a browser that comes back; and the message, on a page of the hub."""
    if response.status_code == 302:
        return 302, ""
    found = re.search(r'<div class="error">.*?<p>(.*?)</p>', response.text, re.DOTALL)
    assert found, f"no page with a message: {response.status_code}: {response.text}"
    return response.status_code, found[1]


def enter(hub: Deployment, github: GitHub, login: str, visitor: Visitor | None = None) -> tuple[int, str]:
    """Sign in without a browser; returns the outcome."""
    return outcome(github.sign_in(visitor or Visitor(hub.url), login, password(login)))


def session(hub: Deployment, github: GitHub, login: str) -> Visitor:
    """Somebody who is signed in."""
    visitor = Visitor(hub.url)
    assert enter(hub, github, login, visitor) == LET_IN
    assert visitor.signed_in()
    return visitor


def own_token(hub: Deployment, name: str) -> str:
    return hub.make("token", f"USER={name}").stdout.strip()


def works(hub: Deployment, token: str) -> bool:
    """Whether an API token is good; the answer is yes or a refusal."""
    status = hub.api("GET", "/user", token=token).status_code
    assert status in {200, 401, 403}
    return status == 200


# --- Who gets in ---


def test_the_button_leads_over_github_to_a_lab_and_logout_ends_it(hub: Deployment, github: GitHub, page: Page) -> None:
    sign_in_with_browser(page, hub.url, "Zoe-W", password("Zoe-W"))
    wait_for_lab(page)
    assert run_cell(page, "import os\nprint(os.environ['JUPYTERHUB_USER'])") == "zoe-w"
    assert github.authorize_requests()[-1]["code_challenge_method"] == "S256"
    assert github.scopes("Zoe-W") == []

    visit(page, f"{hub.url}/hub/home")
    page.click("#logout")
    page.wait_for_load_state("load")
    visit(page, f"{hub.url}/hub/home")
    expect(page.get_by_role("button", name="Sign in with GitHub")).to_be_visible()


def test_a_person_who_may_not_come_in_reads_why(hub: Deployment, github: GitHub, page: Page) -> None:
    sign_in_with_browser(page, hub.url, "badger", password("badger"))
    expect(page.locator(".error p").first).to_have_text(NOT_HERE.format("badger"))
    assert "badger" not in users(hub)


def test_administrators_are_those_of_the_list(hub: Deployment, github: GitHub) -> None:
    assert session(hub, github, "admin").get("/hub/admin").status_code == 200
    assert session(hub, github, "river").get("/hub/admin").status_code == 403


def test_the_open_door_lets_everybody_in_and_closes_again(
    hub: Deployment, github: GitHub, use: Callable[..., None]
) -> None:
    use(JUPYTERHUB_ALLOW_ALL="true")
    visitor = session(hub, github, "mal")
    use()
    assert not visitor.signed_in()
    assert enter(hub, github, "mal") == (403, NOT_HERE.format("mal"))


def test_members_of_organizations_and_teams_come_in(
    hub: Deployment, github: GitHub, use: Callable[..., None], page: Page
) -> None:
    github.set_members("Serenity", "kaylee")
    github.set_members("Persephone", "inara", "saffron", teams={"guests": ["inara"], "cooks": ["saffron"]})
    use(**ORGANIZATIONS)
    sign_in_with_browser(page, hub.url, "kaylee", password("kaylee"))
    wait_for_lab(page)
    assert run_cell(page, "print(6 * 7)") == "42"
    assert github.authorize_requests()[-1]["scope"] == "read:org"
    assert github.scopes("kaylee") == ["read:org"]
    assert enter(hub, github, "inara") == LET_IN
    assert enter(hub, github, "river") == LET_IN
    for login in ("saffron", "badger"):
        assert enter(hub, github, login) == (403, NOT_HERE.format(login))


def test_who_leaves_the_organization_is_out(hub: Deployment, github: GitHub, use: Callable[..., None]) -> None:
    github.set_members("Serenity", "kaylee", "book")
    github.set_members("Persephone", "inara", teams={"guests": ["inara"]})
    use(**ORGANIZATIONS)
    sessions = {login: session(hub, github, login) for login in ("kaylee", "book", "inara", "river")}
    tokens = {login: own_token(hub, login) for login in sessions}

    github.set_members("Serenity", "book")
    github.set_members("Persephone", "inara", teams={"guests": []})
    for login in ("kaylee", "inara"):
        assert enter(hub, github, login) == (403, NOT_HERE.format(login))
    restart(hub)
    assert {login: visitor.signed_in() for login, visitor in sessions.items()} == {
        "kaylee": False,
        "book": True,
        "inara": False,
        "river": True,
    }
    assert {login: works(hub, token) for login, token in tokens.items()} == {
        "kaylee": False,
        "book": True,
        "inara": False,
        "river": True,
    }


def test_an_organization_that_has_not_approved_the_application_admits_nobody(
    hub: Deployment, github: GitHub, use: Callable[..., None]
) -> None:
    github.set_members("Serenity", "jayne", restricted=True)
    use(**ORGANIZATIONS)
    assert enter(hub, github, "jayne") == (403, NOT_HERE.format("jayne"))
    github.set_members("Serenity", "jayne")
    assert enter(hub, github, "jayne") == LET_IN


# --- The userlist and the console ---


def test_the_list_revokes_demotes_and_groups(
    hub: Deployment, github: GitHub, changing_list: Callable[..., None], use: Callable[..., None]
) -> None:
    changing_list("wash pilots drivers", "simon admin", "book")
    visitors = {login: session(hub, github, login) for login in ("wash", "simon", "book")}
    tokens = {login: own_token(hub, login) for login in ("simon", "book")}
    assert visitors["simon"].get("/hub/admin").status_code == 200
    assert users(hub)["wash"]["groups"] == "drivers pilots"

    changing_list("wash drivers", "simon")
    assert not visitors["book"].signed_in()
    assert not works(hub, tokens["book"])
    assert enter(hub, github, "book") == (403, NOT_ANY_MORE.format("book"))
    assert visitors["simon"].get("/hub/admin").status_code == 403
    assert hub.api("GET", "/users", token=tokens["simon"]).status_code == 403
    assert session(hub, github, "simon").get("/hub/admin").status_code == 403
    assert enter(hub, github, "wash") == LET_IN
    assert users(hub)["wash"]["groups"] == "drivers"

    # A member of an organization that may sign in is out all the same.
    github.set_members("Serenity", "book", "kaylee")
    use(**ORGANIZATIONS)
    assert enter(hub, github, "kaylee") == LET_IN
    assert enter(hub, github, "book") == (403, NOT_ANY_MORE.format("book"))


def test_people_added_in_the_console_sign_in(hub: Deployment, github: GitHub) -> None:
    assert enter(hub, github, "saffron") == (403, NOT_HERE.format("saffron"))
    added = hub.api("POST", "/users", token=hub.token(), json={"usernames": ["saffron"]})
    assert added.status_code == 201
    assert enter(hub, github, "saffron") == LET_IN
    restart(hub)
    assert enter(hub, github, "saffron") == LET_IN


def test_there_is_no_password_to_set(hub: Deployment, github: GitHub) -> None:
    result = hub.make("password", "USER=river", check=False)
    assert result.returncode != 0
    assert result.stdout == ""
    assert "github" in result.stderr


# --- What GitHub says later, and what it does not say ---


def test_a_suspended_account_is_out_and_nobody_else(hub: Deployment, github: GitHub) -> None:
    simon, river = session(hub, github, "simon"), session(hub, github, "river")
    tokens = own_token(hub, "simon"), own_token(hub, "river")
    github.suspend("simon")
    restart(hub)
    assert (simon.signed_in(), river.signed_in()) == (False, True)
    assert tuple(works(hub, token) for token in tokens) == (False, True)

    github.suspend("simon", False)
    assert enter(hub, github, "simon", simon) == LET_IN
    assert simon.signed_in()
    assert works(hub, tokens[0])


def test_who_takes_the_consent_back_at_github_is_asked_again(hub: Deployment, github: GitHub) -> None:
    wash = session(hub, github, "wash")
    github.revoke("wash")
    restart(hub)
    assert not wash.signed_in()
    assert enter(hub, github, "wash", wash) == LET_IN


@pytest.fixture(params=["error", "rate-limit", "killed"])
def out_of_order(request: pytest.FixtureRequest, github: GitHub) -> Generator[Callable[[], None]]:
    """A function after which GitHub does not work, in one of three ways; afterwards, it does."""
    if request.param == "killed":
        yield github.kill
        github.start_again()
    else:
        yield lambda: github.answer(request.param)
        github.answer("normal")


@pytest.mark.usefixtures("no_traceback")
def test_while_github_is_out_of_order_sessions_go_on(
    hub: Deployment, github: GitHub, use: Callable[..., None], out_of_order: Callable[[], None]
) -> None:
    github.set_members("Serenity", "kaylee")
    use(**ORGANIZATIONS)
    listed, member = session(hub, github, "river"), session(hub, github, "kaylee")
    tokens = own_token(hub, "river"), own_token(hub, "kaylee")
    newcomer = Visitor(hub.url)
    address = github.authorize(newcomer, "wash", password("wash"))

    out_of_order()
    restart(hub)
    assert (listed.signed_in(), member.signed_in()) == (True, True)
    assert tuple(works(hub, token) for token in tokens) == (True, True)
    status, message = outcome(open_callback(newcomer, address))
    assert (status, AWAY in message) == (503, True), message


# --- Refusals ---


def changed(address: str, **fields: str) -> str:
    """An address with other values of these fields of its query, or without those that are empty."""
    parts = urlsplit(address)
    query = {name: value for name, value in (dict(parse_qsl(parts.query)) | fields).items() if value}
    return parts._replace(query=urlencode(query)).geturl()


@pytest.mark.usefixtures("no_traceback")
def test_an_expired_code_is_refused(hub: Deployment, github: GitHub) -> None:
    visitor = Visitor(hub.url)
    address = github.authorize(visitor, "river", password("river"))
    github.expire_codes()
    status, message = outcome(open_callback(visitor, address))
    assert (status, NOT_ACCEPTED in message) == (403, True), message
    assert not visitor.signed_in()


@pytest.mark.usefixtures("no_traceback")
def test_a_code_is_good_once(hub: Deployment, github: GitHub) -> None:
    visitor, again = Visitor(hub.url), Visitor(hub.url)
    address = github.authorize(visitor, "river", password("river"))
    again.session.cookies.update(visitor.session.cookies)
    assert outcome(open_callback(visitor, address)) == LET_IN
    status, message = outcome(open_callback(again, address))
    assert (status, NOT_ACCEPTED in message) == (403, True), message
    assert not again.signed_in()


@pytest.mark.usefixtures("no_traceback")
def test_somebody_elses_code_is_refused(hub: Deployment, github: GitHub) -> None:
    # The code verifier (PKCE) stays in the cookie of the browser that began.
    victim, thief = Visitor(hub.url), Visitor(hub.url)
    code = dict(parse_qsl(urlsplit(github.authorize(victim, "admin", password("admin"))).query))["code"]
    address = changed(github.authorize(thief, "river", password("river")), code=code)
    status, message = outcome(open_callback(thief, address))
    assert (status, NOT_ACCEPTED in message) == (403, True), message
    assert not thief.signed_in()


FORGED = {
    "of another": {"state": "eyJzdGF0ZV9pZCI6ICIwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMCJ9"},
    "no JSON": {"state": "bm90IGpzb24="},
    "a JSON list": {"state": "W10="},
    "not base64": {"state": "%%%"},
    "not ASCII": {"state": "zustand-ä"},
    "missing": {"state": ""},
    "no code": {"code": ""},
}


@pytest.mark.parametrize("fields", FORGED.values(), ids=FORGED.keys())
@pytest.mark.usefixtures("no_traceback")
def test_a_forged_state_is_refused(hub: Deployment, github: GitHub, fields: dict[str, str]) -> None:
    visitor = Visitor(hub.url)
    address = github.authorize(visitor, "river", password("river"))
    assert outcome(open_callback(visitor, changed(address, **fields)))[0] == 400
    assert not visitor.signed_in()


@pytest.mark.usefixtures("no_traceback")
def test_a_callback_that_nobody_began_is_refused(hub: Deployment, github: GitHub) -> None:
    address = github.authorize(Visitor(hub.url), "river", password("river"))
    victim = Visitor(hub.url)
    status, message = outcome(open_callback(victim, address))
    assert (status, "state" in message) == (400, True), message
    assert not victim.signed_in()


@pytest.mark.usefixtures("no_traceback")
def test_who_begins_under_another_host_name_is_refused(hub: Deployment, github: GitHub) -> None:
    elsewhere = Visitor(hub.url.replace("127.0.0.1", "localhost"))
    address = github.authorize(elsewhere, "river", password("river"))
    assert address.startswith(hub.url)
    status, message = outcome(open_callback(elsewhere, address))
    assert (status, "state" in message) == (400, True), message
    assert not elsewhere.signed_in()


@pytest.fixture
def registering(hub: Deployment, github: GitHub) -> Generator[Callable[[str, str], None]]:
    """`registering(secret, callback)` changes the application at GitHub for one test."""
    yield lambda secret, callback: github.register(CLIENT_ID, secret, callback)
    github.register(CLIENT_ID, CLIENT_SECRET, f"{hub.url}/hub/oauth_callback", scopes=("read_user", "read_api"))


@pytest.mark.usefixtures("no_traceback")
def test_a_callback_that_is_registered_under_another_host_name_is_refused(
    hub: Deployment, github: GitHub, registering: Callable[[str, str], None]
) -> None:
    other = hub.url.replace("127.0.0.1", "localhost")
    registering(CLIENT_SECRET, f"{other}/hub/oauth_callback")
    visitor = Visitor(hub.url)
    address = github.authorize(visitor, "river", password("river"))
    assert address.startswith(other)
    status, message = outcome(open_callback(visitor, address))
    assert (status, "redirect_uri MUST match" in message) == (400, True), message


@pytest.mark.usefixtures("no_traceback")
def test_a_wrong_client_secret_is_refused_and_the_log_says_so(
    hub: Deployment, github: GitHub, registering: Callable[[str, str], None]
) -> None:
    registering("another secret", f"{hub.url}/hub/oauth_callback")
    before = hub.logs("hub")
    status, message = enter(hub, github, "river")
    assert (status in {403, 503}, message.startswith("GitHub ")) == (True, True), message
    log = hub.logs("hub").removeprefix(before)
    assert "client_secret passed are incorrect" in log
    assert CLIENT_SECRET not in log


@pytest.mark.usefixtures("no_traceback")
def test_who_says_no_at_github_reads_that(hub: Deployment, github: GitHub) -> None:
    visitor = Visitor(hub.url)
    address = github.authorize(visitor, "river", password("river"))
    denied = changed(address, code="", error="access_denied", error_description="The user has denied access.")
    status, message = outcome(open_callback(visitor, denied))
    assert (status in {400, 403}, "The user has denied access." in message) == (True, True), message


# --- Where the settings come from ---


def test_settings_from_the_shell_work(hub: Deployment, github: GitHub, use: Callable[..., None]) -> None:
    hub.write(OAUTH_FILE, "")
    callback = f"{hub.url}/hub/oauth_callback"
    use(GITHUB_CLIENT_ID=CLIENT_ID, GITHUB_CLIENT_SECRET=CLIENT_SECRET, OAUTH_CALLBACK_URL=callback)
    assert enter(hub, github, "river") == LET_IN


def test_the_file_beats_the_shell(hub: Deployment, github: GitHub, use: Callable[..., None]) -> None:
    use(GITHUB_CLIENT_SECRET="an old one", OAUTH_CALLBACK_URL="https://old.example.org/hub/oauth_callback")
    assert enter(hub, github, "river") == LET_IN


@pytest.fixture
def dot_env(hub: Deployment) -> Generator[Callable[[str], None]]:
    """`dot_env(text)` appends to .env, for names that the shell does not have then; afterwards, all is as before."""
    path = hub.root / ".env"
    before, settings = path.read_text(), dict(hub.settings)

    def append(text: str) -> None:
        path.write_text(before + text)
        for name in NAMES:
            hub.settings.pop(name, None)
        hub.settings.pop("JUPYTERHUB_AUTHENTICATOR")

    yield append
    path.write_text(before)
    hub.settings.update(settings)
    hub.write(OAUTH_FILE, lines(hub))
    hub.compose("up", "--detach", "--wait")


def test_settings_from_env_work_and_the_secret_is_warned_about(
    hub: Deployment, github: GitHub, dot_env: Callable[[str], None]
) -> None:
    (hub.root / OAUTH_FILE).unlink()
    dot_env(f"JUPYTERHUB_AUTHENTICATOR=github\nGITHUB_URL={github.url}\n{lines(hub)}")
    result = hub.make("build")
    (warning,) = [line for line in result.stderr.splitlines() if "GITHUB_CLIENT_SECRET" in line]
    assert warning.startswith("WARNING: ")
    assert OAUTH_FILE in warning
    assert CLIENT_SECRET not in result.stdout + result.stderr
    hub.compose("up", "--detach", "--wait")
    assert enter(hub, github, "river") == LET_IN


# --- What `make build` says of bad settings ---


def state(hub: Deployment) -> tuple[str, str]:
    """What a refusal must not change: the hub that runs, and its image."""
    return (
        hub.docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", hub.project).stdout,
        hub.docker("image", "inspect", "--format", "{{.Id}}", f"{hub.project}-hub:6.1.1").stdout,
    )


@pytest.fixture
def refused(hub: Deployment, github: GitHub) -> Generator[Callable[..., str]]:
    """`refused(text, **settings)`: what `make build` says on its way out to such an OAUTH_FILE; nothing changes."""

    def build(text: str, **settings: str) -> str:
        hub.write(OAUTH_FILE, text)
        before = state(hub)
        result = hub.make("build", env=settings, check=False)
        assert result.returncode != 0, result.stderr
        assert state(hub) == before
        assert CLIENT_SECRET not in result.stdout + result.stderr
        return result.stdout + result.stderr

    yield build
    hub.write(OAUTH_FILE, lines(hub))


@pytest.mark.parametrize(("authenticator", "prefix"), [("github", "GITHUB"), ("gitlab", "OAUTH")])
def test_every_missing_line_is_asked_for_in_one_message(
    refused: Callable[..., str], authenticator: str, prefix: str
) -> None:
    output = refused("", JUPYTERHUB_AUTHENTICATOR=authenticator)
    for name in (f"{prefix}_CLIENT_ID", f"{prefix}_CLIENT_SECRET", "OAUTH_CALLBACK_URL"):
        assert f"{name} is missing: add the line {name}=… to {OAUTH_FILE};" in output
    assert "3 settings cannot be used" in output


BAD_CALLBACKS = [
    "http://hub.example.org/hub/oauth_callback",
    "https:///hub/oauth_callback",
    "https://hub.example.org/oauth_callback",
    "https://hub.example.org/hub/oauth_callback/",
    "https://hub.example.org:port/hub/oauth_callback",
]


@pytest.mark.parametrize("callback", BAD_CALLBACKS)
def test_a_callback_that_cannot_work_is_refused(hub: Deployment, refused: Callable[..., str], callback: str) -> None:
    text = "".join(f"{line}\n" for line in lines(hub).splitlines()[:2])
    output = refused(f"{text}OAUTH_CALLBACK_URL={callback}\n")
    assert f"OAUTH_CALLBACK_URL ({OAUTH_FILE}) is '{callback}'" in output
    assert "expected https://HOST/hub/oauth_callback" in output
    assert "1 setting cannot be used" in output


@pytest.mark.parametrize("url", ["https://localhost:8443", "https://127.0.0.1", "github.example.org"])
def test_a_server_that_the_hub_cannot_reach_is_refused(hub: Deployment, refused: Callable[..., str], url: str) -> None:
    assert f"GITHUB_URL (.env or the shell) is '{url}'" in refused(lines(hub), GITHUB_URL=url)


# --- The second provider of the same table ---


def test_members_of_a_gitlab_group_come_in_until_they_leave_it(
    hub: Deployment, github: GitHub, use: Callable[..., None], page: Page
) -> None:
    github.set_members("browncoats", "mal")
    github.set_members("alliance")
    github.set_members("alliance/fleet", "jayne")
    hub.write(OAUTH_FILE, lines(hub, "OAUTH"))
    use(JUPYTERHUB_AUTHENTICATOR="gitlab", GITLAB_URL=github.url, GITLAB_ALLOWED_GROUPS="browncoats alliance/fleet")
    assert enter(hub, github, "mal") == LET_IN
    assert enter(hub, github, "badger") == (403, NOT_HERE.format("badger"))
    sign_in_with_browser(page, hub.url, "jayne", password("jayne"), "GitLab")
    wait_for_lab(page)
    assert run_cell(page, "print(6 * 7)") == "42"
    assert github.scopes("jayne") == ["read_api"]

    member, leaver = session(hub, github, "mal"), session(hub, github, "jayne")
    github.expire_tokens()
    restart(hub)
    assert (member.signed_in(), leaver.signed_in()) == (True, True)  # by their refresh tokens
    github.set_members("alliance/fleet")
    restart(hub)
    assert (member.signed_in(), leaver.signed_in()) == (True, False)
    assert enter(hub, github, "jayne") == (403, NOT_HERE.format("jayne"))
