"""What a server may use, what its user sees at the limit, whose volumes hold how much, and which servers are old."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from support.browser import (
    ACTIVE_CELL,
    NOTEBOOK_IN_FRONT,
    add_empty_cell,
    open_notebook,
    run_cell,
    sign_in,
    start_cell,
    visit,
    wait_for_lab,
)
from support.deployment import PREFIX, Deployment
from support.kernel import Kernel
from support.people import users
from support.servers import inspected, running, stop

MIB = 1024**2
MEM_LIMIT = 400 * MIB
USERLIST = "admin admin\nzoe\nzoe-gpu\nwash\nmal\nkaylee\nproxy\n"
FULL = "[Errno 28] No space left on device"
LABELS = "org.jupyter.hub"


@pytest.fixture(scope="module")
def hub(make_deployment: Callable[..., Deployment]) -> Deployment:
    """A deployment with little memory for each server, and volumes for named servers."""
    hub = make_deployment(
        f"{PREFIX}limits", MEM_LIMIT="400M", NAMED_SERVER_LIMIT="2", NAMED_SERVER_VOLUMES="own", IDLE_TIMEOUT="0"
    )
    hub.write("userlist", USERLIST)
    hub.up()
    return hub


def execute(hub: Deployment, path: str, token: str, code: str) -> str:
    """What code gives on a server; `path` is the user and, behind a slash, the server's name."""
    with Kernel(hub.url, path, token) as kernel:
        return kernel.execute(code).text


def lab(page: Page, hub: Deployment, user: str) -> None:
    """JupyterLab in the browser, with a new notebook."""
    sign_in(page, hub.url, user, hub.password(user))
    visit(page, f"{hub.url}/user/{user}/lab")
    wait_for_lab(page)
    open_notebook(page)


def start_new_cell(page: Page, code: str) -> Locator:
    """Run code in a new cell, which is given; nothing waits for its end."""
    notebook = page.locator(NOTEBOOK_IN_FRONT)
    add_empty_cell(page, notebook)
    page.keyboard.insert_text(code)
    cell = notebook.locator(ACTIVE_CELL)
    start_cell(page, cell)
    return cell


# --- Memory ---


def test_shared_memory_ends_at_half_of_the_memory_and_counts_as_such(hub: Deployment, token: str) -> None:
    write = "open('/dev/shm/{0}', 'wb').write(b'x' * {0} * 1024**2)"
    with running(hub, "wash", token) as container:
        assert inspected(hub, container)["HostConfig"]["ShmSize"] == MEM_LIMIT // 2
        before = memory(hub, container)
        assert execute(hub, "wash", token, write.format(120)) == str(120 * MIB)
        assert memory(hub, container) - before > 100
        # What a kernel has left there stays when it ends.
        assert FULL in execute(hub, "wash", token, write.format(100))


def memory(hub: Deployment, container: str) -> float:
    """How much a container uses, in MiB, by the host's own count."""
    usage = hub.docker("stats", "--no-stream", "--format", "{{.MemUsage}}", container).stdout
    return float(usage.partition("MiB")[0])


def test_who_takes_too_much_memory_is_told_in_the_browser(hub: Deployment, token: str, page: Page) -> None:
    with running(hub, "wash", token) as container:
        before = inspected(hub, container)["State"]["StartedAt"]
        lab(page, hub, "wash")
        assert run_cell(page, "2 + 3") == "5"
        start_new_cell(page, f"hog = b'x' * {2 * MEM_LIMIT}")
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Kernel Restarting", timeout=60_000)
        expect(dialog).to_contain_text("appears to have died. It will restart automatically.")
        dialog.get_by_role("button").last.click()
        # JupyterLab shows "Starting" until something is run, so there is no waiting for an idle kernel.
        cell = start_new_cell(page, "3 + 4")
        expect(cell.locator(".jp-OutputArea-output")).to_have_text("7", timeout=30_000)
        assert inspected(hub, container)["State"]["StartedAt"] == before


# --- Disk ---


@pytest.fixture
def small_volume(hub: Deployment) -> Iterator[str]:
    """A volume of 20 MB for mal, in memory: full in the same way as one that the Engine limits.

    Not every host's file system can limit a volume. It is kept from being emptied between two servers.
    """
    name, holder = f"{hub.project}-user-mal", f"{hub.project}-holder"
    options = ("type=tmpfs", "device=tmpfs", "o=size=20m,uid=1000,gid=100")
    hub.docker("volume", "create", *(f"--opt={option}" for option in options), name)
    mount = ("--mount", f"type=volume,source={name},target=/held")
    hub.docker("run", "--detach", "--init", "--name", holder, *mount, f"{hub.project}-user", "sleep", "infinity")
    yield name
    hub.docker("rm", "--force", holder)
    hub.docker("volume", "rm", name)


