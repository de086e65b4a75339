"""Kernels in a gateway: from the browser and back, why there are none, and what users can do to each other."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from playwright.sync_api import Page, expect
from testinfra.host import Host

from support.browser import PYTHON_CARD, run_cell, sign_in, visit, wait_for_lab
from support.deployment import PREFIX, Deployment
from support.gateway import FILES, OVERLAY, PER_USER, Gateway, Notebook
from support.kernel import Kernel
from support.pki import Authority
from support.servers import stop
from support.waiting import wait_for

PEOPLE = ("zoe", "wash", "mal")
REPLACED = 5
WHERE = "import os, socket\nprint(socket.gethostname(), os.getuid(), os.getpid())"
# How long JupyterLab waits before it asks again which kernels there are, and a little more.
ASKS_AGAIN_SECONDS = 90
# What a user can do with the token and the certificate in their server.
ASK_GATEWAY = """
import json, os, ssl, sys, urllib.request
context = ssl.create_default_context(cafile="/etc/jupyterpki/cacert.pem")
context.load_cert_chain("/etc/jupyterpki/cert.pem", "/etc/jupyterpki/key.pem")
headers = {"Authorization": "token " + os.environ["JUPYTER_GATEWAY_AUTH_TOKEN"]}
request = urllib.request.Request(sys.argv[1] + "/api/kernels", headers=headers)
try:
    print(*(kernel["id"] for kernel in json.load(urllib.request.urlopen(request, context=context))))
except urllib.error.HTTPError as error:
    print(error.code, json.load(error)["message"])
"""


@pytest.fixture(scope="module")
def gateway(make_deployment: Callable[..., Deployment]) -> Gateway:
    """A hub with the gateway of the example; everybody has a certificate, and zoe's and wash's servers run."""
    hub = make_deployment(f"{PREFIX}gateway", KG_CONNECT_TIMEOUT="2")
    hub.write("userlist", "admin admin\n" + "".join(f"{name}\n" for name in PEOPLE))
    made = Gateway(hub)
    made.prepare(*PEOPLE)
    hub.set_env(COMPOSE_FILE=OVERLAY, KG_URL="https://gateway:8888", **FILES)
    hub.up()
    for name in PEOPLE:
        made.give(name)
    token = hub.token()
    for name in ("zoe", "wash"):
        hub.start_server(name, token=token)
    return made


@pytest.fixture(scope="module")
def hub(gateway: Gateway) -> Deployment:
    return gateway.hub


@pytest.fixture(scope="module")
def zoe(hub: Deployment, token: str) -> Notebook:
    return Notebook(hub, "zoe", token)


@pytest.fixture(scope="module")
def wash(hub: Deployment, token: str) -> Notebook:
    return Notebook(hub, "wash", token)


def gateway_container(hub: Deployment) -> str:
    return f"{hub.project}-gateway"


def assert_says(notebook: Notebook, reason: str, cure: str = "") -> None:
    """The reason is on the card in the launcher, in the answer that JupyterLab shows, and in the server's log."""
    before = len(notebook.log())
    [card] = notebook.kernels()
    assert card == f"No kernels: {reason}"
    started = notebook.start_session()
    assert started.status_code == 500
    message = started.json()["message"]
    first, second = message.splitlines()
    assert first == f"No kernels from {notebook.hub.settings['KG_URL']}: {reason}."
    assert cure in second
    assert f"{first} {second}" in notebook.log()[before:]
    assert "Traceback" not in notebook.log()[before:]


# --- The whole path ---


def test_a_cell_runs_in_the_gateway(hub: Deployment, page: Page, container_host: Callable[[str], Host]) -> None:
    sign_in(page, hub.url, "zoe", hub.password("zoe"))
    wait_for_lab(page)
    name, uid, pid = run_cell(page, WHERE).split()
    assert (name, uid) == ("gateway", "2000")
    assert "ipykernel_launcher" in container_host(gateway_container(hub)).file(f"/proc/{pid}/cmdline").content_string
    assert "ipykernel" not in hub.docker("top", hub.container("zoe")).stdout


def test_files_stay_in_the_notebook(hub: Deployment, zoe: Notebook) -> None:
    wait_for(lambda: "Untitled.ipynb" in zoe.get("/contents").text, 30, "the notebook of the test before")
    assert "Untitled" not in hub.docker("exec", gateway_container(hub), "ls", "-aR", "/home/kernel", "/tmp").stdout


