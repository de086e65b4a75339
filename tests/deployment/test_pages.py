"""Every page of the hub: wide, on a phone, in the dark, by axe, with the keyboard alone, and what leads on from it."""

import re
import secrets
from collections.abc import Callable, Generator

import pytest
from playwright.sync_api import Page, expect

from support.browser import PASSWORD_FIELD, SUBMIT, USER_FIELD, press, sign_in, visit, wait_for_lab
from support.deployment import Deployment
from support.pages import Look
from support.servers import stop

pytestmark = pytest.mark.pages

PASSWORD = "a fairly good one"
RULES = "At least 8 characters"


@pytest.fixture
def bob(deployment: Deployment, token: str, page: Page) -> Generator[Page]:
    """A page for bob, who has no server; the one that starts ends with the test."""
    stop(deployment, "bob", token)
    yield page
    stop(deployment, "bob", token)


def sign_in_by_keyboard(page: Page, url: str, name: str, password: str) -> None:
    """Sign in without a mouse, and look at what was typed on the way."""
    visit(page, f"{url}/hub/login")
    expect(page.locator(USER_FIELD)).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(PASSWORD_FIELD)).to_have_attribute("type", "text")
    page.keyboard.press("Tab")
    expect(page.locator(SUBMIT)).to_be_focused()
    with page.expect_navigation(wait_until="domcontentloaded"):
        page.keyboard.press("Enter")


def send(page: Page, *values: str) -> None:
    """Fill in the fields of a form that a user sees, from the first on, and send it."""
    fields = page.locator("form input:not([type=hidden]):not([hidden]):not([type=submit])")
    for number, value in enumerate(values):
        fields.nth(number).fill(value)
    with page.expect_navigation(wait_until="domcontentloaded"):
        page.locator("#signup_submit, #login_submit").click()


def test_pages_of_a_visitor(deployment: Deployment, page: Page, look: Look) -> None:
    newcomer = f"newcomer{secrets.token_hex(4)}"
    visit(page, f"{deployment.url}/hub/login")
    look(page, "sign-in")
    send(page, newcomer, "not the password")
    expect(page.locator(USER_FIELD)).to_have_value(newcomer)
    expect(page.locator(PASSWORD_FIELD)).to_be_focused()
    look(page, "sign-in-refused")

    page.get_by_role("link", name="Sign up").click()
    expect(page.get_by_label("Password:", exact=True)).to_have_accessible_description(re.compile(RULES))
    look(page, "sign-up")
    send(page, newcomer, "short", "short")
    expect(page.locator(USER_FIELD)).to_have_value(newcomer)
    look(page, "sign-up-refused")
    send(page, newcomer, PASSWORD, PASSWORD)
    expect(page.locator("form input")).to_have_count(0)
    look(page, "sign-up-done")
    page.get_by_role("link", name="Go to sign-in").click()
    expect(page.locator(SUBMIT)).to_be_visible()

    visit(page, f"{deployment.url}/hub/no-such-page")
    look(page, "not-found-signed-out")
    page.get_by_role("main").get_by_role("link", name="Sign in").click()
    expect(page.locator(SUBMIT)).to_be_visible()


def test_pages_of_a_server(deployment: Deployment, bob: Page, new_page: Callable[..., Page], look: Look) -> None:
    sign_in_by_keyboard(bob, deployment.url, "bob", deployment.password("bob"))
    wait_for_lab(bob)
    visit(bob, f"{deployment.url}/user/bob/no-such-page")
    look(bob, "not-found-in-a-server")
    expect(bob.get_by_role("link", name="Open your server")).to_have_attribute("href", "/user/bob/")
    bob.get_by_role("link", name="home page").click()
    expect(bob.locator("#stop")).to_be_visible()

    admin = new_page()
    sign_in(admin, deployment.url, "admin", deployment.password("admin"))
    visit(admin, f"{deployment.url}/user/bob/lab")
    expect(admin.get_by_role("heading", name="Authorize access")).to_be_visible()
    look(admin, "another-users-server")

    look(bob, "home-with-a-server")
    bob.wait_for_function("window._jupyterhub_page_loaded")
    bob.locator("#stop").focus()
    bob.keyboard.press("Enter")
    expect(bob.get_by_role("status")).to_have_text("Your server is stopping …")
    expect(bob.locator("#stop")).to_have_attribute("aria-disabled", "true")
    expect(bob.get_by_role("status")).to_have_text("Your server has stopped.", timeout=60_000)
    look(bob, "home")
    visit(bob, f"{deployment.url}/user/bob/lab")
    look(bob, "not-running")


def test_pages_of_a_user(deployment: Deployment, page: Page, look: Look) -> None:
    password = deployment.password("alice")
    sign_in(page, deployment.url, "alice", password)
    visit(page, f"{deployment.url}/hub/token")
    press(page, "#request-token-form [type=submit]")
    expect(page.locator("#token-result")).not_to_be_empty()
    visit(page, f"{deployment.url}/hub/token")
    look(page, "token")

    page.get_by_role("link", name="Change Password").click()
    expect(page.get_by_label("New password:", exact=True)).to_have_accessible_description(re.compile(RULES))
    look(page, "change-password")
    send(page, password, password, password)
    expect(page.get_by_role("alert")).to_contain_text("same as the current one")
    look(page, "change-password-refused")
    new = f"{PASSWORD} {secrets.token_hex(4)}"
    send(page, password, new, new)
    expect(page.get_by_role("alert")).to_contain_text("is changed")
    look(page, "change-password-done")

    for path, name, heading, code in (
        ("/hub/no-such-page", "not-found", "This page does not exist", 404),
        ("/user/bob/lab", "not-found-another-users", "This page does not exist", 404),
        ("/hub/admin", "forbidden", "You have no access", 403),
    ):
        visit(page, f"{deployment.url}{path}")
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        text = page.get_by_role("main").inner_text()
        assert (f"Error {code}" in text, re.findall("None|scope|moons", text)) == (True, [])
        look(page, name)
        expect(page.get_by_role("button", name="Logout")).to_be_visible()
    page.get_by_role("link", name="Go to your home page").click()
    expect(page.locator("#start")).to_be_visible()


def test_pages_of_an_administrator(deployment: Deployment, page: Page, look: Look) -> None:
    sign_in(page, deployment.url, "admin", deployment.password("admin"))
    visit(page, f"{deployment.url}/hub/admin")
    page.get_by_role("button", name="Details of bob").click()
    look(page, "admin")
    visit(page, f"{deployment.url}/hub/change-password/bob")
    look(page, "change-password-of-a-user")
    visit(page, f"{deployment.url}/hub/authorize")
    look(page, "authorize-users")
