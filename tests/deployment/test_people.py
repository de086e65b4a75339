"""The userlist is the authority: what a changed list does to accounts, rights, groups, sessions and servers."""

import csv
import re
import secrets
from collections.abc import Callable, Generator
from stat import S_IMODE
from urllib.parse import quote

import pytest
from cryptography import x509
from playwright.sync_api import Page
from testinfra.host import Host

from host.x509 import names_of
from support.deployment import PREFIX, Deployment
from support.kernel import Kernel
from support.people import Visitor, alert, users
from support.waiting import wait_for

TWENTY = [f"pupil{number}" for number in range(1, 21)]
ODD_NAMES = ["o.dot", "o-dash", "o_dot", "odot", "o.hara@example.org", "USER1", "josé", "$plus+", "a$b#1"]
CHOSEN_PASSWORD = "pa$$word #1 ${HOME}"
GENERATED = re.compile(r"[a-z]{7}(-[a-z]{7}){3}")
INITIAL_PASSWORDS = "/data/initial-passwords"


@pytest.fixture(scope="module")
def school(make_deployment: Callable[..., Deployment]) -> Deployment:
    """A deployment whose list each test makes anew; its first administrator has a password that was chosen."""
    school = make_deployment(f"{PREFIX}people")
    school.write(
        "secrets/hub.env",
        f"JUPYTERHUB_HEALTH_TOKEN={secrets.token_hex(32)}\nJUPYTERHUB_ADMIN_PASSWORD='{CHOSEN_PASSWORD}'\n",
    )
    school.write("userlist", "simon\nbook\n")
    school.up()
    return school


def apply_list(school: Deployment, *lines: str) -> None:
    """Write the userlist and put it into effect."""
    school.write("userlist", "".join(f"{line}\n" for line in lines))
    school.make("build")
    school.compose("up", "--detach", "--wait")


def in_path(name: str) -> str:
    """A name as JupyterHub writes it into the paths of servers."""
    return quote(name.lower(), safe="@~")


def groups_of(school: Deployment) -> dict[str, list[str]]:
    """The members of each of JupyterHub's groups."""
    return {
        group["name"]: sorted(group["users"]) for group in school.api("GET", "/groups", token=school.token()).json()
    }


def execute(school: Deployment, name: str, code: str) -> str:
    """What code gives on the user's server, which must run."""
    with Kernel(school.url, in_path(name), school.token()) as kernel:
        return kernel.execute(code).text


def mounts(school: Deployment, container: str) -> dict[str, str]:
    """Where each of a container's volumes is mounted, with the volume's name."""
    lines = school.docker(
        "inspect", "--format", "{{range .Mounts}}{{.Destination}}\t{{.Name}}\n{{end}}", container
    ).stdout.strip()
    return dict(line.split("\t") for line in lines.splitlines())


def test_the_chosen_password_of_the_first_administrator_works(school: Deployment) -> None:
    assert Visitor(school.url).sign_in("admin", CHOSEN_PASSWORD) == ""
    assert users(school)["admin"]["initial password"] == ""
    assert CHOSEN_PASSWORD not in school.logs("hub")


def test_that_password_can_be_all_that_is_in_the_file(make_deployment: Callable[..., Deployment]) -> None:
    # In a fresh clone, as docs/people.md says: before the first start.
    clone = make_deployment(f"{PREFIX}chosen")
    path = clone.write("secrets/hub.env", f"JUPYTERHUB_ADMIN_PASSWORD='{CHOSEN_PASSWORD}'\n")
    clone.make("build")
    assert "JUPYTERHUB_HEALTH_TOKEN=" in path.read_text()


def test_twenty_names_get_twenty_passwords(school: Deployment) -> None:
    apply_list(school, *TWENTY)
    shown = {name: row["initial password"] for name, row in users(school).items() if name in TWENTY}
    assert shown.keys() == set(TWENTY)
    assert len({password for password in shown.values() if GENERATED.fullmatch(password)}) == 20
    known = {user["name"] for user in school.api("GET", "/users", token=school.token()).json()}
    assert known >= set(TWENTY)
    for name in (TWENTY[0], TWENTY[9], TWENTY[19]):
        assert Visitor(school.url).sign_in(name, shown[name]) == ""
    assert Visitor(school.url).sign_in(TWENTY[0], shown[TWENTY[1]]) != ""


