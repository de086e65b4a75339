"""Behind nginx, at a path beside another site; and what clients may say of themselves, behind nginx and without it."""

import re
import socket
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect
from websocket import WebSocketConnectionClosedException

from support.browser import run_cell, sign_in, sign_out, visit, wait_for_lab
from support.clients import FORGED, Client, get_from, logged_address, new_page
from support.deployment import PREFIX, Deployment, free_port
from support.kernel import Kernel
from support.people import Visitor, users
from support.waiting import wait_for

PATH = "/jupyter"
USERLIST = "admin admin\nalice\nbob\n"
SITE = "examples/reverse-proxy/jupyterhub.conf"
OVERLAY = "docker-compose.yml:examples/reverse-proxy/docker-compose.yml"
MEGABYTES = 8
# For the wait below: shorter than the 60 s of nginx's default, which would make the test as long.
SHORT_SECONDS = 3
# The hub's own cookies of somebody who has signed in.
SESSION = {"jupyterhub-hub-login", "jupyterhub-session-id"}


@pytest.fixture(scope="module")
def ports() -> tuple[int, int]:
    """Those of nginx, in place of 443 and 80."""
    return free_port(), free_port()


@pytest.fixture(scope="module")
def hub(make_deployment: Callable[..., Deployment], ports: tuple[int, int]) -> Deployment:
    """The example as its page has it, but for the ports."""
    hub = make_deployment(f"{PREFIX}nginx", TLS="off", JUPYTERHUB_BASE_URL=f"{PATH}/", COMPOSE_FILE=OVERLAY)
    hub.settings.pop("BIND_ADDRESS")  # the default is this machine
    hub.write("userlist", USERLIST)
    site = (hub.root / SITE).read_text()
    swapped = {"listen 443 ": f"listen {ports[0]} ", "listen 80;": f"listen {ports[1]};"}
    swapped["127.0.0.1:8000"] = f"127.0.0.1:{hub.settings['HTTP_PORT']}"
    for ours, others in swapped.items():
        assert site.count(ours) == 1
        site = site.replace(ours, others)
    hub.write(SITE, site)
    output = hub.up().stdout
    assert f"  Address           http://localhost:{hub.settings['HTTP_PORT']}{PATH}\n" in output
    return hub


@pytest.fixture(scope="module")
def origin(ports: tuple[int, int]) -> str:
    """Where nginx is."""
    return f"https://127.0.0.1:{ports[0]}"


@pytest.fixture(scope="module")
def url(origin: str) -> str:
    """The hub's address, at nginx."""
    return origin + PATH


@pytest.fixture(scope="module")
def elsewhere(hub: Deployment) -> Client:
    """A client in a network where nobody else is."""
    network = f"{hub.project}-elsewhere"
    hub.docker("network", "create", network)
    return Client(hub, "elsewhere", network)


@pytest.fixture(scope="module")
def alice_token(hub: Deployment) -> str:
    """A token of alice, whose server runs."""
    token = hub.token("alice")
    hub.start_server("alice", token=token)
    return token


def get(address: str) -> requests.Response:
    return requests.get(address, verify=False, timeout=60, allow_redirects=False)


# --- Through nginx ---


def test_a_person_works_through_nginx(hub: Deployment, url: str, page: Page) -> None:
    sign_in(page, url, "bob", hub.password("bob"))
    wait_for_lab(page)
    assert page.url.startswith(f"{url}/user/bob/lab")
    assert run_cell(page, "import os\nprint(os.environ['JUPYTERHUB_USER'])") == "bob"
    names = {cookie["name"]: cookie for cookie in page.context.cookies()}
    assert names.keys() == {*SESSION, "jupyterhub-user-bob", "_xsrf"}
    assert [name for name, cookie in names.items() if not cookie["secure"]] == ["_xsrf"]  # opens nothing by itself
    assert {cookie["path"].startswith(f"{PATH}/") for cookie in names.values()} == {True}

    visit(page, f"{url}/hub/home")
    page.get_by_role("link", name="Change Password").click()
    expect(page).to_have_url(f"{url}/hub/change-password")
    sign_out(page, url)
    for path in ("/hub/home", "/user/bob/lab"):
        visit(page, f"{url}{path}")
        expect(page).to_have_url(re.compile(f"^{re.escape(url)}/hub/login"))


def test_signing_up_and_approving(hub: Deployment, url: str) -> None:
    answer = Visitor(url).sign_up("kaylee", "the engine hums at night")
    assert "administrator" in answer, answer
    admin = Visitor(url)
    assert admin.sign_in("admin", hub.password("admin")) == ""
    links = set(
        re.findall(r'(?:href|action)="([^"]*/hub/(?:authorize|discard)[^"]*)"', admin.get("/hub/authorize").text)
    )
    assert links
    assert {link.startswith(f"{PATH}/hub/") for link in links} == {True}
    admin.post("/hub/authorize/kaylee", {"authorized": "yes"}, admin.xsrf("/hub/authorize"))
    assert Visitor(url).sign_in("kaylee", "the engine hums at night") == ""


