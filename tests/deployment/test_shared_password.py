"""A workshop's password for everybody: what it opens, what it never opens, and what `make build` says of bad ones."""

from collections.abc import Callable, Generator

import pytest
from playwright.sync_api import Page

from support.browser import run_cell, sign_in, sign_out, wait_for_lab
from support.deployment import PREFIX, Deployment
from support.people import Visitor, refusal, users
from support.waiting import wait_for

PASSWORD = "a $ecret for the #workshop"
ADMIN_PASSWORD = "those in front have a long one, $uch as this #one"
SECRETS = "secrets/shared-password.env"
LISTED = ("ada", "bob", "josé", "grace admin", "alan turing")
LONG = "x" * 10_000

WRONG = "Invalid username or password"
NOT_HERE = "{} may not use this hub: ask its administrator to add the name to the userlist."
NOT_ANY_MORE = "{} may not use this hub any more."
LET_IN = (302, "")


WRONG_PASSWORDS = {
    "empty": "",
    "blank": " ",
    "wrong": "not the password",
    "shorter": PASSWORD[:-1],
    "capitals": PASSWORD.upper(),
    "a blank in front": f" {PASSWORD}",
    "accents": "pässwörd",
    "a zero byte": "\x00",
    "long": LONG,
    "long and Cyrillic": "ж" * 10_000,
}
NO_NAMES = {
    "empty": "",
    "blank": " ",
    "two words": "a da",
    "a slash": "ada/bob",
    "braces": "{username}",
    "markup": "<b>ada</b>",
    "long": LONG,
    "long and Cyrillic": "ж" * 10_000,
}


def lines(**passwords: str) -> str:
    """The lines of SECRETS; single quotes keep Compose from reading `$` and `#` in them."""
    return "".join(f"{name}='{value}'\n" for name, value in passwords.items())


GOOD = lines(SHARED_PASSWORD=PASSWORD, SHARED_ADMIN_PASSWORD=ADMIN_PASSWORD)


@pytest.fixture(scope="module")
def workshop(make_deployment: Callable[..., Deployment]) -> Deployment:
    """A deployment whose people all have the same password; its first administrator is `admin`."""
    workshop = make_deployment(f"{PREFIX}workshop", JUPYTERHUB_AUTHENTICATOR="shared-password")
    workshop.write(SECRETS, GOOD)
    write_list(workshop, *LISTED)
    workshop.up()
    return workshop


def write_list(workshop: Deployment, *members: str) -> None:
    workshop.write("userlist", "".join(f"{member}\n" for member in members))


def apply_list(workshop: Deployment, *members: str) -> None:
    """Write the userlist and put it into effect."""
    write_list(workshop, *members)
    workshop.make("build")
    workshop.compose("up", "--detach", "--wait")


@pytest.fixture
def changing_list(workshop: Deployment) -> Generator[Callable[..., None]]:
    """`apply_list` for one test: afterwards, the list is LISTED again."""
    yield lambda *members: apply_list(workshop, *members)
    apply_list(workshop, *LISTED)


@pytest.fixture
def open_door(workshop: Deployment) -> Generator[Callable[[bool], None]]:
    """`open_door(True)` sets JUPYTERHUB_ALLOW_ALL; afterwards it is false."""

    def change(whether: bool) -> None:
        workshop.set_env(JUPYTERHUB_ALLOW_ALL=str(whether).lower())
        workshop.compose("up", "--detach", "--wait")

    yield change
    change(False)


@pytest.fixture
def no_traceback(workshop: Deployment) -> Generator[None]:
    """The hub's log has no traceback from the test."""
    before = workshop.logs("hub")
    yield
    assert "Traceback" not in workshop.logs("hub").removeprefix(before)


def enter(workshop: Deployment, name: str, password: str, visitor: Visitor | None = None) -> tuple[int, str]:
    """Send the login form; returns the status, and the message above the form where it is shown again."""
    response = (visitor or Visitor(workshop.url)).post("/hub/login", {"username": name, "password": password})
    return response.status_code, "" if response.status_code == 302 else refusal(response)


def is_admin(visitor: Visitor) -> bool:
    """Whether the hub shows its console to somebody who is signed in."""
    assert visitor.signed_in()
    return visitor.get("/hub/admin").status_code == 200


def test_the_password_opens_a_lab(workshop: Deployment, page: Page) -> None:
    sign_in(page, workshop.url, "ada", PASSWORD)
    wait_for_lab(page)
    assert run_cell(page, "print(6 * 7)") == "42"
    sign_out(page, workshop.url)


def test_the_passwords_are_in_no_log(workshop: Deployment) -> None:
    assert enter(workshop, "ada", PASSWORD) == LET_IN
    assert enter(workshop, "admin", ADMIN_PASSWORD) == LET_IN
    logs = workshop.logs("hub")
    assert "ada" in logs
    assert PASSWORD not in logs
    assert ADMIN_PASSWORD not in logs