def test_initial_passwords_are_the_hubs_alone(school: Deployment, container_host: Callable[[str], Host]) -> None:
    host = container_host(school.project)
    hub_user = host.file("/proc/1").user
    directory = host.file(INITIAL_PASSWORDS)
    assert (directory.mode, directory.user) == (0o700, hub_user)
    assert hub_user != "root"
    files = {name: host.file(f"{INITIAL_PASSWORDS}/{name}") for name in directory.listdir()}
    assert files.keys() >= {"simon", "book"}
    assert {(file.mode, file.user) for file in files.values()} == {(0o600, hub_user)}


def test_who_leaves_the_list_is_out_and_who_returns_has_everything(school: Deployment) -> None:
    apply_list(school, "mal crew", "niska")
    password = school.initial_password("mal")
    browser = Visitor(school.url)
    assert browser.sign_in("mal", password) == ""
    token = school.token("mal")
    school.start_server("mal", token=token)
    execute(school, "mal", "open('/home/jovyan/cargo.txt', 'w').write('cattle')")
    container = school.container("mal")
    volume = mounts(school, container)["/home/jovyan"]
    assert browser.signed_in()

    apply_list(school, "niska")
    assert Visitor(school.url).sign_in("mal", password) != ""
    assert "already in use" in Visitor(school.url).sign_up("mal", "a fairly good one")
    assert school.api("GET", "/user", token=token).status_code in {401, 403}
    assert not browser.signed_in()
    wait_for(lambda: container not in school.docker("ps", "--format", "{{.Names}}").stdout.split(), 60, "its end")
    assert "/user/mal" not in school.api("GET", "/proxy", token=school.token()).text
    assert school.docker("volume", "inspect", volume, check=False).returncode == 0
    assert users(school)["mal"]["note"] == "removed from the userlist"

    apply_list(school, "mal crew", "niska")
    assert not browser.signed_in()
    assert Visitor(school.url).sign_in("mal", password) == ""
    assert school.api("GET", "/user", token=token).status_code in {401, 403}
    school.start_server("mal", token=school.token("mal"))  # the rights of a user are back, too
    assert execute(school, "mal", "print(open('/home/jovyan/cargo.txt').read())") == "cattle\n"
    assert groups_of(school)["crew"] == ["mal"]


def test_who_loses_admin_has_no_rights_of_an_administrator(school: Deployment) -> None:
    apply_list(school, "zoe admin")
    token = school.token("zoe")
    browser = Visitor(school.url)
    assert browser.sign_in("zoe", school.initial_password("zoe")) == ""
    assert school.api("GET", "/users", token=token).status_code == 200
    assert browser.get("/hub/admin").status_code == 200

    apply_list(school, "zoe")
    assert school.api("GET", "/users", token=token).status_code == 403
    assert browser.get("/hub/admin").status_code == 403
    assert school.api("GET", "/user", token=token).json()["admin"] is False
    assert users(school)["zoe"]["admin"] == ""


def test_groups_of_the_list_are_groups_of_the_hub(school: Deployment) -> None:
    apply_list(school, "wash pilots drivers", "kaylee engineers pilots", "vera")
    groups = groups_of(school)
    assert (groups["pilots"], groups["drivers"], groups["engineers"]) == (["kaylee", "wash"], ["wash"], ["kaylee"])

    apply_list(school, "wash drivers", "kaylee engineers pilots")
    groups = groups_of(school)
    assert (groups["pilots"], groups["drivers"], groups["engineers"]) == (["kaylee"], ["wash"], ["kaylee"])


def test_people_added_in_the_console_stay(school: Deployment) -> None:
    token = school.token()
    added = school.api("POST", "/users", token=token, json={"usernames": ["river", "jayne"], "admin": False})
    assert added.status_code == 201
    assert school.api("PATCH", "/users/river", token=token, json={"admin": True}).status_code == 200
    passwords = {name: school.initial_password(name) for name in ("river", "jayne")}

    def check() -> None:
        for name, password in passwords.items():
            assert Visitor(school.url).sign_in(name, password) == ""
        admins = {name: school.api("GET", f"/users/{name}", token=token).json()["admin"] for name in passwords}
        assert admins == {"river": True, "jayne": False}

    check()
    school.make("restart")
    wait_for(lambda: school.api("GET", "/info", token=token).status_code == 200, 60, "the hub")
    check()
    apply_list(school, "somebody-else")
    check()