def test_the_certificate_is_for_its_user_to_read_and_nobody_to_change(zoe: Notebook) -> None:
    code = (
        "import os\nkey = '/etc/jupyterpki/key.pem'\nprint(oct(os.stat(key).st_mode), os.access(key, os.R_OK))"
        "\ntry: os.unlink(key)\nexcept OSError as error: print(error.strerror)"
    )
    assert zoe.run(code).splitlines() == ["0o100400 True", "Read-only file system"]


def test_no_token_gets_into_the_log(zoe: Notebook, hub: Deployment) -> None:
    secret = (hub.root / "secrets/gateway.env").read_text().strip().partition("=")[2]
    assert zoe.run("import os; print(os.environ['JUPYTER_GATEWAY_AUTH_TOKEN'])").strip() == secret
    assert zoe.start_session().status_code == 201
    assert "started kernel" in zoe.log()
    assert secret not in zoe.log()


def test_a_websocket_that_is_replaced_while_its_kernel_starts(hub: Deployment, zoe: Notebook, token: str) -> None:
    """As JupyterLab does when a new notebook gets its name. With the stock connection, most of these had no answer."""
    for _ in range(REPLACED):
        with Kernel(hub.url, "zoe", token) as kernel:
            kernel.reconnect()
            assert kernel.execute("print(6 * 7)").text == "42\n"


# --- Why there are no kernels ---


@contextmanager
def certificate(gateway: Gateway, name: str) -> Generator[Gateway]:
    """A user has another certificate for a while."""
    try:
        yield gateway
    finally:
        gateway.give(name)


def test_an_expired_certificate(gateway: Gateway, zoe: Notebook) -> None:
    with certificate(gateway, "zoe"):
        gateway.put("zoe", gateway.authority.issue("zoe", end=timedelta(hours=-1)))
        assert_says(
            zoe, "the gateway refuses your client certificate: certificate expired", "make client-cert USER=zoe"
        )
    assert zoe.kernels() == ["Python 3 (ipykernel)"]


def test_a_certificate_of_another_authority(gateway: Gateway, zoe: Notebook) -> None:
    with certificate(gateway, "zoe"):
        gateway.put("zoe", Authority.make("The Alliance").issue("zoe"))
        assert_says(zoe, "the gateway refuses your client certificate: unknown ca", "make client-cert USER=zoe")


def test_a_certificate_for_something_else(gateway: Gateway, zoe: Notebook) -> None:
    with certificate(gateway, "zoe"):
        gateway.put("zoe", gateway.authority.issue("zoe", usage=ExtendedKeyUsageOID.SERVER_AUTH))
        assert_says(zoe, "the gateway refuses your client certificate: unsupported certificate", "make client-cert")


def test_a_key_of_another_certificate(gateway: Gateway, zoe: Notebook) -> None:
    with certificate(gateway, "zoe"):
        pair = gateway.authority.issue("zoe")
        gateway.put("zoe", pair)
        gateway.in_volume("zoe", "sh", "-c", "cat >/pki/key.pem", stdin=gateway.authority.issue("zoe").key_pem)
        assert_says(zoe, "your client certificate cannot be used: key values mismatch", "make client-cert USER=zoe")


def test_no_certificate(gateway: Gateway, zoe: Notebook) -> None:
    with certificate(gateway, "zoe"):
        gateway.in_volume("zoe", "rm", "/pki/.current")
        assert_says(zoe, "you have no client certificate for the gateway", "make client-cert USER=zoe P12=file")


def test_a_gateway_of_another_authority(gateway: Gateway, zoe: Notebook) -> None:
    with certificate(gateway, "zoe"):
        other = Authority.make("The Alliance").certificate_pem
        gateway.in_volume("zoe", "sh", "-c", "cat >/pki/cacert.pem", stdin=other)
        reason = "the gateway's certificate is not accepted: self-signed certificate in certificate chain"
        assert_says(zoe, reason, "CLIENT_CA")


def test_another_token(hub: Deployment, zoe: Notebook) -> None:
    """The token is changed, and the server still has the one that it was started with.

    Hub and gateway start anew at once, and may swap their addresses.
    """
    file = hub.root / "secrets/gateway.env"
    before = file.read_text()
    try:
        file.write_text("KG_AUTH_TOKEN=another\n")
        hub.compose("up", "--detach", "--wait")
        assert_says(zoe, "the gateway refuses the token", "KG_AUTH_TOKEN")
    finally:
        file.write_text(before)
        hub.compose("up", "--detach", "--wait")
    assert zoe.kernels() == ["Python 3 (ipykernel)"]


