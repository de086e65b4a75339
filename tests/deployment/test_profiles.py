"""Profiles: the form, what a request may ask for, and what the container is then. GPUs, as far as the Engine is asked.

This machine has no GPU. The Engine takes the request into the container that it creates, and refuses its start: the
container is looked at between the two.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import Any

import docker
import pytest
import requests
from docker.errors import NotFound
from playwright.sync_api import Browser, Page, expect

from support.browser import sign_in, visit
from support.deployment import PREFIX, Deployment
from support.pages import Look
from support.people import Visitor
from support.servers import running, stop
from support.waiting import wait_for

PROJECT = f"{PREFIX}profiles"
TINY = f"{PROJECT}-tiny"
USERLIST = "admin admin\nzoe pilots\nwash\nkaylee engineers pilots\nmal\n"
LARGE = "Large <script>alert(1)</script>"
PROFILES = f"""
- name: Standard
  description: JupyterLab with Python, for everyday work.
- name: {LARGE}
  description: For "big" tables & <b>models</b>.
  image: {TINY}
  memory: 1G
  cpu: 2
  environment:
    OMP_NUM_THREADS: "3"
- name: Flight data
  image: {TINY}
  memory: 600M
  cpu: 0.5
  groups: [pilots]
  default: true
- name: Engine room
  gpus: 2
  groups: [engineers]
"""
# Nothing for everybody, and GPUs for who does not say otherwise.
OTHER_PROFILES = f"""
- name: Flight data
  image: {TINY}
  memory: 500M
  gpus: 0
  groups: [pilots]
- name: Engine room
  groups: [engineers]
"""
NO_GPU = "This server wants a GPU, and the Docker host has none"
NOT_OFFERED = "Your last choice, {}, is not offered any more."
MIB = 1024**2

type MakeDeployment = Callable[..., Deployment]


@pytest.fixture(scope="module")
def hub(make_deployment: MakeDeployment) -> Deployment:
    """A deployment with profiles, and with a second image that is as good as none of its own."""
    deployment = make_deployment(PROJECT, NAMED_SERVER_LIMIT="1", MEM_LIMIT="700M")
    deployment.write("userlist", USERLIST)
    deployment.make("notebook_image")
    deployment.docker("build", "--quiet", "--tag", TINY, "-", stdin=f"FROM {PROJECT}-user\nENV TINY=1\n")
    deployment.write("profiles.yaml", PROFILES).chmod(0o600)  # as with umask 077: the hub reads it all the same
    deployment.up()
    return deployment


@pytest.fixture(scope="module")
def wash(hub: Deployment) -> Visitor:
    """Somebody in no group, signed in."""
    return visitor(hub, "wash")


@pytest.fixture(scope="module")
def wash_token(hub: Deployment) -> str:
    return hub.token("wash")


def visitor(hub: Deployment, name: str) -> Visitor:
    person = Visitor(hub.url)
    assert person.sign_in(name, hub.password(name)) == ""
    return person


def container(hub: Deployment, user: str, server: str = "") -> dict[str, Any] | None:
    """The container of somebody's server, as the Engine describes it."""
    name = f"{PROJECT}-{user}" + (f"--{server}" if server else "")
    done = hub.docker("inspect", "--type", "container", name, check=False)
    return json.loads(done.stdout)[0] if done.returncode == 0 else None


def what_it_is(found: dict[str, Any] | None) -> dict[str, Any]:
    """What a profile decides about a container."""
    assert found is not None, "there is no container"
    host, variables = found["HostConfig"], dict(line.split("=", 1) for line in found["Config"]["Env"])
    assert host["MemorySwap"] == host["Memory"]
    assert variables["MEM_LIMIT"] == str(host["Memory"])
    assert variables["JUPYTERHUB_ACTIVITY_INTERVAL"] == "300", "the variables of the deployment itself are gone"
    return {
        "image": found["Config"]["Image"],
        "memory": host["Memory"],
        "cores": host["CpuQuota"] / host["CpuPeriod"],
        "threads": variables.get("OMP_NUM_THREADS"),
        "gpus": host["DeviceRequests"],
    }


STANDARD = {"image": f"{PROJECT}-user", "memory": 700 * MIB, "cores": 1, "threads": "1", "gpus": None}
OF_LARGE = {"image": TINY, "memory": 1024 * MIB, "cores": 2, "threads": "3", "gpus": None}
OF_FLIGHT = {"image": TINY, "memory": 600 * MIB, "cores": 0.5, "threads": "1", "gpus": None}


