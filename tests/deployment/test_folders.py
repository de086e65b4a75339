"""Shared folders: whom a server's processes let read and write, how volumes begin, and what is not there."""

import time
from collections.abc import Callable, Generator

import pytest
from playwright.sync_api import Page, expect

from support.browser import sign_in, wait_for_lab
from support.deployment import PREFIX, Deployment
from support.host import HostFolder, host_folder
from support.kernel import Kernel
from support.servers import UserServer

USERLIST = "admin admin\nzoe pilots\nwash pilots engineers\nmal\n"
HOME = "/home/jovyan"
HOMEWORK = {"homework-zoe", "homework-wash"}
READ_ONLY = "Read-only file system"
HEADLINE = "FAIL: folders.yaml cannot be used:\n"


@pytest.fixture(scope="module")
def hub(make_deployment: Callable[..., Deployment]) -> Deployment:
    """A deployment that is not yet built."""
    hub = make_deployment(f"{PREFIX}folders")
    hub.write("userlist", USERLIST)
    return hub


@pytest.fixture(scope="module")
def datasets(hub: Deployment) -> Generator[HostFolder]:
    """A folder of the host, and the hub runs; the folder belongs to group 4200 of the host."""
    with host_folder(hub, "datasets") as folder:
        hub.write(
            "folders.yaml",
            f'- name: shared\n  write: [pilots]\n- name: "{{group}}"\n'
            f"- {{name: datasets, host: {folder.path}, write: [admin], gid: 4200}}\n"
            '- name: "homework/{user}"\n  groups: [pilots]\n  read: [admin]\n',
        )
        folder.run("echo moons > data.csv && chgrp 4200 . && chmod 2775 .")
        hub.up()
        yield folder


@pytest.fixture(scope="module")
def token(hub: Deployment, datasets: HostFolder) -> str:
    return hub.token()


@pytest.fixture(scope="module")
def servers(hub: Deployment, token: str) -> Callable[[str], UserServer]:
    """`servers(name)`: somebody's server, which runs."""
    return lambda name: UserServer(hub, name, token).running()


def volume(hub: Deployment, name: str, script: str) -> str:
    """What a script of the shell says as root in a volume.

    Without `nocopy`, the Engine would give an empty volume to the owner of what it is mounted on.
    """
    place = ("--mount", f"type=volume,source={hub.project}-{name},target=/volume,volume-nocopy", "--workdir", "/volume")
    image = f"{hub.project}-user"
    done = hub.docker("run", "--rm", "--network", "none", "--user", "root", *place, image, "sh", "-c", script)
    return done.stdout.strip()


def volumes(hub: Deployment) -> set[str]:
    names = hub.docker("volume", "ls", "--quiet", "--filter", f"name={hub.project}-shared-").stdout.split()
    return {name.removeprefix(f"{hub.project}-shared-") for name in names}


# --- Before anything changes ---


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- name: shared\n  write: pilots\n", f"{HEADLINE}folders.yaml:2: write is 'pilots' (not a list of names)"),
        ("- name: a\n- {name: b, host: /etc}\n", f"{HEADLINE}folders.yaml:2: host is '/etc' (/etc is the system's)"),
        (
            "- {name: a, host: /srv/jh-nowhere}\n",
            f"{HEADLINE}folders.yaml:1: /srv/jh-nowhere is not a folder of the Docker host",
        ),
    ],
)
def test_make_build_refuses_what_cannot_be_shared(hub: Deployment, text: str, message: str) -> None:
    hub.write("folders.yaml", text)
    refused = hub.make("build", check=False)
    assert refused.returncode != 0
    assert message in refused.stderr
    assert "Fix:" in refused.stderr
    assert volumes(hub) == set()


def test_the_engines_own_folder_is_refused(hub: Deployment) -> None:
    place = hub.docker("info", "--format", "{{.DockerRootDir}}").stdout.strip()
    hub.write("folders.yaml", f"- {{name: a, host: {place}/volumes}}\n")
    assert f"({place} is the system's)" in hub.make("build", check=False).stderr