def test_a_gateway_that_does_not_answer(hub: Deployment, zoe: Notebook) -> None:
    hub.docker("pause", gateway_container(hub))
    try:
        assert_says(zoe, "the gateway does not answer in time", "gateway:8888")
    finally:
        hub.docker("unpause", gateway_container(hub))


def test_a_gateway_that_is_killed_and_comes_back(hub: Deployment, zoe: Notebook, page: Page) -> None:
    sign_in(page, hub.url, "zoe", hub.password("zoe"))
    wait_for_lab(page)
    # Without the notebooks that were open in other tests, which would ask for a kernel.
    empty = f"{hub.url}/user/zoe/lab?reset"
    visit(page, empty)
    wait_for_lab(page)
    assert run_cell(page, "cargo = 'cattle'\ncargo") == "'cattle'"
    hub.docker("exec", hub.container("zoe"), "sh", "-c", "echo kept >/home/jovyan/kept.txt")

    hub.docker("kill", gateway_container(hub))
    try:
        assert_says(zoe, "the host of the gateway is unknown", "gateway:8888")
        assert hub.docker("exec", hub.container("zoe"), "cat", "/home/jovyan/kept.txt").stdout == "kept\n"
        visit(page, empty)
        wait_for_lab(page)
        launcher = page.locator(".jp-Launcher").filter(visible=True).first
        card = launcher.locator('.jp-LauncherCard[data-category="Notebook"]')
        expect(card).to_contain_text("No kernels: the host of the gateway is unknown")
    finally:
        hub.docker("start", gateway_container(hub))
    expect(launcher.locator(PYTHON_CARD)).to_be_visible(timeout=ASKS_AGAIN_SECONDS * 1000)
    assert run_cell(page, "'cargo' in globals()") == "False"
    assert "kept.txt" in zoe.get("/contents").text


# --- Other images, other settings ---


def start_anew(hub: Deployment, name: str, token: str) -> Notebook:
    """A user's server, with the settings that are in effect now."""
    hub.compose("up", "--detach", "--wait", "--remove-orphans")
    stop(hub, name, token)
    hub.start_server(name, token=token)
    return Notebook(hub, name, token)


@contextmanager
def changed(hub: Deployment, **settings: str) -> Generator[None]:
    """Settings are others for a while, for those who start a server then."""
    before = dict(hub.settings)
    hub.set_env(**settings)
    try:
        yield
    finally:
        hub.settings = before
        hub.compose("up", "--detach", "--wait")


def test_an_image_with_nothing_of_ours(hub: Deployment, token: str) -> None:
    """Jupyter Server as it comes, without our configuration and our start."""
    image = f"{hub.project}-stock:1"
    plain = "USER root\nRUN rm /opt/jupyter/etc/jupyter/jupyter_server_config.[jp]*\nUSER jovyan\n"
    dockerfile = f'FROM {hub.project}-user\n{plain}CMD ["jupyterhub-singleuser"]\n'
    hub.docker("build", "--quiet", "--tag", image, "-", stdin=dockerfile)
    with changed(hub, DOCKER_NOTEBOOK_IMAGE=image):
        mal = start_anew(hub, "mal", token)
        assert host_of_kernel(hub, "mal", token) == "gateway"
        assert "gateway_kernels" not in mal.run("import sys, jupyter_server.serverapp\nprint(*sys.modules)")


@pytest.mark.parametrize(
    ("url", "card"),
    [
        ("https://gateway:9", "the gateway cannot be reached: Connection refused"),
        ("https://proxy:8080", "the gateway does not use TLS at this address"),
        ("http://hub:8081", "what answers is not a kernel gateway"),
    ],
)
def test_an_address_that_is_no_gateways(hub: Deployment, token: str, url: str, card: str) -> None:
    files = dict.fromkeys(FILES, "") if url.startswith("http:") else {}
    with changed(hub, KG_URL=url, **files):
        mal = start_anew(hub, "mal", token)
        assert mal.kernels() == [f"No kernels: {card}"]
        assert f"No kernels from {url}: {card}. " in mal.log()
        assert "Traceback" not in mal.log()


