"""The examples of docs/extending.md, taken from the page as they are: all of them at once, in one deployment."""

import re
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

import pytest
import requests

from support.beside import CA_BUNDLE
from support.certificates import Signer
from support.deployment import HTTP_SECONDS, PREFIX, REPOSITORY, Deployment
from support.servers import running

PAGE = "docs/extending.md"
BLOCK = re.compile(r"^```(?:ini|python)\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TOKEN = "0123456789abcdef" * 4
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" width="28" height="28"><circle r="14" /></svg>'
FOLDER = "jupyterhub_config.d"
# The status of the hub's API and the time zone; then an error, because the proxy is not there.
ASK = """
import os, time, urllib.request as request
print(request.urlopen(os.environ['JUPYTERHUB_API_URL'], timeout=20).status, time.tzname[0])
request.urlopen('http://elsewhere.example.org', timeout=20)
"""
TRUSTED = """
import ssl
for found in ssl.create_default_context().get_ca_certs():
    print(dict(field[0] for field in found["subject"]).get("commonName", "").replace(" ", "_") or "-")
"""
INSTALL = ("python3", "-m", "pip", "install", "--no-cache-dir", "--target", "/tmp/new", "six")


def examples() -> list[tuple[str, str]]:
    """The page's files and what it writes into them."""
    return BLOCK.findall((REPOSITORY / PAGE).read_text())


@pytest.fixture(scope="module")
def hub(make_deployment: Callable[..., Deployment]) -> Deployment:
    hub = make_deployment(f"{PREFIX}extending")
    hub.write("userlist", "admin admin\nzoe\n")
    for path, text in examples():
        before = (hub.root / path).read_text() if (hub.root / path).exists() else ""
        hub.write(path, before + text)
    hub.write("secrets/hub.env", f"PROMETHEUS_TOKEN={TOKEN}\n")
    # What this machine trusts, because its network may re-sign TLS; and one more.
    hub.write("secrets/servers-ca.crt", Path(CA_BUNDLE).read_text() + Signer("network").pem.decode())
    hub.write("logo.svg", LOGO)
    hub.up()
    return hub


@pytest.fixture(scope="module")
def token(hub: Deployment) -> str:
    return hub.token()


def metrics(hub: Deployment, token: str) -> requests.Response:
    headers = {"Authorization": f"token {token}"}
    return requests.get(f"{hub.url}/hub/metrics", headers=headers, verify=False, timeout=HTTP_SECONDS)


def text_of(hub: Deployment, page: str) -> str:
    """The HTML of a page of the hub, for a visitor who has not signed in."""
    return requests.get(f"{hub.url}/hub/{page}", verify=False, timeout=HTTP_SECONDS).text


def images(hub: Deployment) -> str:
    """The ids of the images that `make build` makes."""
    names = sorted(hub.compose("config", "--images").stdout.split())
    return hub.docker("image", "inspect", "--format", "{{.Id}}", *names).stdout


def test_the_page_has_the_examples_that_are_run() -> None:
    assert {path for path, _ in examples()} == {
        ".env",
        "secrets/servers.env",
        f"{FOLDER}/prometheus.py",
        f"{FOLDER}/git.py",
        f"{FOLDER}/evening.py",
    }


def test_servers_get_the_variables_and_the_hosts(hub: Deployment, token: str) -> None:
    with running(hub, "zoe", token) as container:
        variables = hub.docker("exec", container, "env").stdout.splitlines()
        hosts = [line.split() for line in hub.docker("exec", container, "cat", "/etc/hosts").stdout.splitlines()]
    assert "API_TOKEN=0123456789abcdef" in variables
    # The file of secrets takes precedence, so what .env says is not there.
    assert not [line for line in variables if line.startswith("GREETING=")]
    assert ["192.0.2.10", "data.example.org"] in hosts
    assert "host.docker.internal" in {name for _, *names in hosts for name in names}


def test_servers_trust_the_authorities_of_the_network(hub: Deployment, token: str) -> None:
    """It is PyPI, behind this machine's own authority where it has one."""
    with running(hub, "zoe", token) as container:
        done = hub.docker("exec", container, *INSTALL, check=False)
        trusted = hub.docker("exec", container, "python3", "-c", TRUSTED).stdout.split()
    assert "Successfully installed six" in done.stdout, done.stderr
    assert "network" in trusted
    assert len(trusted) > 100


def test_without_the_file_of_secrets_the_variables_of_env_hold(hub: Deployment, token: str) -> None:
    """The proxy among them leads nowhere, and is not asked for the hub."""
    secret = hub.root / "secrets/servers.env"
    text = secret.read_text()
    secret.unlink()
    try:
        hub.compose("up", "--detach", "--wait")
        with running(hub, "zoe", token) as container:
            variables = hub.docker("exec", container, "env").stdout.splitlines()
            asked = hub.docker("exec", container, "python3", "-c", ASK, check=False)
    finally:
        hub.write("secrets/servers.env", text)
    assert {"http_proxy=http://proxy.example.org:3128", "GREETING=Good morning", "OMP_NUM_THREADS=1"} <= set(variables)
    assert asked.stdout.split() == ["200", "CET"]
    assert "URLError" in asked.stderr


def test_the_hook_runs_before_each_start(hub: Deployment, token: str) -> None:
    with running(hub, "zoe", token) as container:
        variables = hub.docker("exec", container, "env").stdout.splitlines()
    assert {"GIT_AUTHOR_NAME=zoe", "GIT_COMMITTER_EMAIL=zoe@example.org"} <= set(variables)


def test_the_service_may_read_the_metrics(hub: Deployment) -> None:
    assert "jupyterhub_running_servers" in metrics(hub, TOKEN).text
    assert metrics(hub, TOKEN[::-1]).status_code == HTTPStatus.FORBIDDEN


def test_an_announcement_is_on_the_pages_without_a_restart(hub: Deployment) -> None:
    text = """<b>Exam</b> & "tea" at Zoe's"""
    started = hub.docker("inspect", "--format", "{{.State.StartedAt}}", hub.project).stdout
    hub.make("announce", f"TEXT={text}")
    assert hub.make("announce").stdout.strip() == text
    for page in ("login", "signup", "no-such-page"):
        assert "&lt;b&gt;Exam&lt;/b&gt; &amp; &quot;tea&quot; at Zoe&#x27;s" in text_of(hub, page)
    hub.make("announce", "TEXT=")
    assert "Exam" not in text_of(hub, "login")
    assert hub.docker("inspect", "--format", "{{.State.StartedAt}}", hub.project).stdout == started


def test_pages_have_a_title_a_logo_and_a_link_to_help(hub: Deployment) -> None:
    for page in ("login", "signup", "no-such-page"):
        assert "Physics &amp; Chemistry" in text_of(hub, page)
        assert 'href="https://wiki.example.org/jupyter"' in text_of(hub, page)
    logo = requests.get(f"{hub.url}/hub/logo", verify=False, timeout=HTTP_SECONDS)
    assert (logo.text, logo.headers["Content-Type"]) == (LOGO, "image/svg+xml")


def test_the_last_file_wins(hub: Deployment) -> None:
    last = hub.write(f"{FOLDER}/zz-last.py", 'c.JupyterHub.template_vars = {"announcement": "Open all week"}\n')
    hub.make("build")
    hub.compose("up", "--detach", "--wait")
    assert "Open all week" in text_of(hub, "login")
    last.unlink()


def test_a_file_that_python_cannot_read_is_refused_with_its_line(hub: Deployment) -> None:
    before = images(hub)
    broken = hub.write(f"{FOLDER}/broken.py", "c.JupyterHub.active_server_limit = 4\nif True\n")
    done = hub.make("build", check=False)
    broken.unlink()
    assert done.returncode != 0
    assert f"{FOLDER}/broken.py:2:" in done.stderr
    assert images(hub) == before
