"""A subdomain for each user: signing in, working, and what a page of one's server can reach of others."""

import re
import socket
import ssl
from collections.abc import Callable, Generator

import pytest
import requests
from playwright.sync_api import Page, expect

from support.browser import SUBMIT, run_cell, sign_in, sign_out, visit, wait_for_lab
from support.certificates import Signer
from support.deployment import PREFIX, Deployment
from support.kernel import Kernel
from support.names import resolving
from support.people import Visitor
from support.servers import UserServer, running
from support.waiting import wait_for

HOST = "hub.example.test"
USERLIST = "admin admin\nalice\nbob\n"
PATH = "/jupyter"
# What a script of a page may try: to read an address, and to open it and look inside.
READ = """async (address) => {
  try { return await (await fetch(address, {credentials: "include"})).text() } catch (error) { return String(error) }
}"""
OPEN = "(address) => { window.opened = window.open(address) }"
LOOK = """() => {
  try { return window.opened.document.documentElement.outerHTML } catch (error) { return String(error) }
}"""


@pytest.fixture(scope="module")
def hub(make_deployment: Callable[..., Deployment]) -> Generator[Deployment]:
    """A hub with subdomains, below a path; its address is that of HOST."""
    hub = make_deployment(f"{PREFIX}sub", JUPYTERHUB_BASE_URL=PATH, NAMED_SERVER_LIMIT="1")
    hub.set_env(JUPYTERHUB_SUBDOMAIN_HOST=f"https://{HOST}:{hub.settings['HTTPS_PORT']}")
    hub.write("userlist", USERLIST)
    with resolving([HOST, *(f"{name}.{HOST}" for name in ("admin", "alice", "bob", "nobody"))]):
        output = hub.up()
        assert f"  Address           {hub.url}\n" in output.stdout
        yield hub


@pytest.fixture(scope="module")
def tokens(hub: Deployment) -> dict[str, str]:
    """Tokens of alice and bob, whose servers run."""
    found = {name: hub.token(name) for name in ("alice", "bob")}
    for name, token in found.items():
        UserServer(hub, name, token).running()
    return found


def at(hub: Deployment, name: str) -> str:
    """The address of somebody's subdomain, with the hub's path."""
    return hub.url.replace(HOST, f"{name}.{HOST}")


def get(address: str, **headers: str) -> requests.Response:
    return requests.get(address, headers=headers, verify=False, timeout=60, allow_redirects=False)


def server(hub: Deployment, name: str) -> str:
    return f"{at(hub, name)}/user/{name}"


# --- Working ---


def test_people_land_on_their_own_subdomain(hub: Deployment, new_page: Callable[..., Page]) -> None:
    for name in ("alice", "bob"):
        page = new_page()
        sign_in(page, hub.url, name, hub.password(name))
        wait_for_lab(page)
        assert page.url.startswith(f"{server(hub, name)}/lab")
        assert run_cell(page, "import os\nprint(os.environ['JUPYTERHUB_USER'])") == name
        logins = {cookie["name"]: cookie for cookie in page.context.cookies() if "jupyterhub" in cookie["name"]}
        domains = {name: cookie["domain"] for name, cookie in logins.items()}
        # Only that there is a session is known everywhere: its name, which opens nothing.
        assert domains == {
            "__Host-jupyterhub-hub-login": HOST,
            f"__Host-jupyterhub-user-{name}": f"{name}.{HOST}",
            "jupyterhub-session-id": f".{HOST}",
        }
        assert {cookie["secure"] for cookie in logins.values()} == {True}

        sign_out(page, hub.url)
        visit(page, f"{server(hub, name)}/lab")
        expect(page).to_have_url(re.compile(f"^{re.escape(hub.url)}/hub/login"))


def test_a_program_uses_a_kernel_at_the_subdomain(hub: Deployment, tokens: dict[str, str]) -> None:
    with Kernel(at(hub, "alice"), "alice", tokens["alice"]) as kernel:
        assert kernel.execute("6 * 7").text == "42"