# What nginx answers where it ends the handshake and then refuses the certificate: `ssl_verify_client on`.
NGINX = """
import io, sys
from gateway_kernels import GatewayClient, explain
from tornado.httpclient import HTTPClientError, HTTPRequest, HTTPResponse

for words in sys.argv[1:]:
    page = f"<html><head><title>400 {words}</title></head><body><center>nginx/1.26.3</center></body></html>"
    response = HTTPResponse(HTTPRequest("https://gateway"), 400, buffer=io.BytesIO(page.encode()))
    print(explain(HTTPClientError(400, response=response)))
"""


def test_a_proxy_in_front_that_refuses_the_certificate(zoe: Notebook) -> None:
    pages = ("The SSL certificate error", "No required SSL certificate was sent", "Request Header Or Cookie Too Large")
    said = zoe.run(NGINX, *pages)
    assert said.count("the proxy in front of the gateway refuses your client certificate") == 2
    assert said.count("make client-cert USER=zoe") == 2
    assert said.endswith("\nNone\n")


def test_no_certificate_at_all(hub: Deployment, token: str) -> None:
    """The gateway's own is not checked, as there is no authority to check it with; the gateway wants the user's."""
    with changed(hub, **dict.fromkeys(FILES, ""), VALIDATE_KG_CERT="No"):
        mal = start_anew(hub, "mal", token)
        assert_says(mal, "the gateway requires a client certificate", "CLIENT_KEY, CLIENT_CERT and CLIENT_CA")


# --- What users can do to each other ---


def test_a_shared_gateway_shares_every_kernel(hub: Deployment, zoe: Notebook, wash: Notebook, token: str) -> None:
    with Kernel(hub.url, "zoe", token) as kernel:
        kernel.execute("plan = 'rob the train'")
        assert wash.get("/kernels").json() == [], "JupyterLab shows users their own"
        assert kernel.id in wash.run(ASK_GATEWAY, "https://gateway:8888").split()
        with Kernel(hub.url, "wash", token, kernel_id=kernel.id) as stolen:
            assert stolen.execute("plan").text == "'rob the train'"


def test_a_gateway_for_each_user_or_group(hub: Deployment, token: str) -> None:
    hub.set_env(COMPOSE_FILE=PER_USER, KG_URL="https://{username}.gateways.internal:8888")
    for name in PEOPLE:
        start_anew(hub, name, token)
    names = {name: host_of_kernel(hub, name, token) for name in PEOPLE}
    assert names["wash"] == names["mal"] != names["zoe"]

    wash = Notebook(hub, "wash", token)
    with Kernel(hub.url, "mal", token) as shared, Kernel(hub.url, "zoe", token) as kernel:
        assert shared.id in wash.run(ASK_GATEWAY, "https://mal.gateways.internal:8888").split()
        answer = wash.run(ASK_GATEWAY, "https://zoe.gateways.internal:8888")
        assert answer == "403 wash may not use this gateway\n"
        assert kernel.id not in answer


def host_of_kernel(hub: Deployment, name: str, token: str) -> str:
    with Kernel(hub.url, name, token) as kernel:
        return kernel.execute("import socket; print(socket.gethostname())").text.strip()


def test_the_certificate_of_somebody_else(hub: Deployment, token: str) -> None:
    """The gateway for zoe takes zoe's certificate alone."""
    with changed(hub, KG_URL="https://zoe.gateways.internal:8888"):
        wash = start_anew(hub, "wash", token)
        assert_says(wash, "the gateway refuses: wash may not use this gateway")


def test_the_culler_sees_what_a_kernel_elsewhere_does(hub: Deployment, token: str) -> None:
    """Nobody asks the server for anything: it looks at its kernels by itself."""
    with changed(hub, IDLE_TIMEOUT="20"):
        zoe = start_anew(hub, "zoe", token)
        kernel = Kernel(hub.url, "zoe", token)
        kernel.send_execute_request("import time; time.sleep(120)")
        wait_for(
            lambda: "busy" in {each["execution_state"] for each in zoe.get("/kernels").json()}, 20, "a busy kernel"
        )
        kernel.socket.close()
        start_anew(hub, "mal", token)
        wait_for(lambda: not hub.server("mal", token=token), 90, "the end of the idle server, which started later")
        assert hub.server("zoe", token=token)
