"""Signing up, the administrator's approval, and what is refused there; the names that the console must not change."""

import re
import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager
from urllib.parse import quote

import pytest
import requests
from playwright.sync_api import Locator, Page, expect

from support.browser import sign_in, visit, wait_for_lab
from support.deployment import Deployment
from support.people import Visitor, alert, users

PASSWORD = "a fairly good one"
WAITS = "approval"
NOT_YET = "has not been authorized by an administrator yet"
TAKEN = "already in use"


@pytest.fixture(scope="module")
def admin(deployment: Deployment) -> Visitor:
    """An administrator, signed in."""
    visitor = Visitor(deployment.url)
    assert visitor.sign_in("admin", deployment.password("admin")) == ""
    return visitor


@pytest.fixture
def newcomer(deployment: Deployment) -> Generator[str]:
    """A name that is not in use, and that links have to quote. A user who has it after the test is deleted."""
    name = f"new#comer{secrets.token_hex(4)}"
    yield name
    # Deleting a user deletes the account, too; an account alone has no user yet.
    token = deployment.token()
    deployment.api("POST", f"/users/{quote(name)}", token=token)
    assert deployment.api("DELETE", f"/users/{quote(name)}", token=token).status_code == 204


@contextmanager
def running_with(deployment: Deployment, **settings: str) -> Generator[None]:
    """The hub runs with other settings for a while."""
    before = dict(deployment.settings)
    deployment.set_env(**settings)
    try:
        deployment.compose("up", "--detach", "--wait")
        yield
    finally:
        deployment.settings.clear()
        deployment.settings.update(before)
        deployment.compose("up", "--detach", "--wait")


def sign_up(page: Page, url: str, name: str) -> None:
    visit(page, f"{url}/hub/login")
    page.get_by_role("link", name="Sign up").click()
    page.fill("#username_input", name)
    page.fill("#password_input", PASSWORD)
    page.fill("#password_confirmation_input", PASSWORD)
    page.click("#signup_submit")


def accounts(admin: Visitor) -> list[str]:
    """The names on the page Authorize Users, as they stand in its source."""
    names = re.findall(r"<tr>\s*<td[^>]*>(.*?)</td>", admin.get("/hub/authorize").text, re.DOTALL)
    assert {"admin", "alice", "bob"} <= set(names)
    return names


def decide(visitor: Visitor, name: str, authorized: str) -> requests.Response:
    """Send the form of the page Authorize Users: "yes" or "no"."""
    xsrf = visitor.xsrf("/hub/change-password")
    return visitor.post(f"/hub/authorize/{quote(name)}", {"authorized": authorized}, xsrf)


def row_on_authorize_users(page: Page, deployment: Deployment, name: str) -> Locator:
    """Sign in as administrator and find a name on the page Authorize Users."""
    sign_in(page, deployment.url, "admin", deployment.password("admin"))
    visit(page, f"{deployment.url}/hub/home")
    page.get_by_role("link", name="Authorize Users").click()
    return page.locator("tr").filter(has=page.get_by_role("cell", name=name, exact=True))


def test_an_administrator_approves_an_account(
    deployment: Deployment, new_page: Callable[..., Page], newcomer: str
) -> None:
    page = new_page()
    sign_up(page, deployment.url, newcomer)
    expect(page.locator(".alert-success")).to_contain_text(WAITS)
    assert users(deployment)[newcomer]["note"] == "waits for approval"
    with pytest.raises(AssertionError, match=NOT_YET):
        sign_in(page, deployment.url, newcomer, PASSWORD)

    row = row_on_authorize_users(new_page(), deployment, newcomer)
    row.get_by_role("button", name="Authorize", exact=True).click()
    expect(row.get_by_role("button", name="Unauthorize")).to_be_visible()

    sign_in(page, deployment.url, newcomer, PASSWORD)
    wait_for_lab(page)


