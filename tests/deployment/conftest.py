"""Fixtures for tests against a real Engine: deployments, their containers, a browser.

These tests must not be `async def`: while the browser is open, Playwright runs an event loop of its own in this
process. The kernel client and the load loops are synchronous for the same reason.
"""

import re
from collections.abc import Callable, Generator
from contextlib import contextmanager

import pytest
import testinfra
from playwright.sync_api import Browser, Page
from testinfra.host import Host

from support import browser as browser_support
from support.deployment import PREFIX, Deployment, free_port, settings_for
from support.pages import Look, problems
from support.results import results_directory, results_root

USERLIST = "admin admin\nalice\nbob\n"

type MakeDeployment = Callable[..., Deployment]
type NewPage = Callable[..., Page]

deployments = pytest.StashKey[list[Deployment]]()
pages = pytest.StashKey[list[Page]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """When a test or a fixture of it fails, save every deployment's logs and a picture of every open page."""
    report = yield
    if report.failed:
        directory = results_directory(item)
        for deployment in item.config.stash.get(deployments, []):
            deployment.save_logs(directory)
        for number, page in enumerate(item.stash.get(pages, [])):
            page.screenshot(path=directory / f"page-{number}.png")
    return report


@contextmanager
def making_deployments(config: pytest.Config, directories: pytest.TempPathFactory) -> Generator[MakeDeployment]:
    """Yield a function that makes deployments; afterwards, remove those it made."""
    made: list[Deployment] = []
    known = config.stash.setdefault(deployments, [])

    def make(name: str, **settings: str) -> Deployment:
        # No dash: what belongs to `jhtest-x` would count as the property of `jhtest`, too.
        assert re.fullmatch(rf"{PREFIX}[a-z0-9]*", name), f"{name!r} is not {PREFIX} and letters or digits"
        root = directories.mktemp(name) / "repository"
        deployment = Deployment.create(root, settings_for(name, free_port(), free_port()) | settings)
        made.append(deployment)
        known.append(deployment)
        return deployment

    try:
        yield make
    finally:
        for deployment in made:
            known.remove(deployment)
            deployment.destroy()


@pytest.fixture(scope="session")
def deployment(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Generator[Deployment]:
    """The deployment that most tests share, running: the users are admin (administrator), alice and bob."""
    with making_deployments(pytestconfig, tmp_path_factory) as make:
        shared = make(PREFIX)
        shared.write("userlist", USERLIST)
        shared.up()
        yield shared


@pytest.fixture(scope="module")
def hub(deployment: Deployment) -> Deployment:
    """The deployment that the tests of a module are about: the shared one, unless the module has its own `hub`."""
    return deployment


@pytest.fixture(scope="module")
def token(hub: Deployment) -> str:
    """An administrator's API token of that deployment."""
    return hub.token()


@pytest.fixture(scope="module")
def make_deployment(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Generator[MakeDeployment]:
    """`make_deployment(name, **settings)`: a further deployment, not yet built; removed after the module.

    Names start with PREFIX and have no dash; ports are free ones unless `settings` say otherwise.
    """
    with making_deployments(pytestconfig, tmp_path_factory) as make:
        yield make


@pytest.fixture(scope="session")
def container_host() -> Callable[[str], Host]:
    """`container_host(container)`: testinfra inside a running container."""
    return lambda container: testinfra.get_host(f"docker://{container}")


@pytest.fixture(scope="session")
def browser() -> Generator[Browser]:
    """Debian's Chromium."""
    with browser_support.launch() as chromium:
        yield chromium


@pytest.fixture
def new_page(request: pytest.FixtureRequest, browser: Browser) -> Generator[NewPage]:
    """`new_page(ignore_https_errors=True)`: a page in a fresh context, as a person at another machine has.

    When the test fails, a picture of each is saved.
    """
    opened: list[Page] = []
    request.node.stash[pages] = opened

    def make(*, ignore_https_errors: bool = True) -> Page:
        page = browser_support.open_page(browser, ignore_https_errors=ignore_https_errors)
        opened.append(page)
        return page

    yield make
    while opened:
        opened.pop().context.close()


@pytest.fixture(scope="session")
def look(pytestconfig: pytest.Config) -> Look:
    """`look(page, name)`: an open page has no problem in any of its forms; --pictures keeps a picture of each."""
    pictures = results_root() / "pages" if pytestconfig.getoption("pictures") else None
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)

    def look(page: Page, name: str) -> None:
        assert problems(page, name, pictures) == []

    return look


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """A page in a fresh context, for tests that need only one."""
    return new_page()
