"""Any image: what people see while it is fetched, when it starts, and when it does not start."""

import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from support.beside import BASE_IMAGE, CA_BUNDLE
from support.browser import PASSWORD_FIELD, SUBMIT, USER_FIELD, press, visit, wait_for_lab
from support.deployment import PREFIX, Deployment, free_port
from support.pages import Look
from support.registry import Registry
from support.servers import ask, progress, stop
from support.waiting import wait_for

PROJECT = f"{PREFIX}images"
# Random bytes, which do not compress: 240 MB, which the registry takes 20 s to send.
LAYERS = ("60M", "100M", "80M")
# Shorter than the pull, and long enough for the slow image.
START_TIMEOUT = 10
HUB_VERSION = "6.1.1"
OTHER_VERSION = "5.3.0"
OTHER_HASH = "sha256:310c284aca2ebe940bd6d4daffa1d5ab42a412b84d43e7ddacbed759fc47ed22"
PERCENT = re.compile(r"Fetching the image \S+: (\d+) %")

WORDS = r"""
printf '\033[31mred\033[0m <script>window.hacked = 1</script>\n'
echo "my token is $JUPYTERHUB_API_TOKEN"
"""
# Each is built from the deployment's own image, or from the base image, and takes the place of the users' image.
DOCKERFILES = {
    "slow": 'FROM {own}\nCMD ["sh", "-c", "sleep 2; exec start-singleuser.py"]',
    # No command, a health that is never good, a volume, a port and a signal of its own.
    "odd": (
        'FROM {own}\nENTRYPOINT ["start-singleuser.py"]\nHEALTHCHECK --interval=1s --retries=1 CMD false\n'
        "VOLUME /extra\nEXPOSE 1234\nSTOPSIGNAL SIGINT\nLABEL org.jupyter.hub.user=somebody"
    ),
    "older": (
        "FROM {own}\nUSER root\n"
        f"RUN echo 'jupyterhub=={OTHER_VERSION} --hash={OTHER_HASH}' >/tmp/older.txt\n"
        "RUN --mount=type=secret,id=ca_bundle PIP_CERT=/run/secrets/ca_bundle /opt/jupyter/bin/pip install --no-deps"
        " --no-cache-dir --require-hashes -r /tmp/older.txt\nUSER 1000"
    ),
    "plain": (
        'FROM {own}\nCMD ["jupyter", "server", "--ip=0.0.0.0", "--port=8888", "--IdentityProvider.token=of-the-hub"]'
    ),
    "shell": 'FROM {base}\nCMD ["bash"]',
    "sleeping": 'FROM {base}\nCMD ["sh", "-c", "echo I am awake; exec sleep infinity"]',
    "missing": 'FROM {base}\nCMD ["jupyterhub-singleuser"]',
    "unfit": 'FROM {base}\nCMD ["/etc/passwd"]',
    "nobody": "FROM {own}\nUSER nobody-here",
    "hungry": 'FROM {own}\nCMD ["python3", "-c", "b\'x\' * 2**31"]',
    "talking": f"FROM {{own}}\nCMD {json.dumps(['sh', '-c', f'{WORDS}sleep 2; echo last words >&2; exit 3'])}",
    "brief": f"FROM {{own}}\nCMD {json.dumps(['sh', '-c', f'{WORDS}echo last words >&2; exit 3'])}",
}

type MakeDeployment = Callable[..., Deployment]


@pytest.fixture(scope="module")
def registry_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def own(deployment: Deployment) -> str:
    """The image that `make build` has built."""
    return f"{deployment.project}-user"


@pytest.fixture(scope="module")
def hub(own: str, registry_port: int, make_deployment: MakeDeployment) -> Deployment:
    """A deployment with a foreign image and little time for each start."""
    image = f"127.0.0.1:{registry_port}/{PROJECT}-crew:1"
    deployment = make_deployment(
        PROJECT, DOCKER_NOTEBOOK_IMAGE=image, START_TIMEOUT=str(START_TIMEOUT), MEM_LIMIT="400M"
    )
    deployment.write("userlist", "admin admin\nzoe\nwash\n")
    deployment.docker("tag", own, image)
    deployment.up()
    return deployment


