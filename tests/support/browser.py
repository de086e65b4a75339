"""What a person does in the browser: sign in, use JupyterLab, sign out; all through the pages themselves."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from support.deployment import PREFIX
from support.docker import docker
from support.waiting import wait_for

CONTAINER = f"{PREFIX}browser"
IMAGE = os.environ.get("TEST_IMAGE", "")
PORT = 3000
START_SECONDS = 30
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PAGE_SECONDS = 30
SPAWN_SECONDS = 120
CELL_SECONDS = 60

LAUNCHER_MILLISECONDS = 3000

USER_FIELD = "#username_input"
PASSWORD_FIELD = "#password_input"
SUBMIT = "#login_submit"
NOTEBOOK_IN_FRONT = ".jp-NotebookPanel:not(.lm-mod-hidden)"
ACTIVE_CELL = ".jp-CodeCell.jp-mod-active"
PROMPT = ".jp-InputArea-prompt"
# JupyterLab's status bar, and where Notebook 7 shows that a kernel is starting. The indicator beside the notebook says
# "idle" before there is a kernel, and JupyterLab silently drops a cell that is run then.
KERNEL_IDLE = '#jp-main-statusbar :text-matches("\\\\| Idle$"), .jp-NotebookKernelStatus-fade'
PYTHON_CARD = '.jp-LauncherCard[data-category="Notebook"][title*="Python 3"]'


@contextmanager
def launch() -> Iterator[Browser]:
    """Yield Debian's Chromium, without a window, in a container of its own; its requests are made from here.

    Chromium breaks off all requests (ERR_NETWORK_CHANGED) when an interface appears where it runs, and every container
    that starts adds one to this machine. Its own container has one that never changes.
    """
    server = ("playwright", "run-server", "--unsafe", "--host", "0.0.0.0", "--port", str(PORT))
    docker("rm", "--force", CONTAINER, check=False)
    docker("run", "--detach", "--name", CONTAINER, "--shm-size", "512m", IMAGE, *server)
    address = docker("inspect", "--format", "{{.NetworkSettings.IPAddress}}", CONTAINER).stdout.strip()
    options = {"x-playwright-launch-options": json.dumps({"executablePath": "/usr/bin/chromium", "args": ARGS})}
    try:
        with sync_playwright() as playwright:
            connect = playwright.chromium.connect
            browser = wait_for(
                lambda: connect(f"ws://{address}:{PORT}", expose_network="*", headers=options),
                START_SECONDS,
                "the browser",
            )
            yield browser
            browser.close()
    finally:
        docker("rm", "--force", CONTAINER)


def open_page(browser: Browser, *, ignore_https_errors: bool = True) -> Page:
    """Open a page in a fresh context: no cookie of any other page.

    The certificate is not checked unless asked for, because the generated pair is signed by itself.
    """
    context = browser.new_context(ignore_https_errors=ignore_https_errors, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PAGE_SECONDS * 1000)
    page = context.new_page()
    # JupyterLab opens again what was open when the server ended, and asks for the kernel of a notebook never saved.
    asks = page.get_by_role("dialog").filter(has_text="Select Kernel")
    page.add_locator_handler(asks, lambda dialog: dialog.locator(".jp-mod-accept").click())
    return page


def visit(page: Page, url: str) -> None:
    """Open `url`; returns when its text is there.

    The page is left first: that of a pending server loads itself again, which would break this off.
    """
    page.goto("about:blank")
    page.goto(url, wait_until="domcontentloaded")


def sign_in(page: Page, url: str, user: str, password: str) -> None:
    """Fill in the login form at `url` and submit it. A refusal is an AssertionError with the page's message."""
    visit(page, f"{url}/hub/login")
    page.fill(USER_FIELD, user)
    page.fill(PASSWORD_FIELD, password)
    with page.expect_navigation(wait_until="domcontentloaded"):
        page.click(SUBMIT)
    if page.locator(SUBMIT).count():
        refusal = " ".join(page.locator(".login_error").all_inner_texts())
        raise AssertionError(f"{user} could not sign in: {refusal or page.locator('body').inner_text()}")