@pytest.mark.usefixtures("datasets")
def test_the_hub_does_not_start_with_a_bad_file(hub: Deployment) -> None:
    name = f"{hub.project}-refused"
    image = hub.docker("inspect", "--format", "{{.Config.Image}}", hub.project).stdout.strip()
    secrets = [f"--env-file={hub.root}/secrets/{file}.env" for file in ("proxy", "hub")]
    admin = "--env=JUPYTERHUB_ADMIN=admin"
    hub.docker("create", "--name", name, "--network", "none", *secrets, admin, image)
    bad = hub.write("folders.bad", "- name: shared\n  owner: zoe\n")
    hub.docker("cp", str(bad), f"{name}:/srv/jupyterhub/folders.yaml")
    refused = hub.docker("start", "--attach", name, check=False)
    assert refused.returncode == 1
    assert f"{HEADLINE}folders.yaml:2: 'owner' is not known here" in refused.stdout + refused.stderr


# --- Who reads and who writes ---


@pytest.mark.usefixtures("datasets")
def test_a_new_volume_belongs_to_the_servers(hub: Deployment) -> None:
    assert volumes(hub) == {"shared", "pilots", "engineers"} | HOMEWORK
    for name in volumes(hub):
        assert volume(hub, f"shared-{name}", "stat -c '%u:%g %a' .") == "1000:100 2775"


def test_each_gets_the_folders_of_their_groups(hub: Deployment, servers: Callable[[str], UserServer]) -> None:
    assert servers("zoe").shell("ls").split() == ["datasets", "homework", "pilots", "shared", "work"]
    assert servers("wash").shell("ls").split() == ["datasets", "engineers", "homework", "pilots", "shared", "work"]
    assert servers("mal").shell("ls").split() == ["datasets", "shared", "work"]


def test_who_writes_and_who_does_not(hub: Deployment, servers: Callable[[str], UserServer]) -> None:
    zoe, wash, mal = servers("zoe"), servers("wash"), servers("mal")
    assert zoe.shell("mkdir shared/plans && echo course > shared/plans/a.txt") == ""
    assert zoe.shell("stat -c '%U:%G %a' shared/plans shared/plans/a.txt") == "jovyan:users 2775\njovyan:users 664"
    assert wash.shell("echo to Miranda >> shared/plans/a.txt && cat shared/plans/a.txt") == "course\nto Miranda"
    for attempt in ("touch shared/b", "rm shared/plans/a.txt", "echo x > shared/plans/a.txt", "chmod 777 shared"):
        assert READ_ONLY in mal.shell(attempt)
    assert mal.shell("cat shared/plans/a.txt") == "course\nto Miranda"


def test_the_folder_of_a_group_is_its_own(hub: Deployment, servers: Callable[[str], UserServer]) -> None:
    assert servers("zoe").shell("echo ours > pilots/p.txt") == ""
    assert servers("wash").shell("cat pilots/p.txt; ls engineers") == "ours"


def test_the_folder_of_a_user_is_theirs_and_the_administrators_read_all(servers: Callable[[str], UserServer]) -> None:
    zoe, wash, admin = servers("zoe"), servers("wash"), servers("admin")
    assert zoe.shell("ls homework && echo essay > homework/zoe/essay.txt") == "zoe"
    assert wash.shell("ls homework") == "wash"
    assert admin.shell("ls homework && cat homework/zoe/essay.txt") == "wash\nzoe\nessay"
    assert READ_ONLY in admin.shell("touch homework/zoe/essay.txt")