@pytest.mark.usefixtures("small_volume")
def test_who_fills_the_disk_is_told_and_nobody_else_notices(hub: Deployment, token: str, page: Page) -> None:
    fill = "open('/home/jovyan/big', 'wb').write(b'x' * 30 * 1024**2)"
    with running(hub, "mal", token) as container, running(hub, "wash", token):
        lab(page, hub, "mal")
        assert FULL in run_cell(page, fill)
        page.keyboard.press("Escape")
        page.keyboard.press("Control+s")
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Rename and Save").click()
        expect(dialog).to_contain_text("File Save Error")
        # The second is SQLite's: the notebook's signature is stored first, in the same home.
        expect(dialog).to_contain_text(re.compile("No space left on device|disk is full"))
        dialog.get_by_role("button").last.click()
        assert inspected(hub, container)["State"]["Running"]
        assert execute(hub, "wash", token, "open('/home/jovyan/mine', 'w').write('here')") == "4"
    with running(hub, "mal", token):  # it starts all the same, so that files can be deleted
        assert FULL in execute(hub, "mal", token, fill)
        code = "import os; os.remove('/home/jovyan/big'); open('/home/jovyan/mine', 'w').write('here')"
        assert execute(hub, "mal", token, code) == "4"


def test_a_limit_of_the_disk_holds_or_is_refused(hub: Deployment, token: str) -> None:
    """Which of both is the Engine's word: not every file system can do it."""
    probe = hub.docker("volume", "create", "--opt", "size=1G", f"{hub.project}-probe", check=False)
    built = hub.make("build", env={"DISK_LIMIT": "30M"}, check=False)
    if probe.returncode == 0:
        assert built.returncode == 0, built.stderr
        hub.set_env(DISK_LIMIT="30M")
        hub.compose("up", "--detach", "--wait")
        with running(hub, "kaylee", token):
            write = "open('/home/jovyan/big', 'wb').write(b'x' * 40 * 1024**2)"
            text = execute(hub, "kaylee", token, write)
        assert FULL in text or "[Errno 122] Disk quota exceeded" in text
        assert users(hub)["kaylee"]["files"].endswith("of 30M")
    else:
        assert "quota size requested but no quota support" in built.stderr
        assert "FAIL: DISK_LIMIT=30M: this Docker Engine cannot limit how much a volume holds" in built.stderr
        assert "or set DISK_LIMIT=0" in built.stderr
        # Whoever goes around the check gets no server without a limit either.
        hub.set_env(DISK_LIMIT="30M")
        hub.compose("up", "--detach", "--wait")
        answer = hub.api("POST", "/users/kaylee/server", token=token)
        assert answer.status_code == 503
        assert "DISK_LIMIT is set, but the Docker host cannot limit the size of a volume" in answer.json()["message"]
        # A volume from before has no limit, and that is no secret.
        with running(hub, "wash", token):
            assert users(hub)["wash"]["note"] == "volume older than DISK_LIMIT"
    hub.set_env(DISK_LIMIT="0")
    hub.compose("up", "--detach", "--wait")


# --- Volumes ---


def test_prune_leaves_out_a_volume_with_an_option_and_one_that_a_container_has(hub: Deployment) -> None:
    """How the Engine treats users' volumes, which have this option, and what protects those from before."""
    label = f"{hub.project}.prune=1"
    names = {end: f"{hub.project}-prune-{end}" for end in ("option", "held", "free")}
    for end, name in names.items():
        options = ("--opt", "size=0") if end == "option" else ()
        hub.docker("volume", "create", "--label", label, *options, name)
    hub.docker("create", "--name", f"{hub.project}-keep", "--volume", f"{names['held']}:/held", f"{hub.project}-user")
    pruned = hub.docker("volume", "prune", "--all", "--force", "--filter", f"label={label}").stdout
    assert set(names.values()) & set(pruned.split()) == {names["free"]}
    hub.docker("rm", f"{hub.project}-keep")
    hub.docker("volume", "rm", names["option"], names["held"])


def test_make_users_says_how_much_everybody_has(hub: Deployment, token: str) -> None:
    write = "open('/home/jovyan/{0}', 'wb').write(b'x' * {0} * 1024**2)"
    with running(hub, "zoe", token):
        execute(hub, "zoe", token, write.format(12))
    assert users(hub)["zoe"]["files"] == "12M"
    with running(hub, "zoe", token, "gpu"):
        execute(hub, "zoe/gpu", token, write.format(30))
        assert users(hub)["zoe"]["files"] == "42M"
    assert users(hub)["proxy"]["files"] == ""


def test_named_servers_have_files_of_their_own(hub: Deployment, token: str) -> None:
    places = [("zoe", "gpu"), ("zoe", ""), ("zoe-gpu", ""), ("zoe", "gpu-2")]
    paths = ["/".join(filter(None, place)) for place in places]
    for (user, name), path in zip(places, paths, strict=True):
        hub.start_server(user, token=token, name=name)
        execute(hub, path, token, f"open('/home/jovyan/mine', 'w').write({path!r})")
        stop(hub, user, token, name, remove=bool(name))
    # A server that is deleted keeps its files for one that is called the same.
    for (user, name), path in zip(places, paths, strict=True):
        hub.start_server(user, token=token, name=name)
        assert execute(hub, path, token, "print(open('/home/jovyan/mine').read())") == f"{path}\n"
        stop(hub, user, token, name, remove=bool(name))
    names = hub.docker("volume", "ls", "--quiet", "--filter", f"name=^{hub.project}-user-zoe").stdout.split()
    owners = [name.removeprefix(f"{hub.project}-user-") for name in names]
    assert sorted(owners) == ["zoe", "zoe--gpu", "zoe--gpu-2d2", "zoe-2dgpu"]