def image_of(deployment: Deployment) -> str:
    """The image that users' servers are started from."""
    return deployment.settings["DOCKER_NOTEBOOK_IMAGE"]


@pytest.fixture(scope="module")
def registry(hub: Deployment, registry_port: int, own: str) -> Registry:
    """A registry that has the image, in several layers."""
    registry, image = Registry.start(hub, registry_port), image_of(hub)
    source, filling = own, f"{hub.project}-filling"
    for number, size in enumerate(LAYERS):
        # Not by `docker build`, whose cache would keep the layers, so that there would be nothing to pull.
        command = f"head -c {size} /dev/urandom >~/random-{number}"
        hub.docker("run", "--name", filling, source, "sh", "-c", command)
        hub.docker("commit", "--change", 'CMD ["start-singleuser.py"]', filling, image)
        hub.docker("rm", filling)
        source = image
    hub.docker("push", "--quiet", image)
    return registry


@pytest.fixture
def use(hub: Deployment, token: str, own: str) -> Iterator[Callable[[str], None]]:
    """`use(name)`: servers start from that image of DOCKERFILES from now on; what was started is stopped afterwards."""

    def use(name: str) -> None:
        secret = ("--secret", f"id=ca_bundle,src={CA_BUNDLE}")
        dockerfile = DOCKERFILES[name].format(own=own, base=BASE_IMAGE)
        built = f"{hub.project}-{name}"
        hub.docker("build", "--quiet", "--tag", built, *secret, "-", stdin=dockerfile)
        hub.docker("tag", built, image_of(hub))

    yield use
    for user in ("zoe", "wash"):
        stop(hub, user, token)


@pytest.fixture
def zoe(hub: Deployment, page: Page) -> Page:
    """A page at which zoe is signed in, on her home page: signing in elsewhere starts her server."""
    visit(page, f"{hub.url}/hub/login?next=/hub/home")
    page.fill(USER_FIELD, "zoe")
    page.fill(PASSWORD_FIELD, hub.password("zoe"))
    page.click(SUBMIT)
    expect(page.locator("#start")).to_be_visible()
    return page


def start(deployment: Deployment, user: str, token: str) -> list[dict[str, Any]]:
    """Ask for a user's server, and return what the API tells until it is ready or has failed."""
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask, deployment, user, token)
        known = wait_for(
            lambda: deployment.api("GET", f"/users/{user}", token=token).json()["servers"] or asked.done(),
            20,
            "a start",
        )
        assert known
        told = list(progress(deployment, user, token))
        # Where the start was over before the question, the answer to the first request alone has the reason.
        return told or [{"failed": True, "message": f"Spawn failed: {asked.result().json()['message']}"}]


def shown_percent(page: Page) -> int:
    """How far the pull is on a spawn page; 0 when it does not say."""
    match = PERCENT.search(" ".join(page.locator("#progress-message").all_inner_texts()))
    return int(match[1]) if match else 0


# --- An image that is not here ---