def test_a_named_server_is_at_its_owners_subdomain(hub: Deployment, tokens: dict[str, str]) -> None:
    token = tokens["bob"]
    assert hub.api("POST", "/users/bob/servers/second", token=token).status_code in {201, 202}

    def ready() -> str:
        second = hub.api("GET", "/users/bob", token=token).json()["servers"]["second"]
        return second["full_url"] if second["ready"] else ""

    address = wait_for(ready, 60, "bob's second server")
    assert address == f"{server(hub, 'bob')}/second/"
    answer = get(f"{address}api/status", Authorization=f"token {token}")
    assert answer.status_code == 200
    hub.api("DELETE", "/users/bob/servers/second", token=token, json={"remove": True})


def test_the_pair_is_for_all_the_names(hub: Deployment) -> None:
    context = ssl.create_default_context(cafile=hub.root / "secrets/jupyterhub.crt")
    for name in (HOST, f"alice.{HOST}"):
        port = int(hub.settings["HTTPS_PORT"])
        with (
            socket.create_connection((name, port)) as connection,
            context.wrap_socket(connection, server_hostname=name) as tls,
        ):
            assert tls.version() == "TLSv1.3"


def test_a_pair_that_lacks_the_names_is_warned_of(hub: Deployment) -> None:
    files = [hub.root / "secrets" / f"jupyterhub.{suffix}" for suffix in ("crt", "key")]
    before = [file.read_bytes() for file in files]
    pair = Signer("hub.example.test", names=("hub.example.test",))
    for file, content in zip(files, (pair.pem, pair.private()), strict=True):
        file.write_bytes(content)
    other = hub.make("build", env={"JUPYTERHUB_SUBDOMAIN_HOST": "https://other.example.test"})
    assert "is not for *.other.example.test and other.example.test" in other.stderr
    for file, content in zip(files, before, strict=True):
        file.write_bytes(content)
    hub.make("build")


# --- Addresses ---


def test_the_address_of_a_stopped_server_leads_back_to_the_hub(hub: Deployment) -> None:
    visitor = Visitor(hub.url)
    assert visitor.sign_in("admin", hub.password("admin")) == ""
    back = get(f"{server(hub, 'admin')}/lab")
    assert (back.status_code, back.headers["Location"]) == (302, f"{hub.url}/hub/user/admin/lab")
    page = visitor.get("/hub/user/admin/lab")
    assert page.status_code == 424
    assert "/hub/spawn/admin" in page.text


@pytest.mark.parametrize("name", ["alice", "bob", "nobody"])
def test_the_hub_itself_is_at_no_subdomain(hub: Deployment, tokens: dict[str, str], name: str) -> None:
    assert tokens
    for path in ("/hub/login?next=x", "/hub", "/hub/", "/hub/api/users", "/hub/logo"):
        answer = get(at(hub, name) + path)
        assert (answer.status_code, answer.headers["Location"]) == (302, hub.url + path)
    form = {"username": "alice", "password": "whatever it is"}
    for path in ("/hub/login", "/hub/login?next=x"):
        posted = requests.post(at(hub, name) + path, data=form, verify=False, timeout=60, allow_redirects=False)
        assert (posted.status_code, posted.headers.get("Set-Cookie")) == (403, None)


def test_a_server_is_at_its_own_subdomain_alone(hub: Deployment, tokens: dict[str, str]) -> None:
    path = "/user/alice/api/contents"
    authorization = f"token {tokens['alice']}"
    assert get(at(hub, "alice") + path, Authorization=authorization).status_code == 200
    for address in (hub.url, at(hub, "bob"), at(hub, "nobody")):
        answer = get(address + path, Authorization=authorization)
        assert (answer.status_code, answer.headers.get("Location")) == (302, f"{hub.url}/hub{path}")