@pytest.mark.usefixtures("no_traceback")
def test_only_who_is_listed_signs_in(workshop: Deployment) -> None:
    assert enter(workshop, "mallory", PASSWORD) == (403, NOT_HERE.format("mallory"))
    assert enter(workshop, "mallory", "not the password") == (403, WRONG)
    assert "mallory" not in users(workshop)
    assert enter(workshop, "josé", PASSWORD) == LET_IN
    assert enter(workshop, " BOB ", PASSWORD) == LET_IN


def test_the_open_door_lets_any_name_in_and_closes_again(
    workshop: Deployment, open_door: Callable[[bool], None]
) -> None:
    open_door(True)
    assert enter(workshop, "anybody", PASSWORD) == LET_IN
    assert enter(workshop, "anybody", "not the password") == (403, WRONG)
    assert "JUPYTERHUB_ALLOW_ALL=true" in workshop.make("build").stderr
    open_door(False)
    assert enter(workshop, "anybody", PASSWORD) == (403, NOT_HERE.format("anybody"))


def test_the_session_of_who_came_through_the_open_door_ends_with_it(
    workshop: Deployment, open_door: Callable[[bool], None]
) -> None:
    open_door(True)
    passer_by, listed = Visitor(workshop.url), Visitor(workshop.url)
    assert enter(workshop, "passer-by", PASSWORD, passer_by) == LET_IN
    assert enter(workshop, "bob", PASSWORD, listed) == LET_IN
    open_door(False)
    assert not passer_by.signed_in()
    assert listed.signed_in()


@pytest.mark.parametrize("name", ["admin", "ADMIN", "grace"])
@pytest.mark.usefixtures("no_traceback")
def test_administrators_have_a_password_of_their_own(workshop: Deployment, name: str) -> None:
    assert enter(workshop, name, PASSWORD) == (403, WRONG)
    visitor = Visitor(workshop.url)
    assert enter(workshop, name, ADMIN_PASSWORD, visitor) == LET_IN
    assert is_admin(visitor)


def test_nobody_else_has_it(workshop: Deployment) -> None:
    assert enter(workshop, "ada", ADMIN_PASSWORD) == (403, WRONG)
    visitor = Visitor(workshop.url)
    assert enter(workshop, "ada", PASSWORD, visitor) == LET_IN
    assert not is_admin(visitor)


def test_the_open_door_is_none_for_administrators(workshop: Deployment, open_door: Callable[[bool], None]) -> None:
    open_door(True)
    assert enter(workshop, "admin", PASSWORD) == (403, WRONG)
    visitor = Visitor(workshop.url)
    assert enter(workshop, "newcomer", PASSWORD, visitor) == LET_IN
    assert not is_admin(visitor)


@pytest.mark.parametrize("name", ["ada", "admin"])
@pytest.mark.parametrize("password", WRONG_PASSWORDS.values(), ids=WRONG_PASSWORDS.keys())
@pytest.mark.usefixtures("no_traceback")
def test_a_wrong_password_shows_the_form_again(workshop: Deployment, name: str, password: str) -> None:
    assert enter(workshop, name, password) == (403, WRONG)


@pytest.mark.parametrize("name", NO_NAMES.values(), ids=NO_NAMES.keys())
@pytest.mark.usefixtures("no_traceback")
def test_what_is_no_name_shows_the_form_again(workshop: Deployment, name: str) -> None:
    assert enter(workshop, name, PASSWORD) == (403, WRONG)


def test_who_leaves_the_list_is_out(workshop: Deployment, changing_list: Callable[..., None]) -> None:
    visitor = Visitor(workshop.url)
    assert enter(workshop, "bob", PASSWORD, visitor) == LET_IN
    token = workshop.make("token", "USER=bob").stdout.strip()
    assert workshop.api("GET", "/user", token=token).status_code == 200

    changing_list(*(member for member in LISTED if member != "bob"))
    assert not visitor.signed_in()
    assert enter(workshop, "bob", PASSWORD) == (403, NOT_ANY_MORE.format("bob"))
    assert workshop.api("GET", "/user", token=token).status_code in {401, 403}


def test_who_loses_admin_has_the_password_of_everybody(
    workshop: Deployment, changing_list: Callable[..., None]
) -> None:
    token = workshop.make("token", "USER=grace").stdout.strip()
    assert workshop.api("GET", "/users", token=token).status_code == 200
    changing_list("ada", "grace pioneers")
    assert enter(workshop, "grace", ADMIN_PASSWORD) == (403, WRONG)
    visitor = Visitor(workshop.url)
    assert enter(workshop, "grace", PASSWORD, visitor) == LET_IN
    assert not is_admin(visitor)
    assert workshop.api("GET", "/users", token=token).status_code == 403
    assert users(workshop)["grace"]["groups"] == "pioneers"


