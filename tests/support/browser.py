"""What a person does in the browser: sign in, use JupyterLab, sign out; all through the pages themselves."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from weakref import WeakSet

from playwright.sync_api import Browser, Error, Locator, Page, expect, sync_playwright

CHROMIUM = "/usr/bin/chromium"
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
START_ATTEMPTS = 15
START_MILLISECONDS = 2000

USER_FIELD = "#username_input"
PASSWORD_FIELD = "#password_input"
SUBMIT = "#login_submit"
NOTEBOOK_IN_FRONT = ".jp-NotebookPanel:not(.lm-mod-hidden)"
ACTIVE_CELL = ".jp-CodeCell.jp-mod-active"
PROMPT = ".jp-InputArea-prompt"
NOT_RUN = "[ ]:"
PYTHON_CARD = '.jp-LauncherCard[data-category="Notebook"][title*="Python 3"]'


# Every container that starts adds a network interface to this machine, and Chromium then breaks off all its requests
# (ERR_NETWORK_CHANGED). JupyterLab says this when one of its own was hit. Where the server is away in truth, what
# comes next fails all the same.
BROKEN_OFF = re.compile("Server unavailable or unreachable|Error Loading Theme|File Load Error")
NETWORK_CHANGED = "ERR_NETWORK_CHANGED"
VISIT_ATTEMPTS = 5
# Pages of which a request was broken off for that reason since they were loaded.
incomplete: WeakSet[Page] = WeakSet()


@contextmanager
def launch() -> Iterator[Browser]:
    """Yield Debian's Chromium, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


def open_page(browser: Browser, *, ignore_https_errors: bool = True) -> Page:
    """Open a page in a fresh context: no cookie of any other page.

    The certificate is not checked unless asked for, because the generated pair is signed by itself.
    """
    context = browser.new_context(ignore_https_errors=ignore_https_errors, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PAGE_SECONDS * 1000)
    page = context.new_page()
    page.on("requestfailed", lambda request: NETWORK_CHANGED in (request.failure or "") and incomplete.add(page))
    page.add_locator_handler(page.get_by_text(BROKEN_OFF), lambda: page.get_by_role("button", name="Dismiss").click())
    return page


def visit(page: Page, url: str) -> None:
    """Open `url`, again when the loading was broken off because the machine's networks changed (see BROKEN_OFF)."""
    for _ in range(VISIT_ATTEMPTS):
        try:
            page.goto(url, wait_until="domcontentloaded")
        except Error as error:
            # The page of that error may come so late that it breaks off the next navigation.
            if NETWORK_CHANGED not in error.message and "chrome-error://" not in error.message:
                raise
        else:
            return
    raise AssertionError(f"{url} could not be loaded: the networks changed {VISIT_ATTEMPTS} times meanwhile")


def sign_in(page: Page, url: str, user: str, password: str) -> None:
    """Fill in the login form at `url` and submit it. A refusal is an AssertionError with the page's message."""
    for attempt in range(VISIT_ATTEMPTS):
        visit(page, f"{url}/hub/login")
        if attempt and not page.locator(SUBMIT).count():
            return  # signed in: only the page that came then was broken off
        page.fill(USER_FIELD, user)
        page.fill(PASSWORD_FIELD, password)
        try:
            with page.expect_navigation(wait_until="domcontentloaded"):
                page.click(SUBMIT)
        except Error as error:
            if NETWORK_CHANGED not in error.message:
                raise
            continue
        if page.locator(SUBMIT).count():
            refusal = " ".join(page.locator(".login_error").all_inner_texts())
            raise AssertionError(f"{user} could not sign in: {refusal or page.locator('body').inner_text()}")
        return
    raise AssertionError(f"{user} could not sign in: the networks changed {VISIT_ATTEMPTS} times meanwhile")


def sign_out(page: Page, url: str) -> None:
    """Use the hub's Logout button; returns when the hub no longer knows the browser."""
    visit(page, f"{url}/hub/home")
    page.click("#logout")
    page.wait_for_load_state("load")
    visit(page, f"{url}/hub/home")
    expect(page.locator(SUBMIT)).to_be_visible()


def wait_for_lab(page: Page) -> None:
    """Wait until JupyterLab can be used, from the hub's page of a pending server on if need be."""

    def see() -> None:
        expect(page.locator("#jp-MainMenu .lm-MenuBar-item").first).to_be_visible(timeout=SPAWN_SECONDS * 1000)
        expect(page.locator("#jupyterlab-splash")).to_have_count(0, timeout=PAGE_SECONDS * 1000)

    wait_for_whole(page, "JupyterLab", see)


def wait_for_whole(page: Page, what: str, see: Callable[[], None]) -> None:
    """Wait until a page is there: `see` expects what is seen then.

    It is loaded again when requests for parts of it were broken off.
    """
    for _ in range(VISIT_ATTEMPTS):
        try:
            see()
        except AssertionError:
            if page not in incomplete:
                raise
        if page not in incomplete:
            return
        incomplete.discard(page)
        visit(page, page.url)
    raise AssertionError(f"{what} could not be loaded: the networks changed {VISIT_ATTEMPTS} times meanwhile")


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
    """Run the cell that has the cursor; returns when JupyterLab has taken it up ("[*]:" or already "[1]:").

    A new notebook claims to be idle before its kernel is attached, and then silently drops the request.
    """
    for _ in range(START_ATTEMPTS):
        page.keyboard.press("Control+Enter")
        try:
            expect(cell.locator(PROMPT)).not_to_have_text(NOT_RUN, timeout=START_MILLISECONDS)
        except AssertionError:
            continue
        return
    raise AssertionError(f"JupyterLab did not run the cell in {START_ATTEMPTS} attempts")


def open_notebook(page: Page) -> Locator:
    """Return the notebook in front, its kernel idle; without one, a new notebook with Python 3 is opened."""
    notebook = page.locator(NOTEBOOK_IN_FRONT)
    if not notebook.is_visible():
        open_launcher(page).locator(PYTHON_CARD).click()
    idle = notebook.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
    try:
        expect(idle).to_be_visible(timeout=PAGE_SECONDS * 1000)
    except AssertionError:
        if page not in incomplete:
            raise
        wait_for_lab(page)  # loads it again, with the notebook that was open
        expect(idle).to_be_visible(timeout=PAGE_SECONDS * 1000)
    return notebook


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