def test_a_missing_image_is_fetched_once_while_people_watch(
    hub: Deployment, token: str, registry: Registry, zoe: Page, use: Callable[[str], None]
) -> None:
    image = image_of(hub)
    hub.docker("rmi", image)
    downloaded = len(registry.downloads())
    visit(zoe, f"{hub.url}/hub/spawn/zoe")
    before = wait_for(lambda: (percent := shown_percent(zoe)) >= 5 and percent, 20, "the first per cents")
    press(zoe, "#stop-server-btn")
    wait_for(lambda: not hub.api("GET", "/users/zoe", token=token).json()["servers"], 20, "the end of zoe's start")

    # Nobody waits for the pull, and it goes on.
    visit(zoe, f"{hub.url}/hub/spawn/zoe")
    assert wait_for(lambda: shown_percent(zoe), 10, "the per cents again") > before
    came = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(start, hub, "wash", token)
        expect(zoe.locator("#progress-message")).to_have_text(re.compile(r"[5-9]\d %$"), timeout=30_000)
        zoe.locator("#progress-details summary").click()
        expect(zoe.locator(".progress-log-event").filter(has_text="Fetching", visible=True)).to_have_count(1)
        wait_for_lab(zoe)
        told = starting.result()
    assert time.monotonic() - came > START_TIMEOUT, "the pull was too fast to prove that its time does not count"

    messages = [event["message"] for event in told]
    percents = [int(match[1]) for message in messages if (match := PERCENT.fullmatch(message))]
    assert len(percents) >= 5
    assert percents[-1] == 100
    assert all(first < second for first, second in pairwise(percents))
    assert messages[-4:-1] == ["Creating the container", "Starting the container", "Waiting for the server to answer"]
    assert messages[-1].startswith("Server ready")
    assert [event["progress"] for event in told] == sorted(event["progress"] for event in told)
    layers = registry.downloads()[downloaded:]
    assert len(layers) > len(LAYERS)  # the image's configuration, too
    assert len(set(layers)) == len(layers), "something was pulled twice"
    assert f"The notebook image {image} is not on the Docker host. Pulling it for wash" in hub.logs("hub")


@contextmanager
def without(deployment: Deployment, image: str) -> Iterator[None]:
    """Within it, the image is not on this machine."""
    kept = f"{deployment.project}-kept"
    deployment.docker("tag", image, kept)
    deployment.docker("rmi", image)
    try:
        yield
    finally:
        deployment.docker("tag", kept, image)
        deployment.docker("rmi", kept)


@pytest.mark.parametrize(
    ("state", "words"), [(Registry.private, "no basic auth credentials"), (Registry.away, "connection refused")]
)
def test_a_missing_image_that_the_registry_does_not_give(
    hub: Deployment, token: str, registry: Registry, state: Callable[[Registry], Any], words: str
) -> None:
    image = image_of(hub)
    with without(hub, image), state(registry):
        response = ask(hub, "wash", token)
    assert response.status_code == 503
    message = response.json()["message"]
    assert message.startswith(f"The notebook image {image} is not on the Docker host and cannot be pulled: ")
    assert words in message
    assert "'make build'" in message
    assert words in hub.logs("hub")


# --- Servers that start ---


def test_an_image_that_is_slow_to_start(hub: Deployment, token: str, use: Callable[[str], None]) -> None:
    use("slow")
    messages = [event["message"] for event in start(hub, "wash", token)]
    assert messages[-2] == "Waiting for the server to answer"
    assert messages[-1].startswith("Server ready")


def test_an_image_with_an_entrypoint_alone_and_a_bad_health(
    hub: Deployment, token: str, use: Callable[[str], None]
) -> None:
    use("odd")
    hub.start_server("wash", token=token)
    container = hub.container("wash")
    state = wait_for(lambda: health(hub, container) == "unhealthy" and health(hub, container), 30, "the bad health")
    assert state == "unhealthy"
    assert hub.server_ready("wash", token=token)
    assert requests.get(
        f"{hub.url}/user/wash/api/contents", headers={"Authorization": f"token {token}"}, verify=False, timeout=10
    ).ok


def health(deployment: Deployment, container: str) -> str:
    return deployment.docker("inspect", "--format", "{{.State.Health.Status}}", container).stdout.strip()


def test_another_version_of_jupyterhub_is_reported(
    hub: Deployment, token: str, use: Callable[[str], None], zoe: Page
) -> None:
    use("older")
    words = (
        f"The image {image_of(hub)} has JupyterHub {OTHER_VERSION}, and the hub has {HUB_VERSION}. Signing in may fail."
    )
    told = next(event for event in start(hub, "zoe", token) if event["message"].startswith(words))
    assert f"with JupyterHub {HUB_VERSION}: docs/images.md" in told["message"]
    assert f"zoe: {words}" in hub.logs("hub")
    visit(zoe, f"{hub.url}/user/zoe/lab")
    wait_for_lab(zoe)