def test_groups_of_the_list_stay_after_signing_in(workshop: Deployment) -> None:
    assert enter(workshop, "alan", PASSWORD) == LET_IN
    assert users(workshop)["alan"]["groups"] == "turing"


def test_people_added_in_the_console_sign_in(workshop: Deployment) -> None:
    assert enter(workshop, "late", PASSWORD) == (403, NOT_HERE.format("late"))
    added = workshop.api("POST", "/users", token=workshop.token(), json={"usernames": ["late"]})
    assert added.status_code == 201
    assert enter(workshop, "late", PASSWORD) == LET_IN
    workshop.make("restart")
    wait_for(lambda: Visitor(workshop.url).get("/hub/login").status_code == 200, 60, "the hub")
    assert enter(workshop, "late", PASSWORD) == LET_IN


def test_nobody_has_a_password_of_their_own(workshop: Deployment) -> None:
    result = workshop.make("password", "USER=ada", check=False)
    assert result.returncode != 0
    assert result.stdout == ""
    assert "shared-password" in result.stderr


def state(workshop: Deployment) -> tuple[str, str]:
    """What a refusal must not change: the hub that runs, and its image."""
    return (
        workshop.docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", workshop.project).stdout,
        workshop.docker("image", "inspect", "--format", "{{.Id}}", f"{workshop.project}-hub:6.1.1").stdout,
    )


@pytest.fixture
def refused(workshop: Deployment) -> Generator[Callable[[str | None], str]]:
    """`refused(text)`: what `make build` says on its way out to such a file of secrets, None for none.

    Nothing changes thereby. Afterwards the file is as it was.
    """

    def build(text: str | None) -> str:
        if text is None:
            (workshop.root / SECRETS).unlink()
        else:
            workshop.write(SECRETS, text)
        before = state(workshop)
        result = workshop.make("build", check=False)
        assert result.returncode != 0, result.stderr
        assert state(workshop) == before
        return result.stdout + result.stderr

    yield build
    workshop.write(SECRETS, GOOD)


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("SHARED_PASSWORD", "7chars!"),
        ("SHARED_PASSWORD", "kräftiger"),
        ("SHARED_ADMIN_PASSWORD", "only thirty-one characters long"),
        ("SHARED_ADMIN_PASSWORD", "ein Passwort für alle, die hier etwas zu sagen haben"),
    ],
    ids=["7", "accents", "31", "admin-accents"],
)
def test_a_bad_password_is_refused_by_name(refused: Callable[[str | None], str], name: str, password: str) -> None:
    passwords = {"SHARED_PASSWORD": PASSWORD, "SHARED_ADMIN_PASSWORD": ADMIN_PASSWORD, name: password}
    output = refused(lines(**passwords))
    assert f"{name} ({SECRETS}) is not usable; expected " in output
    assert [value for value in passwords.values() if value in output] == []


def test_the_same_password_for_both_is_refused(refused: Callable[[str | None], str]) -> None:
    output = refused(lines(SHARED_PASSWORD=ADMIN_PASSWORD, SHARED_ADMIN_PASSWORD=ADMIN_PASSWORD))
    assert f"SHARED_PASSWORD and SHARED_ADMIN_PASSWORD ({SECRETS}) are the same" in output
    assert ADMIN_PASSWORD not in output


@pytest.mark.parametrize("text", [None, "", lines(SHARED_PASSWORD="", SHARED_ADMIN_PASSWORD="")])
def test_missing_passwords_are_asked_for_in_one_message(refused: Callable[[str | None], str], text: str | None) -> None:
    output = refused(text)
    for name in ("SHARED_PASSWORD", "SHARED_ADMIN_PASSWORD"):
        assert f"{name} is missing: add the line {name}=… to {SECRETS};" in output
    assert "2 settings cannot be used" in output


def test_one_missing_password_is_the_only_one_named(refused: Callable[[str | None], str]) -> None:
    output = refused(lines(SHARED_PASSWORD=PASSWORD))
    assert f"SHARED_ADMIN_PASSWORD is missing: add the line SHARED_ADMIN_PASSWORD=… to {SECRETS};" in output
    assert "1 setting cannot be used" in output
    assert PASSWORD not in output


def test_a_password_in_env_is_warned_about(workshop: Deployment) -> None:
    settings = workshop.root / ".env"
    before = settings.read_text()
    settings.write_text(f"{before}SHARED_PASSWORD='{PASSWORD}'\n")
    try:
        result = workshop.make("build")
    finally:
        settings.write_text(before)
    (warning,) = [line for line in result.stderr.splitlines() if "SHARED_PASSWORD" in line]
    assert warning.startswith("WARNING: ")
    assert SECRETS in warning
    assert PASSWORD not in result.stdout + result.stderr