def wait_until_ready(hub: Deployment, user: str, token: str, name: str = "") -> None:
    wait_for(lambda: hub.server_ready(user, token=token, name=name), 60, f"the server {name!r} of {user}")


def started(hub: Deployment, user: str, token: str, options: Any = None, name: str = "") -> dict[str, Any]:
    """Start a server by the API, and stop it again; returns what its container was."""
    with running(hub, user, token, name, options):
        return what_it_is(container(hub, user, name))


def refused(answer: requests.Response) -> tuple[int, str]:
    """Status and message of a refusal, on a page or from the API."""
    text = unescape(answer.text)
    # Those of others are not named, but for the one that was asked for.
    assert "Flight data" not in text.replace("cannot choose the profile 'Flight data'", "")
    if answer.headers["Content-Type"].startswith("application/json"):
        return answer.status_code, answer.json()["message"]
    found = re.search(r'<p class="spawn-error-msg [^>]*>Error: (.*?)</p>', text, re.DOTALL)
    assert found, text
    return answer.status_code, found[1]


# --- The form ---


@pytest.mark.pages
def test_the_form_is_used_with_the_keyboard(hub: Deployment, token: str, page: Page, look: Look) -> None:
    sign_in(page, hub.url, "kaylee", hub.password("kaylee"))
    look(page, "profiles")
    radios = page.get_by_role("radio")
    expect(page.get_by_role("group", name="Choose your server")).to_be_visible()
    expect(radios).to_have_count(4)
    expect(page.get_by_role("radio", name="Flight data")).to_be_focused()
    expect(page.get_by_role("radio", name="Flight data")).to_be_checked()
    page.keyboard.press("ArrowUp")
    large = page.get_by_role("radio", name=LARGE, exact=True)
    expect(large).to_be_focused()
    expect(page.locator(".profile", has=large)).to_have_css("outline-style", "solid")
    page.keyboard.press("Enter")
    page.wait_for_url("**/spawn-pending/kaylee*")
    assert "_xsrf" not in page.url
    wait_until_ready(hub, "kaylee", token)
    assert what_it_is(container(hub, "kaylee")) == OF_LARGE
    stop(hub, "kaylee", token)


def test_the_choice_is_remembered_and_leaves_nothing_behind(hub: Deployment, token: str, page: Page) -> None:
    sign_in(page, hub.url, "mal", hub.password("mal"))
    expect(page.get_by_role("radio", name="Standard")).to_be_checked()
    page.get_by_text('For "big" tables').click()
    page.get_by_role("button", name="Start").click()
    wait_until_ready(hub, "mal", token)
    assert what_it_is(container(hub, "mal")) == OF_LARGE
    stop(hub, "mal", token)
    hub.compose("restart", "hub")
    wait_for(lambda: requests.get(f"{hub.url}/hub/health", verify=False, timeout=5).ok, 60, "the hub")
    visit(page, f"{hub.url}/hub/spawn")
    expect(page.get_by_role("radio", name=LARGE, exact=True)).to_be_checked()
    # A named server has a choice of its own; and the next start of the first one has nothing of the last.
    visit(page, f"{hub.url}/hub/spawn/mal/second")
    expect(page.get_by_role("radio", name="Standard")).to_be_checked()
    assert started(hub, "mal", token) == OF_LARGE
    assert started(hub, "mal", token, {"profile": "Standard"}) == STANDARD
    assert started(hub, "mal", token, {"user_options": {}}) == STANDARD


def test_what_is_shown_is_text(hub: Deployment, wash: Visitor, page: Page) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    sign_in(page, hub.url, "mal", hub.password("mal"))
    form = page.locator("fieldset")
    expect(form).to_contain_text(LARGE)
    expect(form).to_contain_text('For "big" tables & <b>models</b>.')
    expect(form).to_contain_text("1 GB memory, 2 cores")
    expect(form).not_to_contain_text(TINY)  # users have no use for the name of an image
    assert form.locator("script, b").count() == 0
    assert dialogs == []
    assert "Flight data" not in wash.get("/hub/spawn").text