def test_nobody_signs_up_under_a_name_from_the_console(school: Deployment) -> None:
    created = school.api("POST", "/users/saffron", token=school.token())
    assert created.status_code == 201
    visitor = Visitor(school.url)
    assert "already in use" in visitor.sign_up("Saffron", "a fairly good one")
    assert visitor.sign_in("saffron", school.initial_password("saffron")) == ""


def test_the_console_cannot_add_what_is_no_name(school: Deployment) -> None:
    token = school.token()
    before = set(users(school))
    names = ["new comer", "new\tcomer", "alice?x", "x" * 300]
    answers = {
        name: school.api("POST", "/users", token=token, json={"usernames": [name]}).status_code for name in names
    }
    assert answers == dict.fromkeys(names, 400)
    assert set(users(school)) == before


def test_a_list_with_windows_line_ends_and_a_mark_works(school: Deployment) -> None:
    text = "\ufeff# the crew\r\nMal2 Pilots\r\n\r\ninara # a guest\r\n"
    (school.root / "userlist").write_bytes(text.encode())
    school.make("build")
    school.compose("up", "--detach", "--wait")
    shown = users(school)
    assert shown["mal2"]["groups"] == "pilots"
    assert Visitor(school.url).sign_in("inara", shown["inara"]["initial password"]) == ""


def test_odd_names_have_servers_and_volumes_of_their_own(school: Deployment) -> None:
    apply_list(school, *ODD_NAMES)
    token = school.token()
    for name in ODD_NAMES:
        school.start_server(in_path(name), token=token)
    containers = {name: school.container(name.lower()) for name in ODD_NAMES}
    volumes = {name: mounts(school, container)["/home/jovyan"] for name, container in containers.items()}
    assert len(set(containers.values())) == len(set(volumes.values())) == len(ODD_NAMES)
    for name in ODD_NAMES:
        code = f"from pathlib import Path\nPath('/home/jovyan/mine.txt').write_text({name!r}, encoding='utf-8')"
        assert execute(school, name, code) == str(len(name))
    for name, container in containers.items():
        assert school.docker("exec", container, "cat", "/home/jovyan/mine.txt").stdout == name


@pytest.fixture
def for_pupils(school: Deployment) -> Generator[None]:
    """The settings of a class, for one test; they take effect with the next list."""
    settings = {
        "PUBLIC_HOST": "hub.school.example",
        "LOGIN_HELP": "Ask <b>Ms Schmidt</b>",
        "NATIVE_CHANGE_INITIAL_PASSWORD": "true",
    }
    school.set_env(**settings)
    yield
    for name in settings:
        del school.settings[name]


@pytest.mark.usefixtures("for_pupils")
def test_a_class_list_becomes_users_with_slips(school: Deployment, page: Page) -> None:
    school.write("userlist", "# staff\nZoe  # teaches\n")
    (school.root / "class.csv").write_bytes(
        "Nachname;Vorname;Klasse\r\nGroß;Jürgen;7a\r\nGroß;Jürgen;7a\r\n".encode("cp1252")
    )
    tried = school.make("users-import", "CSV=class.csv", "DRY_RUN=1")
    assert (school.root / "userlist").read_text() == "# staff\nZoe  # teaches\n"
    assert "juergen.gross2 (7a): new; Jürgen Groß" in tried.stderr
    school.make("users-import", "CSV=class.csv")
    listed = "# staff\nZoe  # teaches\njuergen.gross 7a # Jürgen Groß\njuergen.gross2 7a # Jürgen Groß\n"
    assert (school.root / "userlist").read_text() == listed
    school.make("users-import", "CSV=class.csv")
    assert (school.root / "userlist").read_text() == listed
    apply_list(school, *listed.splitlines())

    rows = list(csv.DictReader(school.make("users", "FORMAT=csv", "GROUP=7A").stdout.splitlines()))
    passwords = {row["name"]: row["initial_password"] for row in rows}
    assert passwords.keys() == {"juergen.gross", "juergen.gross2"}
    said = school.make("slips", "GROUP=7a").stderr
    files = [school.root / name for name in ("slips-7a.html", "slips-7a.pdf")]
    assert [S_IMODE(file.stat().st_mode) for file in files] == [0o600, 0o600]
    assert "rm slips-7a.html slips-7a.pdf" in said
    assert files[1].read_bytes().startswith(b"%PDF")
    page.set_content(files[0].read_text())
    slips = page.locator("section")
    assert slips.count() == 2
    for slip, (name, password) in zip(slips.all(), passwords.items(), strict=True):
        address = f"https://hub.school.example:{school.settings['HTTPS_PORT']}"
        assert slip.locator("dd").all_inner_texts() == [address, name, password]
    certificate = x509.load_pem_x509_certificate((school.root / "secrets/jupyterhub.crt").read_bytes())
    assert "hub.school.example" in names_of(certificate)