def test_an_administrator_discards_an_account(
    deployment: Deployment, new_page: Callable[..., Page], newcomer: str
) -> None:
    page = new_page()
    sign_up(page, deployment.url, newcomer)
    office = new_page()
    row = row_on_authorize_users(office, deployment, newcomer)
    row.get_by_role("button", name="Discard").click()
    office.get_by_role("button", name="Keep it").click()
    row.get_by_role("button", name="Discard").click()
    office.get_by_role("button", name="Discard the account").click()
    expect(office.get_by_role("cell", name="alice", exact=True)).to_be_visible()
    expect(row).to_have_count(0)
    with pytest.raises(AssertionError, match="Invalid username or password"):
        sign_in(page, deployment.url, newcomer, PASSWORD)
    assert newcomer not in users(deployment)


def test_neither_an_address_nor_another_site_can_decide(deployment: Deployment, admin: Visitor, newcomer: str) -> None:
    visitor = Visitor(deployment.url)
    visitor.sign_up(newcomer, PASSWORD)
    pages = [f"/hub/{page}/{quote(newcomer)}" for page in ("authorize", "discard")]
    assert [admin.get(page).status_code for page in pages] == [302, 200]
    assert [admin.post(page, {"authorized": "yes"}, xsrf="forged").status_code for page in pages] == [403, 403]
    assert NOT_YET in visitor.sign_in(newcomer, PASSWORD)
    assert decide(admin, newcomer, "yes").status_code == 302
    assert visitor.sign_in(newcomer, PASSWORD) == ""
    assert decide(admin, newcomer, "no").status_code == 302
    assert NOT_YET in Visitor(deployment.url).sign_in(newcomer, PASSWORD)


@pytest.mark.parametrize("name", ["admin", "alice", "ALICE"])
def test_a_listed_user_cannot_be_locked_out(deployment: Deployment, admin: Visitor, name: str) -> None:
    refused = decide(admin, name, "no")
    assert (refused.status_code, "userlist" in alert(refused)) == (409, True)
    discarded = admin.post(f"/hub/discard/{name}", {}, admin.xsrf("/hub/change-password"))
    assert (discarded.status_code, "can sign in" in alert(discarded)) == (409, True)
    assert Visitor(deployment.url).sign_in(name, deployment.password(name.lower())) == ""


def test_the_console_changes_no_name(deployment: Deployment, page: Page) -> None:
    def edit(name: str) -> None:
        visit(page, f"{deployment.url}/hub/admin")
        page.locator("tr").filter(has_text=name).get_by_role("button", name="Edit User").click()

    sign_in(page, deployment.url, "admin", deployment.password("admin"))
    edit("alice")
    page.get_by_test_id("edit-username-input").fill("alicia")
    page.get_by_test_id("submit").click()
    expect(page.locator("#refusal")).to_contain_text("cannot be renamed")

    for admin in (True, False):
        edit("alice")
        page.locator("#admin-check").set_checked(admin)
        page.get_by_test_id("submit").click()
        expect(page.get_by_role("button", name="Add Users")).to_be_visible()
        assert deployment.api("GET", "/users/alice", token=deployment.token()).json()["admin"] is admin


def test_the_api_changes_no_name(deployment: Deployment) -> None:
    token = deployment.token()
    refused = deployment.api("PATCH", "/users/bob", token=token, json={"name": "robert", "admin": True})
    assert (refused.status_code, "docs/people.md" in refused.json()["message"]) == (400, True)
    same = deployment.api("PATCH", "/users/bob", token=token, json={"name": "Bob", "admin": False})
    assert (same.status_code, same.json()["name"], same.json()["admin"]) == (200, "bob", False)
    assert deployment.api("GET", "/users/robert", token=token).status_code == 404


def test_only_an_administrator_can_decide(deployment: Deployment, newcomer: str) -> None:
    bob = Visitor(deployment.url)
    assert bob.sign_in("bob", deployment.password("bob")) == ""
    visitor = Visitor(deployment.url)
    visitor.sign_up(newcomer, PASSWORD)
    both = [f"/hub/{page}/{quote(newcomer)}" for page in ("authorize", "discard")]
    pages = ("/hub/authorize", *both, "/hub/change-password/alice")
    assert [bob.get(page).status_code for page in pages] == [403, 403, 403, 403]
    xsrf = bob.xsrf("/hub/change-password")
    assert [bob.post(page, {"authorized": "yes"}, xsrf).status_code for page in both] == [403, 403]
    assert NOT_YET in visitor.sign_in(newcomer, PASSWORD)