def press(page: Page, button: str) -> None:
    """Click a button of the hub's own pages once their script has taken it up, which the page says."""
    page.wait_for_function("window._jupyterhub_page_loaded")
    page.click(button)


def sign_out(page: Page, url: str) -> None:
    """Use the hub's Logout button; returns when the hub no longer knows the browser."""
    visit(page, f"{url}/hub/home")
    with page.expect_navigation(wait_until="domcontentloaded"):
        page.click("#logout")
    visit(page, f"{url}/hub/home")
    expect(page.locator(SUBMIT)).to_be_visible()


def wait_for_lab(page: Page) -> None:
    """Wait until JupyterLab can be used, from the hub's page of a pending server on if need be."""
    expect(page.locator("#jp-MainMenu .lm-MenuBar-item").first).to_be_visible(timeout=SPAWN_SECONDS * 1000)
    expect(page.locator("#jupyterlab-splash")).to_have_count(0, timeout=PAGE_SECONDS * 1000)


def run_cell(page: Page, code: str, timeout: float = CELL_SECONDS) -> str:
    """Type `code` into a new cell, run it, and return its outputs' text, errors too, joined by newlines.

    Uses the notebook in front, or opens a new one with Python 3. JupyterLab must be there already.
    """
    notebook = open_notebook(page)
    add_empty_cell(page, notebook)
    # In one go: single keys would fight with the editor's closing brackets and indents.
    page.keyboard.insert_text(code)
    cell = notebook.locator(ACTIVE_CELL)
    start_cell(page, cell)
    expect(cell.locator(PROMPT)).to_have_text(re.compile(r"\[\d+\]:"), timeout=timeout * 1000)
    return "\n".join(text.strip("\n") for text in cell.locator(".jp-OutputArea-output").all_inner_texts())


def start_cell(page: Page, cell: Locator) -> None:
    """Run the cell that has the cursor; its kernel must be there. Returns when it runs ("[*]:") or did ("[1]:")."""
    page.keyboard.press("Control+Enter")
    expect(cell.locator(PROMPT)).not_to_have_text("[ ]:", timeout=PAGE_SECONDS * 1000)


def open_notebook(page: Page) -> Locator:
    """Return the notebook in front, its kernel idle; without one, a new notebook with Python 3 is opened."""
    notebook = page.locator(NOTEBOOK_IN_FRONT)
    if not notebook.is_visible():
        open_launcher(page).locator(PYTHON_CARD).click()
    expect(notebook).to_be_visible(timeout=PAGE_SECONDS * 1000)
    wait_for_kernel(page)
    return notebook


def wait_for_kernel(page: Page) -> None:
    """Wait until the page is connected to its kernel, and the kernel does nothing."""
    expect(page.locator(KERNEL_IDLE)).to_be_visible(timeout=PAGE_SECONDS * 1000)


def open_launcher(page: Page) -> Locator:
    """Return the launcher in front; JupyterLab shows one by itself only when nothing else is open."""
    launcher = page.locator(".jp-Launcher").filter(visible=True).first
    try:
        expect(launcher).to_be_visible(timeout=LAUNCHER_MILLISECONDS)
    except AssertionError:
        page.keyboard.press("Control+Shift+L")
    expect(launcher.locator(PYTHON_CARD)).to_be_visible(timeout=PAGE_SECONDS * 1000)
    return launcher


def add_empty_cell(page: Page, notebook: Locator) -> None:
    """Put an empty cell below the active one and the cursor into it."""
    notebook.locator(ACTIVE_CELL).locator(PROMPT).click()
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    expect(notebook.locator(f"{ACTIVE_CELL} .cm-content")).to_be_focused()
    expect(notebook.locator(f"{ACTIVE_CELL} .cm-content")).to_have_text("")