def test_volumes_of_a_deleted_user_are_listed(hub: Deployment, token: str) -> None:
    hub.docker("volume", "create", f"{hub.project}-user-niska")
    table, _, rest = hub.make("users").stdout.partition("\n\n")
    assert "niska" not in table
    assert rest.splitlines()[0] == "Volumes without a user:"
    assert re.fullmatch(rf"  {hub.project}-user-niska  \d+K?", rest.splitlines()[1])
    hub.docker("volume", "rm", f"{hub.project}-user-niska")


# --- Containers from before ---


def leave(hub: Deployment, user: str, *, run: bool, owner: str = "") -> str:
    """Leave a container behind under the name of a user's server, from another image and with other settings."""
    name = f"{hub.project}-{user}"
    labels = {"project": hub.project, "user": owner or user, "server": "", "settings": "older"}
    options = [f"--label={LABELS}.{key}={value}" for key, value in labels.items()]
    image = f"{hub.project}-hub:6.1.1"
    hub.docker("create", "--init", "--memory", "64M", "--name", name, *options, image, "sleep", "infinity")
    if run:
        hub.docker("start", name)
    return inspected(hub, name)["Id"]


@pytest.mark.parametrize("run", [False, True], ids=["stopped", "running, and the hub does not know"])
def test_what_is_left_over_is_not_used_again(hub: Deployment, token: str, run: bool) -> None:
    old = leave(hub, "wash", run=run)
    with running(hub, "wash", token) as container:
        state = inspected(hub, container)
        assert state["Id"] != old
        assert state["Config"]["Image"] == f"{hub.project}-user"
        assert state["HostConfig"]["Memory"] == MEM_LIMIT
    assert hub.docker("inspect", old, check=False).returncode != 0


def test_another_container_of_that_name_is_left_alone(hub: Deployment, token: str) -> None:
    """Here users' containers begin as the hub's own: the server of a user called proxy would be the hub's proxy."""
    before = inspected(hub, f"{hub.project}-proxy")["State"]["StartedAt"]
    answer = hub.api("POST", "/users/proxy/server", token=token)
    assert answer.status_code == 503
    assert f'"/{hub.project}-proxy" is already in use' in answer.json()["message"]
    assert "Another container has the same name. An administrator has to remove" in answer.json()["message"]
    leave(hub, "kaylee", run=True, owner="somebody-else")
    answer = hub.api("POST", "/users/kaylee/server", token=token)
    assert answer.status_code == 503
    assert inspected(hub, f"{hub.project}-kaylee")["State"]["Running"]
    assert inspected(hub, f"{hub.project}-proxy")["State"]["StartedAt"] == before
    hub.docker("rm", "--force", f"{hub.project}-kaylee")


def test_a_server_from_before_a_change_goes_on_and_is_no_secret(hub: Deployment, token: str) -> None:
    image = f"{hub.project}-user"
    hub.start_server("wash", token=token)
    before = inspected(hub, f"{hub.project}-wash")["State"]["StartedAt"]
    hub.start_server("zoe", token=token, name="gpu")
    shown = users(hub)
    assert (shown["wash"].get("note", ""), shown["zoe"].get("note", "")) == ("", "")
    assert "older image" not in hub.make("status").stdout

    hub.docker("tag", image, f"{hub.project}-kept")
    hub.docker("build", "--quiet", "--tag", image, "-", stdin=f"FROM {image}\nLABEL newer=1\n")
    assert users(hub)["wash"]["note"] == "older image"
    hub.set_env(PIDS_LIMIT="200")
    hub.compose("up", "--detach", "--wait")
    assert users(hub)["wash"]["note"] == "older image, older settings"
    sentence = "servers run with an older image or older settings: wash, zoe."
    assert sentence in hub.make("status").stdout
    assert inspected(hub, f"{hub.project}-wash")["State"]["StartedAt"] == before

    stop(hub, "zoe", token, "gpu")
    stop(hub, "wash", token)
    with running(hub, "wash", token) as container:
        state = inspected(hub, container)
        assert state["HostConfig"]["PidsLimit"] == 200
        assert state["Config"]["Labels"]["newer"] == "1"
        assert users(hub)["wash"].get("note", "") == ""
        # `make up` builds the image anew; the server that runs is then older than it.
        up = hub.make("up", env={"PIDS_LIMIT": "300"})
        assert sentence.replace(", zoe", "") in up.stdout
    hub.docker("rmi", f"{hub.project}-kept")