def test_files_go_both_ways(hub: Deployment, url: str, alice_token: str) -> None:
    content = "serenity " * (MEGABYTES * 1024**2 // 9)
    address = f"{url}/user/alice/api/contents/big.txt"
    headers = {"Authorization": f"token {alice_token}"}
    sent = requests.put(
        address,
        json={"type": "file", "format": "text", "content": content},
        headers=headers,
        verify=False,
        timeout=60,
    )
    assert sent.status_code == 201, sent.text
    file = requests.get(f"{url}/user/alice/files/big.txt", headers=headers, verify=False, timeout=60)
    assert (file.status_code, file.text == content) == (200, True)
    assert "buffered to a temporary file" not in hub.logs("nginx")


def test_a_long_message_of_a_widget_arrives(url: str, alice_token: str) -> None:
    """Of 11 MB: a widget uploads a file in one message, and Tornado's own limit is 10 MiB."""
    with Kernel(url, "alice", alice_token) as kernel:
        assert kernel.execute(f"print(len('{'x' * 11_000_000}'))").text == "11000000\n"


def test_cookies_of_other_applications_do_not_keep_anybody_out(hub: Deployment, url: str) -> None:
    for address in (url, hub.url):
        cookies = {"Cookie": f"another={'x' * 50_000}"}
        assert requests.get(f"{address}/hub/login", headers=cookies, verify=False, timeout=60).status_code == 200, (
            address
        )


def test_the_path_without_its_slash_leads_to_the_hub(origin: str, url: str) -> None:
    answer = get(url)
    assert (answer.status_code, answer.headers["Location"]) == (301, f"{origin}{PATH}/")


def effective(hub: Deployment) -> str:
    """What nginx has read, all files of Debian's included."""
    return hub.docker("exec", f"{hub.project}-nginx", "nginx", "-T", "-q").stdout


def location(hub: Deployment) -> str:
    """The part of it for the hub."""
    found = re.search(rf"location {PATH}/ {{(.*?)\n    }}", effective(hub), re.DOTALL)
    assert found
    return found[1]


@contextmanager
def silence_allowed(hub: Deployment, seconds: str) -> Generator[None]:
    """For a while, nginx runs with other time limits."""
    before = (hub.root / SITE).read_text()
    hub.write(SITE, re.sub(r"(_timeout) \w+;", rf"\1 {seconds};", before))
    try:
        apply_site(hub)
        yield
    finally:
        hub.write(SITE, before)
        apply_site(hub)


def apply_site(hub: Deployment) -> None:
    hub.compose("build", "nginx")
    hub.compose("up", "--detach", "--wait", "--no-deps", "nginx")


def test_a_silent_cell_keeps_its_connection(hub: Deployment, url: str, alice_token: str) -> None:
    """The default of nginx is too long to wait for: a shorter limit shows what it does, the example's is a day."""
    silent = f"import time; time.sleep({SHORT_SECONDS + 2}); print('done')"
    with Kernel(url, "alice", alice_token) as kernel:
        assert kernel.execute(silent).text == "done\n"
    with silence_allowed(hub, f"{SHORT_SECONDS}s"):
        kernel = Kernel(url, "alice", alice_token)
        begin = time.monotonic()
        with pytest.raises(WebSocketConnectionClosedException):
            kernel.execute(silent)
        assert time.monotonic() - begin < SHORT_SECONDS + 2
        kernel.request("DELETE", f"{kernel.api}/{kernel.id}")
    assert re.findall(r"proxy_(read|send)_timeout\s+(\w+);", location(hub)) == [("read", "1d"), ("send", "1d")]


def test_nginx_hands_on_what_the_hub_needs(hub: Deployment) -> None:
    headers = dict(re.findall(r"proxy_set_header (\S+)\s+(\S+);", location(hub)))
    assert headers == {
        "Upgrade": "$http_upgrade",
        "Connection": "$connection_upgrade",
        "Host": "$http_host",
        "X-Forwarded-For": "$remote_addr",
        "X-Forwarded-Proto": "$scheme",
    }


def test_another_site_is_beside_the_hub(origin: str, url: str, ports: tuple[int, int]) -> None:
    assert "Another site" in get(f"{origin}/").text
    assert get(f"{origin}/hub/login").text == get(f"{origin}/").text
    assert get(url).headers["Location"] == f"{url}/"
    assert get(f"{url}/").headers["Location"].removeprefix(origin) == f"{PATH}/hub/"
    plain = get(f"http://127.0.0.1:{ports[1]}{PATH}/hub/login?next=x")
    assert (plain.status_code, plain.headers["Location"]) == (301, f"https://127.0.0.1{PATH}/hub/login?next=x")


@pytest.mark.parametrize("version", ["1.1", "1.2", "1.3"])
def test_nginx_speaks_tls_1_2_and_1_3(hub: Deployment, ports: tuple[int, int], version: str) -> None:
    flag = f"-tls{version.replace('.', '_')}"
    command = ("openssl", "s_client", "-connect", f"127.0.0.1:{ports[0]}", flag, "-cipher", "ALL:@SECLEVEL=0")
    done = hub.run(*command, check=False)
    assert (f"TLSv{version}, Cipher is" in done.stdout and "(NONE)" not in done.stdout) == (version != "1.1"), (
        done.stdout + done.stderr
    )


def test_the_key_is_in_no_image_but_those_that_serve_it(hub: Deployment) -> None:
    key = "/etc/nginx/jupyterhub.key"
    nginx = f"{hub.project}-nginx"
    assert hub.docker("exec", nginx, "stat", "--format", "%a %U", key).stdout.split() == ["400", "root"]
    processes = hub.docker("top", nginx, "-o", "uid,pid,args").stdout.splitlines()
    workers = {line.split()[0] for line in processes if "worker process" in line}
    assert workers == {hub.docker("exec", nginx, "id", "--user", "www-data").stdout.strip()}
    find = ("find", "/", "-xdev", "-name", "*.key", "-o", "-xdev", "-name", "*.env", "-o", "-xdev", "-name", "userlist")
    assert hub.docker("exec", nginx, *find, check=False).stdout.split() == [key]
    key_text = (hub.root / "secrets/jupyterhub.key").read_text().splitlines()[1]
    assert key_text not in hub.docker("history", "--no-trunc", nginx).stdout


# --- Below a path ---


def test_verbs_and_helpers_work_below_a_path(hub: Deployment, url: str) -> None:
    health = hub.docker("inspect", "--format", "{{.State.Health.Status}}", hub.project, f"{hub.project}-proxy").stdout
    assert health.split() == ["healthy", "healthy"]
    assert users(hub)["admin"]["admin"] == "admin"
    assert hub.api("GET", "/users", token=hub.token()).status_code == 200
    wait_for(
        lambda: re.search(rf"200 GET {PATH}/hub/api/users.*\(idle-culler@", hub.logs("hub")), 30, "the culler's request"
    )


def test_without_nginx_the_hub_is_at_its_own_port(hub: Deployment) -> None:
    own = f"http://127.0.0.1:{hub.settings['HTTP_PORT']}"
    for path in ("/", "/somewhere"):
        answer = get(own + path)
        assert (answer.status_code, answer.headers["Location"].startswith(f"{PATH}/hub/")) == (302, True)
    assert Visitor(hub.url).sign_in("bob", hub.password("bob")) == ""
    published = hub.docker("port", f"{hub.project}-proxy").stdout.split()
    assert published == ["8000/tcp", "->", own.removeprefix("http://")]


# --- Who a client is ---


def test_the_hubs_log_and_nginxs_agree_on_the_client(hub: Deployment, url: str, elsewhere: Client) -> None:
    for address, ask in {
        "127.0.0.1": lambda page: get(url + page).status_code,
        elsewhere.address: lambda page: elsewhere.get(url.replace("127.0.0.1", elsewhere.gateway) + page)[0],
    }.items():
        page = new_page(hub)
        assert ask(page) == 404
        assert logged_address(hub, page) == address
        (line,) = [line for line in hub.logs("nginx").splitlines() if page in line]
        assert re.search(rf"(?<![\d.]){re.escape(address)} - - \[", line), line


def insecure(visitor: Visitor, password: str) -> set[str]:
    """The cookies that bob's browser would send without TLS, after he has signed in and claimed to have none."""
    visitor.session.headers.update(FORGED)
    assert visitor.sign_in("bob", password) == ""
    cookies = {cookie.name: cookie for cookie in visitor.session.cookies}
    assert cookies.keys() >= SESSION
    return {name for name in SESSION if not cookies[name].secure}


def test_who_forges_headers_is_not_believed_through_nginx(hub: Deployment, url: str, elsewhere: Client) -> None:
    page = new_page(hub)
    address = url.replace("127.0.0.1", elsewhere.gateway)
    elsewhere.get(address + page, FORGED)
    assert logged_address(hub, page) == elsewhere.address
    assert insecure(Visitor(url), hub.password("bob")) == set()


def test_a_users_container_is_not_believed_by_the_proxy(hub: Deployment, alice_token: str) -> None:
    """It reaches the proxy directly, at its port without TLS."""
    assert alice_token
    container = hub.container("alice")
    own = f"http://{hub.project}-proxy:8000{PATH}"
    page = new_page(hub)
    get_from(hub, container, own + page, FORGED)
    address = hub.docker(
        "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", container
    ).stdout.strip()
    assert logged_address(hub, page) == address
    for claim in (FORGED, dict.fromkeys(FORGED, "https"), {"Forwarded": "proto=https"}):
        status, received = get_from(hub, container, f"{own}/user/alice/lab", claim)
        assert status == 302
        (state,) = [value for name, value in received if name.lower() == "set-cookie" and "oauth-state" in value]
        assert "Secure" not in state
    with pytest.raises(AssertionError, match="Refused"):
        gateway = hub.docker(
            "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.Gateway}}{{end}}", container
        ).stdout.strip()
        get_from(hub, container, f"http://{gateway}:{hub.settings['HTTP_PORT']}{PATH}/hub/login")


def test_without_a_proxy_in_front_nobody_is_believed(deployment: Deployment) -> None:
    page = new_page(deployment)
    requests.get(deployment.url + page, headers=FORGED, verify=False, timeout=60)
    assert logged_address(deployment, page) not in {"203.0.113.66", "127.0.0.1"}
    assert insecure(Visitor(deployment.url), deployment.password("bob")) == set()

    client = Client(deployment, "forger", deployment.settings["DOCKER_NETWORK_NAME"])
    try:
        page = new_page(deployment)
        client.get(f"https://{deployment.project}-proxy:8443{page}", FORGED)
        assert logged_address(deployment, page) == client.address
    finally:
        deployment.docker("rm", "--force", client.container)


# --- Refusals ---


def test_a_taken_port_is_what_nginx_complains_of(hub: Deployment, ports: tuple[int, int]) -> None:
    """It publishes none, so `make up` cannot look; but it waits until nginx has its ports, and shows this."""
    hub.compose("stop", "nginx")
    with socket.create_server(("0.0.0.0", ports[0])):
        result = hub.compose("up", "--detach", "--wait", "--wait-timeout", "10", "nginx", check=False)
        assert result.returncode != 0
        assert "Address already in use" in hub.logs("nginx")


def test_a_bad_address_is_refused_by_name(make_deployment: Callable[..., Deployment]) -> None:
    bad = {
        "TRUSTED_PROXIES": "10.1.2.3/16",
        "JUPYTERHUB_BASE_URL": "/jupyter hub/",
        "JUPYTERHUB_SUBDOMAIN_HOST": "https://192.0.2.7",
        "BIND_ADDRESS": "localhost",
    }
    deployment = make_deployment(f"{PREFIX}bad", **bad)
    result = deployment.make("build", check=False)
    assert result.returncode != 0
    for name in bad:
        assert f"  {name} (.env or the shell) is " in result.stderr
    assert not list(Path(deployment.root / "secrets").glob("jupyterhub.*"))


# --- A proxy on another machine ---


def test_trusted_proxies_are_believed_and_nobody_else(hub: Deployment) -> None:
    """With TLS, too, and a proxy in front on another machine. It comes last: afterwards the hub has TLS."""
    network = hub.settings["DOCKER_NETWORK_NAME"]
    outer, other = Client(hub, "outer", network), Client(hub, "other", network)
    hub.compose("stop", "nginx")
    hub.set_env(
        TLS="on",
        TRUSTED_PROXIES=f"{outer.address}/32, 198.51.100.0/24",
        COMPOSE_FILE="docker-compose.yml",
        BIND_ADDRESS="",  # everywhere
        # The former port of the same number may be another's by now: it was not published.
        HTTPS_PORT=str(free_port()),
    )
    hub.compose("up", "--detach", "--wait")
    own = f"https://{hub.project}-proxy:8443{PATH}"

    def seen(client: Client, forwarded_for: str) -> str:
        page = new_page(hub)
        client.get(own + page, FORGED | {"X-Forwarded-For": forwarded_for})
        return logged_address(hub, page)

    assert seen(outer, "192.0.2.1") == "192.0.2.1"
    assert seen(outer, "203.0.113.66, 192.0.2.1, 198.51.100.9") == "192.0.2.1"
    assert seen(outer, "203.0.113.66, nonsense") == outer.address
    assert seen(other, "192.0.2.1") == other.address

    # The default of BIND_ADDRESS with TLS.
    expected = {"127.0.0.1": True, "::1": bool(Path("/proc/net/if_inet6").read_text())}
    assert {address: listens(address, int(hub.settings["HTTPS_PORT"])) for address in expected} == expected


def listens(address: str, port: int) -> bool:
    """Whether a proxy answers with TLS at an address of this machine."""
    host = f"[{address}]" if ":" in address else address
    try:
        return requests.get(f"https://{host}:{port}/_chp_healthz", verify=False, timeout=10).ok
    except requests.ConnectionError:
        return False
