"""Servers as accounts of the Docker host: files belong to them on the host, and others are refused with a fix.

The accounts are in a folder of the host that the tests make, by `useradd` itself, which replaces the files in it.
"""

import re
import shlex
from collections.abc import Callable, Generator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from support.browser import run_cell, sign_in, visit, wait_for_lab
from support.deployment import PREFIX, REPOSITORY, Deployment
from support.host import HostFolder, host_folder
from support.kernel import Kernel
from support.servers import UserServer
from support.terminal import Terminal
from support.waiting import wait_for

SYSTEM_USERS = "docker-system-user"
COMPOSE_FILE = "docker-compose.yml:examples/system-users/docker-compose.yml"
USERLIST = "admin admin\nzoe crew\nwash crew\nmal\nkaylee\ndaemon\njayne\n"
ZOE, WASH, PILOTS = 4101, 1000, 4200


@dataclass
class Accounts:
    """The accounts of the host."""

    folder: HostFolder

    def add(self, name: str, uid: int, *options: str) -> None:
        """Make an account with a home directory, unless `options` say otherwise."""
        words = ("--prefix", self.folder.path, "--user-group", "--uid", str(uid), *options, name)
        self.folder.run(f"useradd {shlex.join(words)}")

    def home(self, name: str) -> str:
        """Where an account's home directory is."""
        return f"{self.folder.path}/home/{name}"


@pytest.fixture(scope="module")
def hub(make_deployment: Callable[..., Deployment]) -> Deployment:
    """A deployment that is not yet built."""
    hub = make_deployment(f"{PREFIX}system")
    hub.write("userlist", USERLIST)
    hub.write("folders.yaml", "- {name: shared, write: [crew]}\n")
    return hub


@pytest.fixture(scope="module")
def accounts(hub: Deployment) -> Generator[Accounts]:
    """Two accounts with homes; the hub runs and looks them up."""
    with host_folder(hub, "system") as folder:
        folder.run("mkdir etc && cp /etc/passwd etc/ && touch etc/group")
        made = Accounts(folder)
        folder.run(f"groupadd --prefix {folder.path} --gid {PILOTS} pilots")
        made.add("zoe", ZOE, "--create-home", "--groups", "pilots")
        made.add("wash", WASH, "--create-home")
        folder.run("chmod 700 home/*")
        hub.make("notebook_image")
        build_image(hub)
        hub.set_env(
            JUPYTERHUB_SPAWNER=SYSTEM_USERS,
            COMPOSE_FILE=COMPOSE_FILE,
            HOST_ETC=f"{folder.path}/etc",
            HOST_HOMEDIR_FORMAT=f"{folder.path}/home/{{username}}",
            DOCKER_NOTEBOOK_IMAGE=f"{hub.project}-systemuser",
        )
        hub.up()
        yield made


def build_image(hub: Deployment) -> None:
    """As the README says, with this deployment's names."""
    readme = (REPOSITORY / "examples" / "system-users" / "README.md").read_text()
    found = re.search(r"^\$ (docker build .*)$", readme, re.MULTILINE)
    assert found
    words = shlex.split(found[1].replace("jupyterhub-systemuser", f"{hub.project}-systemuser"))
    hub.run(*words[:2], "--build-arg", f"NOTEBOOK_IMAGE={hub.project}-user", *words[2:])


@pytest.fixture(scope="module")
def token(hub: Deployment, accounts: Accounts) -> str:
    return hub.token()


@pytest.fixture(scope="module")
def zoe(hub: Deployment, token: str) -> UserServer:
    return UserServer(hub, "zoe", token).running()


@pytest.fixture(scope="module")
def wash(hub: Deployment, token: str) -> UserServer:
    return UserServer(hub, "wash", token).running()


# --- Before anything changes ---