def test_the_form_needs_no_javascript(hub: Deployment, token: str, browser: Browser) -> None:
    context = browser.new_context(ignore_https_errors=True, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, hub.url, "zoe", hub.password("zoe"))
    page.get_by_role("radio", name="Flight data").check()
    page.get_by_role("button", name="Start").click()
    wait_until_ready(hub, "zoe", token)
    context.close()
    assert what_it_is(container(hub, "zoe")) == OF_FLIGHT
    stop(hub, "zoe", token)


def test_an_administrator_chooses_among_the_profiles_of_the_owner(hub: Deployment, token: str) -> None:
    admin = visitor(hub, "admin")
    assert "Flight data" in admin.get("/hub/spawn/zoe").text
    assert "Flight data" not in admin.get("/hub/spawn/wash").text
    assert refused(admin.post("/hub/spawn/wash", {"profile": "Flight data"}, xsrf_of(admin))) == (403, OTHERS)
    assert hub.api("POST", "/users/wash/server", token=token, json={"profile": "Flight data"}).status_code == 403
    assert started(hub, "wash", token, {"profile": LARGE}) == OF_LARGE


# --- Requests that no form has made ---

UNKNOWN = f"wash cannot choose the profile {{!r}}, only: 'Standard', '{LARGE}'."
OTHERS = UNKNOWN.format("Flight data")
ONLY = "{!r} cannot be chosen; of the options of a start there is only 'profile'."
A_TEXT = "'profile' has to be the name of a profile, a text."


def label(value: object) -> str:
    """How a test is called, which has to be the same for all workers, as the image's name is not."""
    return str(value).replace(TINY, "TINY")


BODIES: list[tuple[Any, int, str]] = [
    ({"profile": "Flight data"}, 403, OTHERS),
    ({"user_options": {"profile": "Flight data"}}, 403, OTHERS),
    ({"profile": "no such"}, 403, UNKNOWN.format("no such")),
    ({"profile": "standard"}, 403, UNKNOWN.format("standard")),
    ({"profile": ""}, 403, UNKNOWN.format("")),
    ({"profile": TINY}, 403, UNKNOWN.format(TINY)),
    ({"profile": None}, 400, A_TEXT),
    ({"profile": 1}, 400, A_TEXT),
    ({"profile": ["Standard"]}, 400, A_TEXT),
    ({"profile": {"name": "Standard", "image": TINY}}, 400, A_TEXT),
    ({"image": TINY}, 400, ONLY.format("image")),
    ({"profile": "Standard", "image": TINY}, 400, ONLY.format("image")),
    ({"profile": "Standard", "mem_limit": "9G"}, 400, ONLY.format("mem_limit")),
    ({"user_options": {"environment": {"A": "b"}, "profile": "Standard"}}, 400, ONLY.format("environment")),
    ({"user_options": {"gpus": "all"}}, 400, ONLY.format("gpus")),
    (["Standard"], 400, "Body must be a JSON object"),
    ({"user_options": ["Standard"]}, 400, "user_options must be an object or null"),
]


@pytest.mark.parametrize("path", ["/users/wash/server", "/users/wash/servers/second"])
@pytest.mark.parametrize("case", BODIES, ids=lambda case: label(case[0]))
def test_a_body(hub: Deployment, wash_token: str, path: str, case: tuple[Any, int, str]) -> None:
    body, *refusal = case
    assert refused(hub.api("POST", path, token=wash_token, json=body)) == tuple(refusal)
    assert container(hub, "wash") is None
    assert container(hub, "wash", "second") is None


FORMS: list[tuple[dict[str, Any], int, str]] = [
    ({"profile": "Flight data"}, 403, OTHERS),
    ({"profile": "no such"}, 403, UNKNOWN.format("no such")),
    ({"profile": ["Standard", "Standard"]}, 400, "Only one profile can be chosen."),
    ({"profile": ["Standard", "Flight data"]}, 400, "Only one profile can be chosen."),
    ({"profile": "Standard", "image": TINY}, 400, ONLY.format("image")),
    ({"image": TINY}, 400, ONLY.format("image")),
    ({"profile": "Standard", "mem_limit": "9G", "cpu_limit": "9"}, 400, ONLY.format("cpu_limit")),
    ({"profile[name]": "Standard"}, 400, ONLY.format("profile[name]")),
]