@pytest.mark.usefixtures("for_pupils")
def test_an_initial_password_is_good_for_choosing_another_one(school: Deployment) -> None:
    school.compose("up", "--detach", "--wait")
    pupil, initial, own = Visitor(school.url), school.initial_password("juergen.gross"), "the river runs uphill"
    assert "Ask &lt;b&gt;Ms Schmidt&lt;/b&gt;" in pupil.get("/hub/login").text
    answer = pupil.post("/hub/login", {"username": "juergen.gross", "password": initial})
    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/hub/initial-password")
    assert not pupil.signed_in()
    assert school.api("GET", "/user", token=school.token("juergen.gross")).status_code == 200

    def choose(new: str, again: str = "") -> str:
        fields = {"new_password": new, "new_password_confirmation": again or new}
        response = pupil.post("/hub/initial-password", fields)
        return alert(response) if response.status_code == 200 else response.headers["Location"]

    assert "initial password" in choose(initial)
    assert "not the same" in choose(own, "another")
    assert "8 characters" in choose("seven77")
    assert "/hub/login" not in choose(own)
    assert pupil.signed_in()
    assert users(school)["juergen.gross"]["initial password"] == ""
    assert "/hub/login" in Visitor(school.url).get("/hub/initial-password").headers["Location"]
    other = Visitor(school.url).post("/hub/login", {"username": "juergen.gross", "password": own})
    assert "initial-password" not in other.headers["Location"]


def test_who_has_left_is_removed_with_or_without_files(school: Deployment) -> None:
    def remove(*words: str) -> str:
        return school.make("user-remove", *words, check=False).stderr

    token = school.token()
    assert school.api("POST", "/users/book2", token=token).status_code == 201
    own = school.token("book2")
    school.start_server("book2", token=token)
    container = school.container("book2")
    volume = mounts(school, container)["/home/jovyan"]
    assert "userlist still has juergen.gross juergen.gross2" in remove("GROUP=7a", "HOMES=delete")
    school.write("userlist", "zoe\n")
    assert "the hub still has the userlist with juergen.gross" in remove("USER=juergen.gross", "HOMES=delete")
    assert "HOMES=keep or HOMES=delete" in remove("USER=book2")
    assert school.api("GET", "/users/book2", token=token).status_code == 200

    assert "Removed users: 1. Their files stay" in remove("USER=book2", "HOMES=keep")
    assert school.api("GET", "/users/book2", token=token).status_code == 404
    assert school.api("GET", "/user", token=own).status_code in {401, 403}
    assert school.containers("book2") == []
    assert school.docker("volume", "inspect", volume, check=False).returncode == 0
    assert "Deleted 1 volumes" in remove("USER=book2", "HOMES=delete")
    assert school.docker("volume", "inspect", volume, check=False).returncode == 1

    apply_list(school, "zoe")
    remove("LEFT=1", "HOMES=delete")
    shown = users(school)
    assert [name for name, row in shown.items() if row.get("note") == "removed from the userlist"] == []
    assert "juergen.gross" not in shown
    assert "zoe" in shown