@pytest.mark.parametrize("name", ["alice", "ALICE", "admin", "Admin", " alice "])
def test_a_name_in_use_is_refused(deployment: Deployment, name: str) -> None:
    visitor = Visitor(deployment.url)
    assert TAKEN in visitor.sign_up(name, PASSWORD)
    assert visitor.sign_in(name, PASSWORD) == "Invalid username or password"


def test_a_name_that_waits_for_approval_is_taken_in_any_case(deployment: Deployment, newcomer: str) -> None:
    visitor = Visitor(deployment.url)
    assert WAITS in visitor.sign_up(newcomer, PASSWORD)
    assert TAKEN in visitor.sign_up(newcomer.upper(), "another good one")
    assert NOT_YET in visitor.sign_in(newcomer, PASSWORD)


# What the userlist would not take is not taken here either.
@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        ".",
        "..",
        "new comer",
        "new/comer",
        "new,comer",
        "new\tcomer",
        "new\ncomer",
        "alice?x",
        "%61lice",
        "<b>",
        "new\"comer'",
        "é" * 40,
        "x" * 10_000,
    ],
    ids=lambda name: repr(name[:12]),
)
def test_what_cannot_be_a_name_is_refused(deployment: Deployment, admin: Visitor, name: str) -> None:
    before = accounts(admin)
    answer = Visitor(deployment.url).sign_up(name, PASSWORD)
    assert "cannot" in answer or "longer than" in answer
    assert accounts(admin) == before


@pytest.mark.parametrize(
    ("password", "confirmation", "word"),
    [
        ("seven77", "seven77", "8 characters"),
        ("", "", "8 characters"),
        ("password", "password", "common"),
        ("x" * 73, "x" * 73, "72 bytes"),
        ("é" * 37, "é" * 37, "72 bytes"),
        (PASSWORD, f"{PASSWORD} ", "not the same"),
    ],
    ids=["7 characters", "empty", "common", "73 bytes", "74 bytes", "mismatch"],
)
def test_a_password_that_is_not_good_enough_is_refused(
    deployment: Deployment, admin: Visitor, password: str, confirmation: str, word: str
) -> None:
    name = f"refused{secrets.token_hex(4)}"
    before = accounts(admin)
    assert word in Visitor(deployment.url).sign_up(name, password, confirmation)
    assert accounts(admin) == before


def test_a_password_of_72_bytes_is_taken_whole(deployment: Deployment, admin: Visitor, newcomer: str) -> None:
    visitor = Visitor(deployment.url)
    assert WAITS in visitor.sign_up(newcomer, "x" * 72)
    decide(admin, newcomer, "yes")
    assert visitor.sign_in(newcomer, "x" * 71) != ""
    assert visitor.sign_in(newcomer, "x" * 73) != ""
    assert visitor.sign_in(newcomer, "x" * 72) == ""


def test_open_sign_up_lets_in_at_once(deployment: Deployment, page: Page, newcomer: str) -> None:
    with running_with(deployment, NATIVE_OPEN_SIGNUP="true"):
        sign_up(page, deployment.url, newcomer)
        expect(page.locator(".alert-success")).to_contain_text("ready")
        sign_in(page, deployment.url, newcomer, PASSWORD)
        wait_for_lab(page)


def test_without_sign_up_there_is_no_page_and_no_link(deployment: Deployment, page: Page) -> None:
    link = page.get_by_role("link", name="Sign up")
    visit(page, f"{deployment.url}/hub/login")
    expect(link).to_be_visible()
    with running_with(deployment, NATIVE_SIGNUP="false"):
        visit(page, f"{deployment.url}/hub/login")
        expect(page.locator("#login_submit")).to_be_visible()
        expect(link).to_have_count(0)
        visitor = Visitor(deployment.url)
        fields = {"username": "x", "signup_password": PASSWORD, "signup_password_confirmation": PASSWORD}
        posted = visitor.post("/hub/signup", fields, xsrf=visitor.xsrf("/hub/login"))
        assert (visitor.get("/hub/signup").status_code, posted.status_code) == (404, 404)
