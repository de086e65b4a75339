"""Signing in, working, changing the password, signing out; and what the login form says to everything else."""

import re
from collections.abc import Callable, Generator

import pytest
from playwright.sync_api import Page, expect

from support.browser import SUBMIT, press, run_cell, sign_in, sign_out, visit, wait_for_lab
from support.deployment import Deployment
from support.people import Visitor, alert, refusal, users
from support.servers import stop
from support.waiting import wait_for

WRONG = "Invalid username or password"
LONG = "x" * 10_000
OWN_PASSWORD = "the river runs uphill"


@pytest.fixture
def admin_password(deployment: Deployment) -> Generator[str]:
    """The administrator's initial password, as `make users` shows it, while no server runs; afterwards a new one."""
    deployment.new_password("admin")
    token = deployment.token()
    stop(deployment, "admin", token)
    yield users(deployment)["admin"]["initial password"]
    deployment.new_password("admin")
    stop(deployment, "admin", token)


@pytest.fixture
def no_traceback(deployment: Deployment) -> Generator[None]:
    """The hub's log has no traceback from the test."""
    before = deployment.logs("hub")
    yield
    assert "Traceback" not in deployment.logs("hub").removeprefix(before)


def change_password(page: Page, deployment: Deployment, old: str, new: str) -> None:
    visit(page, f"{deployment.url}/hub/home")
    page.get_by_role("link", name="Change Password").click()
    page.fill("#old_password_input", old)
    page.fill("#new_password_input", new)
    page.fill("#new_password_confirmation_input", new)
    page.get_by_role("button", name="Change Password").click()


def twice(password: str) -> dict[str, str]:
    """The fields of a new password and its confirmation."""
    return {"new_password": password, "new_password_confirmation": password}


def test_a_wrong_password_shows_a_message_and_the_form_again(deployment: Deployment, page: Page) -> None:
    with pytest.raises(AssertionError, match=WRONG):
        sign_in(page, deployment.url, "admin", "not the password")
    expect(page).to_have_url(re.compile(r"/hub/login"))
    expect(page.locator("#password_input")).to_be_visible()


def test_the_initial_password_opens_a_lab_whose_files_outlive_the_server(
    deployment: Deployment, page: Page, admin_password: str
) -> None:
    visited: list[str] = []
    page.on("request", lambda request: visited.append(request.url))
    sign_in(page, deployment.url, "admin", admin_password)
    wait_for_lab(page)
    assert any("/hub/spawn" in address for address in visited), visited
    written = run_cell(page, "from pathlib import Path\nPath('/home/jovyan/kept.txt').write_text('still here')")
    assert written == "10"

    visit(page, f"{deployment.url}/hub/home")
    press(page, "#stop")
    expect(page.locator("#stop")).to_be_hidden(timeout=60_000)
    wait_for(lambda: not deployment.containers("admin"), 60, "the end of the container")

    visit(page, f"{deployment.url}/hub/home")
    expect(page.locator("#start")).to_have_text(re.compile("Start"))
    press(page, "#start")
    wait_for_lab(page)
    assert run_cell(page, "print(open('/home/jovyan/kept.txt').read())") == "still here"


def test_a_changed_password_replaces_the_initial_one(
    deployment: Deployment, new_page: Callable[..., Page], admin_password: str
) -> None:
    page = new_page()
    sign_in(page, deployment.url, "admin", admin_password)
    change_password(page, deployment, admin_password, OWN_PASSWORD)
    expect(page.locator(".alert-success")).to_contain_text("changed")
    assert users(deployment)["admin"]["initial password"] == ""

    other = new_page()
    with pytest.raises(AssertionError, match=WRONG):
        sign_in(other, deployment.url, "admin", admin_password)
    sign_in(other, deployment.url, "admin", OWN_PASSWORD)
    wait_for_lab(other)


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"old_password": "not the password"}, "current"),
        ({"new_password": "another one"}, "not the same"),
        (twice("seven77"), "8 characters"),
        (twice("é" * 37), "72 bytes"),
        (twice("Football"), "common"),
    ],
    ids=["old one wrong", "mismatch", "7 characters", "74 bytes", "common"],
)
def test_a_new_password_that_cannot_be_is_refused(deployment: Deployment, changed: dict[str, str], word: str) -> None:
    password = deployment.password("admin")
    admin = Visitor(deployment.url)
    assert admin.sign_in("admin", password) == ""
    response = admin.post("/hub/change-password", {"old_password": password} | twice(OWN_PASSWORD) | changed)
    assert (response.status_code, word in alert(response)) == (200, True)
    assert Visitor(deployment.url).sign_in("admin", password) == ""


def test_logging_out_ends_the_session(deployment: Deployment, page: Page, admin_password: str) -> None:
    sign_in(page, deployment.url, "admin", admin_password)
    wait_for_lab(page)
    sign_out(page, deployment.url)
    for path in ("/hub/home", "/user/admin/lab"):
        visit(page, f"{deployment.url}{path}")
        expect(page.locator(SUBMIT)).to_be_visible()


@pytest.mark.usefixtures("no_traceback")
@pytest.mark.parametrize(
    "fields",
    [
        {"username": "nobody-at-all", "password": "whatever it is"},
        {"username": "bob", "password": ""},
        {"username": "", "password": ""},
        {"username": "bob"},
        {"password": "whatever it is"},
        {},
        {"username": LONG, "password": "whatever it is"},
        {"username": "bob", "password": LONG},
        {"username": "bob", "password": "\x00\x01"},
    ],
    ids=[
        "unknown name",
        "empty password",
        "all empty",
        "no password",
        "no name",
        "nothing",
        "long name",
        "long password",
        "control characters",
    ],
)
def test_the_form_answers_with_a_refusal(deployment: Deployment, fields: dict[str, str]) -> None:
    deployment.new_password("bob")  # forget the attempts of the other cases
    response = Visitor(deployment.url).post("/hub/login", fields)
    assert (response.status_code, refusal(response)) == (403, WRONG)


@pytest.mark.usefixtures("no_traceback")
def test_a_form_without_its_token_is_refused(deployment: Deployment) -> None:
    password = deployment.new_password("bob")
    visitor = Visitor(deployment.url)
    assert "form invalid" in visitor.sign_in("bob", password, xsrf="made up")
    assert not visitor.signed_in()
    assert visitor.sign_in("bob", password) == ""
    assert visitor.signed_in()