def test_make_build_wants_the_overlay_and_the_accounts(hub: Deployment) -> None:
    alone = hub.make("build", env={"JUPYTERHUB_SPAWNER": SYSTEM_USERS}, check=False)
    assert f"  JUPYTERHUB_SPAWNER (.env or the shell) is '{SYSTEM_USERS}'" in alone.stderr
    assert f"COMPOSE_FILE={COMPOSE_FILE}" in alone.stderr
    chosen = {"JUPYTERHUB_SPAWNER": SYSTEM_USERS, "COMPOSE_FILE": COMPOSE_FILE}
    for folder in ("/srv", "/nowhere"):
        refused = hub.make("build", env=chosen | {"HOST_ETC": folder}, check=False)
        assert f"FAIL: HOST_ETC={folder} " in refused.stderr
    bad = hub.make("build", env=chosen | {"HOST_HOMEDIR_FORMAT": "/home"}, check=False)
    assert "HOST_HOMEDIR_FORMAT (.env or the shell) is '/home' " in bad.stderr


@pytest.mark.usefixtures("accounts")
def test_the_hub_does_not_start_without_the_accounts(hub: Deployment) -> None:
    name = f"{hub.project}-refused"
    image = hub.docker("inspect", "--format", "{{.Config.Image}}", hub.project).stdout.strip()
    secrets = [f"--env-file={hub.root}/secrets/{file}.env" for file in ("proxy", "hub")]
    chosen = {"JUPYTERHUB_ADMIN": "admin", "JUPYTERHUB_SPAWNER": SYSTEM_USERS, "OVERLAY_SYSTEM_USERS": "1"}
    variables = [f"--env={key}={value}" for key, value in chosen.items()]
    refused = hub.docker("run", "--name", name, "--network", "none", *secrets, *variables, image, check=False)
    assert refused.returncode == 1
    assert "FAIL: HOST_ETC: its file passwd cannot be read" in refused.stdout + refused.stderr


# --- Two accounts ---


def test_who_they_are(zoe: UserServer, wash: UserServer) -> None:
    script = "id -u; id -g; id -G; whoami; pwd; echo $HOME $USER $NB_USER $NB_UID $NB_GID; groups | head -c 3"
    assert zoe.shell(script).splitlines() == [
        str(ZOE),
        str(ZOE),
        f"{ZOE} 100 {PILOTS}",
        "zoe",
        "/home/zoe",
        f"/home/zoe zoe zoe {ZOE} {ZOE}",
        "zoe",
    ]
    # The number of the image's own user.
    assert wash.shell("whoami; id -u; getent passwd wash | cut -d: -f6") == f"wash\n{WASH}\n/home/wash"


def test_the_prompt_knows_them(zoe: UserServer) -> None:
    said = zoe.shell("bash -lic 'echo \"${PS1@P}\"' 2>&1")
    assert "zoe@" in said
    assert "cannot find name" not in said
    assert "I have no name" not in said


def test_files_belong_to_the_account_on_the_host(
    hub: Deployment, accounts: Accounts, zoe: UserServer, wash: UserServer
) -> None:
    assert zoe.shell("echo zoe > from-shell.txt") == ""
    with Kernel(hub.url, "zoe", zoe.token) as kernel:
        assert (
            kernel.execute("import os; open('from-kernel.txt', 'w').close(); print(os.getcwd())").text == "/home/zoe\n"
        )
    assert zoe.save("from-browser.txt", "hello") == 201
    assert accounts.folder.owner("home/zoe/from-shell.txt") == f"{ZOE}:{ZOE} 644"
    for name in ("from-kernel", "from-browser"):
        assert accounts.folder.owner(f"home/zoe/{name}.txt") == f"{ZOE}:{ZOE} 664"
    assert wash.save("mine.txt", "hello") == 201
    assert accounts.folder.owner("home/wash/mine.txt") == f"{WASH}:{WASH} 664"
    accounts.folder.run(f"echo there > home/zoe/from-host.txt && chown {ZOE} home/zoe/from-host.txt")
    assert zoe.read("from-host.txt") == "there\n"


def test_a_terminal_opens_in_the_home_and_has_the_images_programs(hub: Deployment, zoe: UserServer) -> None:
    with Terminal(hub.url, "zoe", zoe.token) as terminal:
        assert terminal.run("pwd; whoami; python -c 'print(6 * 7)'; pip --version").startswith(
            "/home/zoe\nzoe\n42\npip "
        )