@pytest.mark.usefixtures("datasets")
def test_somebody_with_another_number_writes_and_leaves_it_writable(hub: Deployment) -> None:
    """Another image's user, or an account of the host: they are members of the folder's group."""
    place = ("--volume", f"{hub.project}-shared-shared:/shared", "--user", "5001:5001", "--group-add", "100")
    script = "umask 077; echo mine > /shared/other.txt && stat -c '%u:%g %a' /shared/other.txt"
    done = hub.docker("run", "--rm", "--network", "none", *place, f"{hub.project}-user", "sh", "-c", script)
    assert done.stdout.strip() == "5001:100 664"


def test_a_server_of_the_volumes_is_in_their_group_and_gets_no_other_right(
    hub: Deployment, servers: Callable[[str], UserServer]
) -> None:
    form = "{{.HostConfig.GroupAdd}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}}"
    assert servers("mal").inspect(form) == "[100 4200] [ALL] [no-new-privileges]"


def test_a_folder_of_the_host_is_for_reading(
    hub: Deployment, datasets: HostFolder, token: str, servers: Callable[[str], UserServer]
) -> None:
    assert servers("zoe").shell("cat datasets/data.csv") == "moons"
    assert READ_ONLY in servers("zoe").shell("touch datasets/x")
    assert servers("admin").shell("touch datasets/by-admin") == ""
    assert datasets.owner("by-admin") == "1000:4200 644"
    servers("admin").stop()


def test_from_a_kernel_and_from_the_file_browser(
    hub: Deployment, token: str, servers: Callable[[str], UserServer]
) -> None:
    for name in ("zoe", "mal"):
        servers(name)
    with Kernel(hub.url, "zoe", token) as kernel:
        assert kernel.execute("open('/home/jovyan/shared/from-kernel.txt', 'w').write('hello')").status == "ok"
    with Kernel(hub.url, "mal", token) as kernel:
        path = "'/home/jovyan/shared/from-kernel.txt'"
        assert kernel.execute(f"print(open({path}).read())").text == "hello\n"
        assert READ_ONLY in kernel.execute(f"open({path}, 'a')").text
    assert servers("mal").read("shared/from-kernel.txt") == "hello"
    assert servers("mal").save("shared/from-kernel.txt", "bye") >= 400
    assert servers("zoe").save("shared/from-browser.txt", "hello") == 201
    assert servers("zoe").shell("stat -c %a shared/from-browser.txt") == "664"
    assert servers("mal").delete("shared/from-browser.txt") >= 400


def test_the_file_browser_shows_them(hub: Deployment, page: Page, servers: Callable[[str], UserServer]) -> None:
    servers("wash")
    sign_in(page, hub.url, "wash", hub.password("wash"))
    wait_for_lab(page)
    listing = page.locator(".jp-DirListing-content")
    for name in ("datasets", "engineers", "pilots", "shared"):
        expect(listing.get_by_text(name, exact=True)).to_be_visible()
    listing.get_by_text("shared", exact=True).dblclick()
    expect(listing.get_by_text("plans", exact=True)).to_be_visible()


# --- Groups change ---


def test_who_has_lost_a_group_reads_only_from_the_next_start_on(
    hub: Deployment, token: str, servers: Callable[[str], UserServer]
) -> None:
    before = servers("zoe")
    body = {"users": ["zoe"]}
    assert hub.api("DELETE", "/groups/pilots/users", token=token, json=body).status_code == 200
    assert before.shell("touch shared/still") == ""
    servers("zoe").stop()
    after = servers("zoe")
    assert READ_ONLY in after.shell("touch shared/not-any-more")
    # What is left of a folder is an empty one of root's, in the user's own: it is theirs to remove.
    assert after.shell("ls pilots; stat -c %U pilots; rmdir pilots; ls") == "root\ndatasets\nhomework\nshared\nwork"
    assert hub.api("POST", "/groups/pilots/users", token=token, json=body).status_code == 200
    servers("zoe").stop()
    assert servers("zoe").shell("touch shared/again; cat pilots/p.txt") == "ours"


# --- What is in the way, and what is not there ---