@pytest.mark.parametrize("path", ["/hub/spawn", "/hub/spawn/wash", "/hub/spawn/wash/second"])
@pytest.mark.parametrize("case", FORMS, ids=lambda case: label(case[0]))
def test_a_form(hub: Deployment, wash: Visitor, path: str, case: tuple[dict[str, Any], int, str]) -> None:
    fields, *refusal = case
    assert refused(wash.post(path, fields, xsrf_of(wash))) == tuple(refusal)
    assert container(hub, "wash") is None
    assert container(hub, "wash", "second") is None


def test_a_file_is_no_choice(hub: Deployment, wash: Visitor) -> None:
    answer = wash.session.post(
        f"{hub.url}/hub/spawn", files={"profile": ("Standard", b"Standard")}, data={"_xsrf": xsrf_of(wash)}, timeout=60
    )
    assert refused(answer) == (400, ONLY.format("profile_file"))
    assert container(hub, "wash") is None


def xsrf_of(person: Visitor) -> str:
    """The token against other sites, which the spawn page has in the address of its form."""
    person.get("/hub/spawn")
    return str(person.session.cookies.get("_xsrf", path="/hub/"))


ADDRESSES = [
    ("profile=Flight+data", 403, OTHERS),
    ("opt-profile=Flight+data", 403, OTHERS),
    ("profile=Standard&profile=Standard", 400, "Only one profile can be chosen."),
    (f"image={TINY}", 400, ONLY.format("image")),
    (f"opt-image={TINY}", 400, ONLY.format("image")),
    ("profile=Standard&mem_limit=9G", 400, ONLY.format("mem_limit")),
]


@pytest.mark.parametrize("path", ["/hub/spawn", "/hub/spawn/wash", "/hub/spawn/wash/second"])
@pytest.mark.parametrize("case", ADDRESSES, ids=lambda case: label(case[0]))
def test_an_address(hub: Deployment, wash: Visitor, path: str, case: tuple[str, int, str]) -> None:
    query, *refusal = case
    assert refused(wash.get(f"{path}?{query}")) == tuple(refusal)
    assert container(hub, "wash") is None
    assert container(hub, "wash", "second") is None


def test_the_address_of_a_form_sent_before_shows_the_form(hub: Deployment, wash: Visitor) -> None:
    answer = wash.get("/hub/spawn?_xsrf=anything")
    assert (answer.status_code, "spawn-error-msg" in answer.text) == (200, False)
    assert "Choose your server" in answer.text
    assert container(hub, "wash") is None


def test_an_address_can_choose(hub: Deployment, wash: Visitor, token: str) -> None:
    for path, name in (("/hub/spawn/wash", ""), ("/hub/spawn/wash/second", "second")):
        answer = wash.session.get(f"{hub.url}{path}", params={"opt-profile": LARGE}, timeout=60, allow_redirects=False)
        assert answer.status_code == 302, answer.text
        wait_until_ready(hub, "wash", token, name)
        assert what_it_is(container(hub, "wash", name)) == OF_LARGE
        stop(hub, "wash", token, name)


# --- What was kept from before ---


@pytest.mark.parametrize(
    "kept",
    [
        {"image": TINY},
        {"profile": "Flight data", "image": TINY, "mem_limit": "9G"},
        {"profile": "no such"},
        {"profile": ["Flight data"]},
        {"profile": {"a": [{"b": None}]}, "environment": {"A": "b"}},
    ],
    ids=label,
)
def test_what_the_api_has_stored_is_no_way_in(hub: Deployment, wash_token: str, kept: dict[str, Any]) -> None:
    patched = hub.api("PATCH", "/users/wash/server", token=wash_token, json={"user_options": kept})
    assert patched.status_code == 200, patched.text
    assert started(hub, "wash", wash_token) == STANDARD
    assert hub.server("wash", token=wash_token).get("user_options", {}) in ({}, {"profile": "Standard"})


def test_options_of_a_server_that_was_only_made_are_no_way_in(hub: Deployment, token: str, wash_token: str) -> None:
    hub.api("DELETE", "/users/wash/servers/second", token=token, json={"remove": True})
    body = {"user_options": {"profile": "Flight data", "image": TINY}}
    made = hub.api("PUT", "/users/wash/servers/second", token=wash_token, json=body)
    assert made.status_code == 201, made.text
    assert started(hub, "wash", wash_token, name="second") == STANDARD