def test_the_same_version_is_not_reported(hub: Deployment, token: str, own: str) -> None:
    hub.docker("tag", own, image_of(hub))
    assert not any("JupyterHub" in event["message"] for event in start(hub, "wash", token))
    stop(hub, "wash", token)


# --- Servers that do not start ---


ENDED = "The server ended before it answered: "
# For each image what is told first, and something of the rest.
TOLD = {
    "shell": (f"{ENDED}its command does not start a server (exit code 0).", "command: bash. If"),
    "missing": (
        f"{ENDED}its command is not in the image (exit code 127).",
        "command: jupyterhub-singleuser. If JupyterHub is not in the image",
    ),
    "unfit": (f"{ENDED}its command cannot be executed (exit code 126).", "command: /etc/passwd. If"),
    "nobody": ("The Docker Engine could not start the container: unable to find user nobody-here", ""),
    "hungry": (f"{ENDED}its memory ran out.", "raise the limit"),
    "plain": (
        "The program that answers at port 8888 is not JupyterHub: it has no page /user/wash/api (status 404).",
        "command: jupyter server --ip=0.0.0.0 --port=8888 --IdentityProvider.token=of-the-hub. If JupyterHub is not",
    ),
    "sleeping": (
        f"The server did not answer at port 8888 within {START_TIMEOUT} seconds.",
        "The last lines of the server's log:\nI am awake",
    ),
}


@pytest.mark.parametrize("name", TOLD)
def test_what_is_told_of_a_server_that_does_not_start(
    hub: Deployment, token: str, use: Callable[[str], None], name: str
) -> None:
    use(name)
    last = start(hub, "wash", token)[-1]
    first, more = TOLD[name]
    assert last["failed"]
    assert last["message"].startswith(f"Spawn failed: {first}")
    assert more in last["message"]
    assert "Not starting wash's server : 503 StartError" in hub.logs("hub")
    assert not hub.docker("ps", "--quiet", "--filter", f"name=^{hub.project}-wash$").stdout


@pytest.mark.pages
@pytest.mark.parametrize("name", ["talking", "brief"], ids=["while waiting", "at once"])
def test_what_the_page_shows(hub: Deployment, zoe: Page, use: Callable[[str], None], look: Look, name: str) -> None:
    use(name)
    visit(zoe, f"{hub.url}/hub/spawn/zoe")
    expect(zoe.get_by_text("Your server has not started")).to_be_visible()
    expect_failure(zoe, "#progress-message" if name == "talking" else "main")
    if name == "talking":
        expect(zoe.locator("#stop-server-btn")).not_to_be_visible()
        expect(zoe.locator("#progress-log pre")).not_to_be_visible()
        expect(zoe.locator("[role=progressbar]")).not_to_be_visible()  # else a failure is "100 %"
        expect(zoe.get_by_text("exit code 3").filter(visible=True)).to_have_count(1)
        look(zoe, "start-failed")
    # Who comes back later sees the same.
    visit(zoe, f"{hub.url}/hub/spawn-pending/zoe")
    expect(zoe.get_by_role("heading", name="Your server has not started")).to_be_visible()
    expect_failure(zoe, "main")
    log = hub.logs("hub")
    assert "last words" in log
    assert "my token is [hidden]" in log


def expect_failure(page: Page, place: str) -> None:
    """The reason and the server's last lines, plain and without its token."""
    reason = page.locator(place).get_by_text("The server ended before it answered: exit code 3.").first
    expect(reason).to_be_visible()
    log = page.locator(f"{place} pre")
    expect(log.first).to_be_visible()
    lines = log.first.inner_text().splitlines()
    assert sorted(lines) == ["last words", "my token is [hidden]", "red <script>window.hacked = 1</script>"]
    assert page.evaluate("window.hacked") is None