def test_a_users_own_folder_of_that_name_is_hidden_not_lost(
    hub: Deployment, servers: Callable[[str], UserServer]
) -> None:
    servers("mal").stop()
    volume(hub, "user-mal", "echo mine > shared/mine.txt")
    assert "mine.txt" not in servers("mal").shell("ls shared")
    assert volume(hub, "user-mal", "cat shared/mine.txt") == "mine"


def test_a_users_file_of_that_name_is_told(hub: Deployment, token: str, servers: Callable[[str], UserServer]) -> None:
    servers("mal").stop()
    volume(hub, "user-mal", "mv shared shared.old && echo mine > shared")
    assert (
        UserServer(hub, "mal", token)
        .refusal()
        .startswith(f"A file is called {HOME}/shared, where a shared folder has to be")
    )
    # As docs/folders.md says.
    volume(hub, "user-mal", "mv shared shared.file")
    assert servers("mal").shell("cat shared.file") == "mine"


def test_a_missing_volume_is_not_made_by_the_way(
    hub: Deployment, token: str, servers: Callable[[str], UserServer]
) -> None:
    servers("wash").stop()
    hub.docker("volume", "rm", f"{hub.project}-shared-engineers")
    asked = time.monotonic()
    assert UserServer(hub, "wash", token).refusal() == (
        f"The volume {hub.project}-shared-engineers of the folder engineers is not on the Docker host. "
        "An administrator has to run 'make build'."
    )
    assert time.monotonic() - asked < 5
    assert volumes(hub) == {"shared", "pilots"} | HOMEWORK


def test_a_missing_folder_of_the_host_is_told(
    hub: Deployment, datasets: HostFolder, token: str, servers: Callable[[str], UserServer]
) -> None:
    servers("mal").stop()
    datasets.run(f"mv {datasets.path} {datasets.path}.away")
    try:
        assert UserServer(hub, "mal", token).refusal() == (
            f"The folder {datasets.path} is not on the Docker host. An administrator has to make it there."
        )
    finally:
        datasets.run(f"cd / && rm -rf {datasets.path} && mv {datasets.path}.away {datasets.path}")


# --- What stays ---


def test_make_build_makes_what_is_missing_and_leaves_the_rest_alone(hub: Deployment, datasets: HostFolder) -> None:
    before = volume(hub, "shared-shared", "chmod 2750 . && chown 1000:4300 . && ls -lAn")
    hub.write("userlist", USERLIST + "river scholars\n")
    hub.write("folders.yaml", (hub.root / "folders.yaml").read_text() + "- {name: notes, read: [cooks]}\n")
    built = hub.make("build")
    assert "WARNING: folders.yaml:8: no user in the userlist is in the group 'cooks'." in built.stderr
    assert volumes(hub) == {"shared", "pilots", "engineers", "scholars", "notes"} | HOMEWORK
    assert volume(hub, "shared-engineers", "stat -c '%u:%g %a' .") == "1000:100 2775"
    assert volume(hub, "shared-shared", "stat -c '%u:%g %a' .; ls -lAn") == f"1000:4300 2750\n{before}"
    hub.docker("volume", "rm", f"{hub.project}-shared-notes")
    volume(hub, "shared-notes", "touch by-root")
    assert f"WARNING: the volume {hub.project}-shared-notes belongs to root" in hub.make("build").stderr
    assert volume(hub, "shared-notes", "stat -c '%u:%g %a' .") == "0:0 755"


def test_volumes_outlive_the_deployment(hub: Deployment, datasets: HostFolder) -> None:
    hub.compose("down", "--volumes")
    assert "shared" in volumes(hub)
    assert volume(hub, "shared-shared", "cat plans/a.txt") == "course\nto Miranda"
    hub.make("clean")
    assert volumes(hub) == {"shared", "pilots", "engineers", "scholars", "notes"} | HOMEWORK
    datasets.run("grep moons data.csv && test -e by-admin")