def test_who_leaves_a_group_gets_the_default(hub: Deployment, token: str) -> None:
    zoe = visitor(hub, "zoe")
    assert started(hub, "zoe", token, {"profile": "Flight data"}) == OF_FLIGHT
    assert started(hub, "zoe", token) == OF_FLIGHT
    assert hub.api("DELETE", "/groups/pilots/users", token=token, json={"users": ["zoe"]}).ok
    try:
        form = zoe.get("/hub/spawn").text.replace("<strong>", "").replace("</strong>", "")
        assert NOT_OFFERED.format("Flight data") in form
        assert 'value="Flight data"' not in form
        answer = hub.api("POST", "/users/zoe/server", token=token, json={"profile": "Flight data"})
        assert answer.status_code == 403
        hub.api("PATCH", "/users/zoe/server", token=token, json={"user_options": {"profile": "Flight data"}})
        assert started(hub, "zoe", token) == STANDARD
    finally:
        hub.api("POST", "/groups/pilots/users", token=token, json={"users": ["zoe"]})


def test_without_profiles_nothing_can_be_chosen_and_nothing_sticks(deployment: Deployment) -> None:
    token, alice = deployment.token(), visitor(deployment, "alice")
    answer = deployment.api("POST", "/users/alice/server", token=token, json={"image": "debian"})
    assert (answer.status_code, answer.json()["message"]) == (400, ONLY.format("image"))
    deployment.api("PATCH", "/users/alice/server", token=token, json={"user_options": {"image": "debian"}})
    # As ever, an address starts the one server that there is.
    assert alice.get("/hub/spawn/alice?image=debian").status_code == 302
    wait_for(lambda: deployment.server_ready("alice", token=token), 60, "alice's server")
    image = deployment.docker("inspect", "--format", "{{.Config.Image}}", deployment.container("alice")).stdout.strip()
    deployment.api("DELETE", "/users/alice/server", token=token)
    wait_for(lambda: not deployment.server_ready("alice", token=token), 30, "the end of alice's server")
    assert image == f"{deployment.project}-user"


# --- GPUs ---


def gpus_asked_for(hub: Deployment, user: str, ask: Callable[[], Any]) -> list[dict[str, Any]]:
    """The GPUs in the container that the Engine was given: it lives from its creation to its refused start."""
    engine = docker.APIClient()
    filters = {"event": "create", "container": f"{PROJECT}-{user}"}

    def attempt() -> list[dict[str, Any]] | None:
        now = int(time.time())
        with ThreadPoolExecutor(1) as pool:
            events: Iterator[dict[str, Any]] = engine.events(since=now, until=now + 20, filters=filters, decode=True)
            asked = pool.submit(ask)
            for event in events:
                try:
                    return engine.inspect_container(event["id"])["HostConfig"]["DeviceRequests"]
                except NotFound:  # gone already: once more
                    return None
                finally:
                    asked.result()
        return None

    return wait_for(attempt, 60, f"the container of {user}")


def test_a_profile_with_gpus_asks_the_engine_for_them(hub: Deployment, token: str) -> None:
    answers: list[requests.Response] = []
    body = {"profile": "Engine room"}
    ask = lambda: answers.append(hub.api("POST", "/users/kaylee/server", token=token, json=body))  # noqa: E731
    assert gpus_asked_for(hub, "kaylee", ask) == [
        {"Driver": "", "Count": 2, "DeviceIDs": [], "Capabilities": [["gpu"]], "Options": {}}
    ]
    assert answers[-1].status_code == 503
    assert NO_GPU in answers[-1].json()["message"]
    assert "install NVIDIA's driver and its Container Toolkit" in answers[-1].text
    assert started(hub, "kaylee", token, {"profile": "Flight data"}) == OF_FLIGHT


def test_the_page_says_why_there_is_no_gpu(hub: Deployment, page: Page) -> None:
    sign_in(page, hub.url, "kaylee", hub.password("kaylee"))
    page.get_by_role("radio", name="Engine room").check()
    page.get_by_role("button", name="Start").click()
    # Above the form, or below the progress when it has taken longer than a second.
    expect(page.get_by_text(NO_GPU).first).to_be_visible()


# --- The file ---

BAD = b"- name: Standard\n  memory: lots\n- name: standard\n"