def test_nobody_gets_into_another_home(zoe: UserServer) -> None:
    assert zoe.shell("ls /home").split() == ["jovyan", "zoe"]
    form = "{{range .Mounts}}{{.Destination}} {{end}}"
    mounts = zoe.inspect(form).split()
    assert sorted(mounts) == ["/home/zoe", "/home/zoe/shared"]


def test_the_server_is_as_confined_as_any(zoe: UserServer) -> None:
    form = "{{.Config.User}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}} {{.HostConfig.Privileged}}"
    assert zoe.inspect(form) == (f"{ZOE}:{ZOE} [ALL] [no-new-privileges] false")
    assert zoe.shell("find / -xdev -perm /6000 -type f 2>/dev/null") == ""


def test_two_accounts_change_each_others_files_in_a_shared_folder(
    hub: Deployment, zoe: UserServer, wash: UserServer
) -> None:
    assert zoe.save("shared/plan.txt", "course\n") == 201
    assert wash.save("shared/plan.txt", "another\n") == 200
    assert zoe.shell("cat shared/plan.txt; stat -c '%u:%g %a' shared/plan.txt") == (f"another\n{ZOE}:100 664")
    assert wash.shell("mkdir -p shared/a/b") == ""
    assert zoe.shell("touch shared/a/b/c && rm -r shared/a && ls shared") == "plan.txt"
    with Kernel(hub.url, "zoe", zoe.token) as kernel:
        copied = "import shutil; open('copy.txt', 'w').close(); shutil.copy('copy.txt', 'shared/copy.txt')"
        assert kernel.execute(copied).status == "ok"
    assert wash.save("shared/copy.txt", "mine now") == 200


def test_in_the_browser(hub: Deployment, wash: UserServer, page: Page) -> None:
    assert wash.read("mine.txt")
    sign_in(page, hub.url, "wash", hub.password("wash"))
    wait_for_lab(page)
    expect(page.locator(".jp-DirListing-content").get_by_text("mine.txt", exact=True)).to_be_visible()
    code = "import getpass, os, pathlib\nprint(getpass.getuser(), os.getuid(), pathlib.Path.home())"
    assert run_cell(page, code) == f"wash {WASH} /home/wash"


# --- Who is refused, and the cure ---


def test_without_an_account_the_page_says_what_to_do(
    hub: Deployment, accounts: Accounts, token: str, page: Page
) -> None:
    sign_in(page, hub.url, "kaylee", hub.password("kaylee"))
    visit(page, f"{hub.url}/hub/spawn")
    cure = "sudo useradd --create-home kaylee"
    expect(page.locator("body")).to_contain_text("kaylee has no account on the Docker host")
    expect(page.locator("body")).to_contain_text(cure)
    assert UserServer(hub, "kaylee", token).refusal().endswith(cure)
    accounts.add("kaylee", 4110, "--create-home")
    assert UserServer(hub, "kaylee", token).running().shell("id -u") == "4110"


def test_without_a_home_none_is_made(hub: Deployment, accounts: Accounts, token: str) -> None:
    accounts.add("mal", 4120, "--no-create-home")
    said = UserServer(hub, "mal", token).refusal()
    assert said.startswith(f"The home directory {accounts.home('mal')} is not on the Docker host")
    assert "mal" not in accounts.folder.run("ls home")
    accounts.folder.run(said.partition("sudo ")[2])
    assert UserServer(hub, "mal", token).running().shell("touch ~/here; stat -c %u ~") == "4120"


def test_a_home_of_another_account_is_refused(hub: Deployment, accounts: Accounts, token: str) -> None:
    accounts.add("jayne", 4130, "--no-create-home")
    accounts.folder.run("mkdir home/jayne")
    assert hub.api("POST", "/users/jayne/server", token=token).status_code >= 400
    said = "jayne (4130:4130) may not write to /home/jayne, which on the Docker host belongs to 0:0."
    wait_for(lambda: said in hub.logs("hub"), 10, "the server's last words")


def test_an_account_of_the_system_is_refused(hub: Deployment, token: str) -> None:
    said = UserServer(hub, "daemon", token).refusal()
    assert said.startswith("daemon is an account of the Docker host's system (1:1)")