def test_unexpected_hosts_end_at_the_hub(hub: Deployment) -> None:
    by_number = f"https://127.0.0.1:{hub.settings['HTTPS_PORT']}"
    root = get(f"https://{HOST}:{hub.settings['HTTPS_PORT']}/")
    assert (root.status_code, root.headers["Location"]) == (302, f"{hub.url}/hub/")
    for host in ("evil.example.org", f"evil{HOST}", f"{HOST}.evil.example.org", "..", "[::1]", "127.0.0.1"):
        answer = get(f"{by_number}/", Host=host)
        assert (answer.status_code, answer.headers["Location"]) == (302, f"{hub.url}/hub/")


# --- What subdomains protect ---


def enter(page: Page, address: str) -> None:
    """Open JupyterLab of somebody else's server, which the hub asks about once."""
    visit(page, f"{address}/lab")
    if "/oauth2/authorize" in page.url:
        page.get_by_role("button", name="Authorize").click()
    wait_for_lab(page)


def look_inside(page: Page, address: str) -> tuple[str, str]:
    """Let a script of the page open an address: what the person sees there then, and what the script does."""
    with page.expect_popup() as opened:
        page.evaluate(OPEN, address)
    popup = opened.value
    popup.wait_for_load_state("load")
    seen, found = popup.content(), page.evaluate(LOOK)
    popup.close()
    return seen, found


def read(page: Page, address: str) -> str:
    """What a script of the page gets for a request with the person's cookies."""
    return page.evaluate(READ, address)


def test_a_page_of_alice_cannot_read_the_hub_or_bob(hub: Deployment, tokens: dict[str, str], page: Page) -> None:
    """The administrator looks at bob's server, then at alice's, where her scripts can do what they like."""
    assert tokens
    sign_in(page, hub.url, "admin", hub.password("admin"))
    for name in ("bob", "alice"):
        enter(page, server(hub, name))
    # The last one is her own address, which leads to the hub.
    for address, text in {
        f"{hub.url}/hub/token": "Request new API token",
        f"{server(hub, 'bob')}/api/contents": '"last_modified"',
        f"{at(hub, 'alice')}/hub/token": "Request new API token",
    }.items():
        seen, found = look_inside(page, address)
        assert text in seen
        assert "SecurityError" in found
        assert "Failed to fetch" in read(page, address)
    # Of her own server she can read what it answers, here that a token against forgery is missing.
    assert '"message"' in read(page, f"{server(hub, 'alice')}/api/contents")


@pytest.fixture
def server_without_subdomains(deployment: Deployment) -> Generator[None]:
    """Alice's server at the deployment that the tests share."""
    with running(deployment, "alice", deployment.token()):
        yield


@pytest.mark.usefixtures("server_without_subdomains")
def test_without_subdomains_it_can(deployment: Deployment, page: Page) -> None:
    """The contrast: what the test above shows is no matter of course."""
    sign_in(page, deployment.url, "admin", deployment.password("admin"))
    enter(page, f"{deployment.url}/user/alice")
    _, found = look_inside(page, f"{deployment.url}/hub/token")
    assert "Request new API token" in found


def test_a_page_of_alice_cannot_plant_a_session_at_the_hub(hub: Deployment, tokens: dict[str, str], page: Page) -> None:
    assert tokens
    sign_in(page, hub.url, "admin", hub.password("admin"))
    enter(page, server(hub, "alice"))
    planted = Visitor(hub.url)
    assert planted.sign_in("bob", hub.password("bob")) == ""
    (session,) = [cookie for cookie in planted.session.cookies if cookie.name.endswith("jupyterhub-hub-login")]
    for name in (session.name, "jupyterhub-hub-login"):
        cookie = f"{name}={session.value}; domain={HOST}; path={PATH}/hub/; secure"
        page.evaluate("(cookie) => { document.cookie = cookie }", cookie)
    page.context.clear_cookies(name="__Host-jupyterhub-hub-login")
    visit(page, f"{hub.url}/hub/home")
    expect(page.locator(SUBMIT)).to_be_visible()