def test_a_bad_file_is_refused_at_the_build_and_at_the_start(hub: Deployment) -> None:
    hub.write("profiles.yaml", BAD.decode())
    built = hub.make("build", check=False)
    hub.write("profiles.yaml", PROFILES)
    message = "profiles.yaml:2: memory is 'lots'; expected a size such as 512M or 2G, or 0 for no limit."
    assert built.returncode != 0
    assert f"FAIL: profiles.yaml cannot be used:\n{message}" in built.stderr
    assert message in start_refused(hub)


def start_refused(hub: Deployment) -> str:
    """What a hub says that is started around the check of `make build`."""
    name = f"{PROJECT}-refused"
    files = [f"--env-file={hub.root}/secrets/{file}.env" for file in ("proxy", "hub")]
    image = hub.docker("inspect", "--format", "{{.Config.Image}}", PROJECT).stdout.strip()
    hub.docker("create", "--name", name, "--network", "none", "--env", "JUPYTERHUB_ADMIN=admin", *files, image)
    try:
        bad = hub.write("bad.yaml", BAD.decode())
        hub.docker("cp", str(bad), f"{name}:/srv/jupyterhub/profiles.yaml")
        result = hub.docker("start", "--attach", name, check=False)
    finally:
        hub.docker("rm", "--force", "--volumes", name)
    assert result.returncode == 1, result.stdout + result.stderr
    return result.stdout + result.stderr


def test_an_image_that_is_nowhere_is_refused_at_the_build(hub: Deployment) -> None:
    hub.write("profiles.yaml", f"- name: Nowhere\n  image: localhost:1/{PROJECT}-nowhere:1\n")
    built = hub.make("build", check=False)
    hub.write("profiles.yaml", PROFILES)
    assert built.returncode != 0
    assert f"FAIL: the notebook image localhost:1/{PROJECT}-nowhere:1 is not here and cannot be pulled" in built.stderr


def test_another_file_counts_from_the_next_start(hub: Deployment, token: str) -> None:
    """The last test: its file stays."""
    hub.api("POST", "/users/mal/server", token=token, json={"profile": LARGE})
    wait_until_ready(hub, "mal", token)
    before = container(hub, "mal")
    hub.write("profiles.yaml", OTHER_PROFILES)
    hub.set_env(GPUS="device=0,GPU-fef8089b")
    hub.write(".env", f"{(hub.root / '.env').read_text()}\nHTTPPORT=81\n")
    built = hub.make("build")
    warning = next(line for line in built.stderr.splitlines() if line.startswith("WARNING: profiles.yaml"))
    assert "engineers, pilots" in warning
    assert "WARNING: HTTPPORT in .env is not a setting and has no effect. Fix: write HTTP_PORT" in built.stderr
    assert "WARNING: the Engine cannot give a server the GPUs device=0,GPU-fef8089b: " in built.stderr
    hub.compose("up", "-d", "--wait")
    after = container(hub, "mal")
    assert before is not None
    assert after is not None
    assert (after["Id"], after["State"]["StartedAt"]) == (before["Id"], before["State"]["StartedAt"])
    assert what_it_is(after) == OF_LARGE
    stop(hub, "mal", token)
    # Who may have nothing is told so; who may have one thing gets it without a form.
    answer = hub.api("POST", "/users/mal/server", token=token)
    assert answer.status_code == 403
    assert answer.json()["message"].startswith("mal is in no group ")
    page = visitor(hub, "mal").get("/hub/spawn")
    assert page.status_code == 403
    assert "mal is in no group " in page.text
    hub.api("PATCH", "/users/zoe/server", token=token, json={"user_options": {"profile": LARGE}})
    assert visitor(hub, "zoe").get("/hub/spawn").status_code == 302
    wait_until_ready(hub, "zoe", token)
    assert what_it_is(container(hub, "zoe")) == OF_FLIGHT | {"memory": 500 * MIB, "cores": 1}
    stop(hub, "zoe", token)
    # A profile that does not say otherwise has the GPUs of .env.
    ask = lambda: hub.api("POST", "/users/kaylee/server", token=token, json={"profile": "Engine room"})  # noqa: E731
    assert gpus_asked_for(hub, "kaylee", ask) == [
        {"Driver": "", "Count": 0, "DeviceIDs": ["0", "GPU-fef8089b"], "Capabilities": [["gpu"]], "Options": {}}
    ]
