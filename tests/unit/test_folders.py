"""folders.yaml: what may be written in it, whom each folder is for, and what may never be shared."""

import os
import re
from pathlib import Path

import pytest

from host import folders as on_host
from hub.errors import FileError
from hub.settings import folders, host_paths
from hub.settings.folders import Folder
from hub.users import userlist
from hub.users.userlist import Member

REPOSITORY = Path(__file__).parents[2]
MEMBERS = userlist.parse("mal admin\nzoe pilots\nwash Pilots engineers\nkaylee engineers\nriver\n")
WHO = {each.name: folders.groups_of(each.name, each.groups, each.admin) for each in MEMBERS.values()}


def parse(text: str, members: dict[str, Member] = MEMBERS) -> list[Folder]:
    return folders.parse(text.encode(), "crew", members)


def problems(text: str) -> list[str]:
    with pytest.raises(FileError) as caught:
        parse(text)
    return caught.value.lines


def readers(folder: Folder) -> set[str]:
    return {name for name, who in WHO.items() if folder.is_for(who)}


def writers(folder: Folder) -> set[str]:
    return {name for name, who in WHO.items() if folder.is_writable_for(who)}


# --- Who gets what ---


@pytest.mark.parametrize(
    ("rights", "read", "write"),
    [
        ("", {"mal", "zoe", "wash", "kaylee", "river"}, set()),
        ("write: [pilots]", {"mal", "zoe", "wash", "kaylee", "river"}, {"zoe", "wash"}),
        ("write: [PILOTS]", {"mal", "zoe", "wash", "kaylee", "river"}, {"zoe", "wash"}),
        ("write: everybody", {"mal", "zoe", "wash", "kaylee", "river"}, {"mal", "zoe", "wash", "kaylee", "river"}),
        ("write: [admin]", {"mal", "zoe", "wash", "kaylee", "river"}, {"mal"}),
        ("read: [engineers]", {"wash", "kaylee"}, set()),
        ("read: [engineers]\n  write: [pilots, admin]", {"mal", "zoe", "wash", "kaylee"}, {"mal", "zoe", "wash"}),
        ("read: []\n  write: [pilots]", {"zoe", "wash"}, {"zoe", "wash"}),
        ("read: []", set(), set()),
    ],
)
def test_who_reads_and_who_writes(rights: str, read: set[str], write: set[str]) -> None:
    [folder] = parse(f"- name: shared\n  {rights}\n")
    assert (readers(folder), writers(folder)) == (read, write)


def test_a_group_that_is_called_as_a_word_is_no_group() -> None:
    who = folders.groups_of("zoe", ["admin", "Admin", "everybody", "pilots"], admin=False)
    assert who == {"everybody", "pilots", folders.Alone("zoe")}
    assert "admin" in folders.groups_of("zoe", [], admin=True)


def test_a_volume_or_a_folder_of_the_host() -> None:
    shared, datasets = parse("- name: shared\n- {name: datasets, host: /srv/datasets/, gid: 4200}\n")
    assert (shared.source, shared.on_host, shared.gid, shared.line) == ("crew-shared-shared", False, 100, 1)
    assert (datasets.source, datasets.on_host, datasets.gid, datasets.line) == ("/srv/datasets", True, 4200, 2)


def test_one_for_each_group() -> None:
    found = {folder.name: folder for folder in parse('- name: "{group}"\n')}
    assert found.keys() == {"pilots", "engineers"}
    assert found["pilots"].source == "crew-shared-pilots"
    assert readers(found["pilots"]) == writers(found["pilots"]) == {"zoe", "wash"}
    assert writers(found["engineers"]) == {"wash", "kaylee"}


def test_for_each_group_with_other_rights() -> None:
    found = parse(
        '- name: "of-{group}"\n  groups: [Pilots, guests]\n  read: everybody\n  write: ["{group}", admin]\n'
        '  host: "/srv/groups/{group}"\n'
    )
    assert [(folder.name, folder.source) for folder in found] == [
        ("of-pilots", "/srv/groups/pilots"),
        ("of-guests", "/srv/groups/guests"),
    ]
    assert [writers(folder) for folder in found] == [{"mal", "zoe", "wash"}, {"mal"}]
    assert all(readers(folder) == set(WHO) for folder in found)


def test_one_for_each_user_which_others_may_read() -> None:
    found = {folder.name: folder for folder in parse('- name: "homework/{user}"\n  read: [admin]\n')}
    assert found.keys() == {f"homework/{name}" for name in MEMBERS}
    assert found["homework/zoe"].source == "crew-shared-homework-zoe"
    assert (readers(found["homework/zoe"]), writers(found["homework/zoe"])) == ({"mal", "zoe"}, {"zoe"})
    assert readers(found["homework/mal"]) == {"mal"}


def test_one_for_each_user_of_some_groups() -> None:
    text = '- name: "{user}"\n  groups: [Engineers]\n  read: ["{user}", pilots]\n  host: "/srv/{user}"\n'
    found = parse(text)
    assert [(folder.name, folder.source) for folder in found] == [("wash", "/srv/wash"), ("kaylee", "/srv/kaylee")]
    assert [(readers(folder), writers(folder)) for folder in found] == [
        ({"wash", "zoe"}, {"wash"}),
        ({"kaylee", "wash", "zoe"}, {"kaylee"}),
    ]


def test_a_group_that_is_called_as_a_user_is_not_that_user() -> None:
    [folder] = parse('- name: "{user}"\n  groups: [engineers]\n', userlist.parse("mal admin\nwash engineers\n"))
    assert not folder.is_for(folders.groups_of("mal", ["wash"], admin=True))


def test_the_name_of_a_group_is_escaped_in_that_of_its_volume() -> None:
    members = userlist.parse("mal admin o.hara zoë\n")
    assert [(folder.name, folder.source) for folder in parse('- name: "{group}"\n', members)] == [
        ("o.hara", "crew-shared-o-2ehara"),
        ("zoë", "crew-shared-zo-c3-ab"),
    ]


def test_without_a_file_there_are_no_folders(tmp_path: Path) -> None:
    assert folders.load(tmp_path / "folders.yaml", "crew", MEMBERS) == []
    (tmp_path / "folders.yaml").write_text("- name: shared\n")
    assert len(folders.load(tmp_path / "folders.yaml", "crew", MEMBERS)) == 1


# --- Bad input ---


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("shared: 1", "folders.yaml:1: expected a list"),
        ("- write: [a]", "folders.yaml:1: name is missing; expected letters, digits"),
        ("- name: a/b", "folders.yaml:1: name is 'a/b'; expected letters, digits, dots"),
        ("- name: ..", "folders.yaml:1: name is '..'; expected"),
        ("- name: .hidden", "folders.yaml:1: name is '.hidden'; expected"),
        ("- name: {group}", "folders.yaml:1: name is {'group': None}; expected letters, digits, dots"),
        ('- name: "{user}/work"', "folders.yaml:1: name is '{user}/work'; expected letters, digits, dots"),
        ('- name: "a/{group}"', "folders.yaml:1: name is 'a/{group}'; expected"),
        ('- name: "{group}-{user}"', "folders.yaml:1: both {group} and {user} are in the name"),
        ('- name: "{user}"\n  host: /srv/x', "folders.yaml:1: host is the same folder for every user"),
        ('- name: "{user}"\n  read: ["{group}"]', "folders.yaml:1: {group} is there, but not in the name"),
        ("- name: a\n  owner: zoe", "folders.yaml:2: 'owner' is not known here; expected one of name, read, write"),
        (
            "- name: a\n  write: pilots",
            "folders.yaml:2: write is 'pilots' (not a list of names); expected everybody, or",
        ),
        (
            "- name: a\n  write: [everybody]",
            "folders.yaml:2: write is ['everybody'] (write everybody without brackets)",
        ),
        ("- name: a\n  read: [1]", "folders.yaml:2: read is [1] (not a list of names)"),
        ("- name: a\n  groups: [pilots]", "folders.yaml:1: groups is there, but no {group} or {user} in the name"),
        ("- name: a\n  write: ['{group}']", "folders.yaml:1: {group} is there, but not in the name"),
        ("- name: a\n  host: /srv/{group}", "folders.yaml:1: {group} is there, but not in the name"),
        ('- name: "{group}"\n  host: /srv/x', "folders.yaml:1: host is the same folder for every group"),
        ('- name: "{group}"\n  groups: [a/b]', "folders.yaml:2: groups is 'a/b' ('a/b' cannot be a folder's name: "),
        ("- name: a\n  gid: 100", "folders.yaml:1: gid is for folders of the Docker host"),
        ("- {name: a, host: /srv/a, gid: 0}", "folders.yaml:1: gid is 0; expected a number, 1 or more."),
        ("- name: a\n- name: a", "folders.yaml:2: there is another folder 'a', in line 1; expected a name of its own."),
        ('- name: pilots\n- name: "{group}"', "folders.yaml:2: there is another folder 'pilots', in line 1"),
        (
            "- name: a\n  host: srv/a",
            "folders.yaml:2: host is 'srv/a' (it has to begin with a slash); expected the path",
        ),
        ("- name: a\n  host: /srv/../etc", "folders.yaml:2: host is '/srv/../etc' (there must be no . or .. in it)"),
        ("- name: a\n  host: /srv/{user}", "folders.yaml:1: {user} is there, but not in the name"),
        ("- name: a\n  host: /srv/{name}", "folders.yaml:2: host is '/srv/{name}' (braces, commas, quotes"),
        ("- name: a\n  host: /etc", "folders.yaml:2: host is '/etc' (/etc is the system's)"),
    ],
)
def test_what_is_refused(text: str, problem: str) -> None:
    assert problems(text)[0].startswith(problem)


def test_two_names_for_one_volume() -> None:
    members = userlist.parse("mal admin o.hara\n")
    with pytest.raises(FileError, match=r"\nfolders\.yaml:2: there is another folder 'o\.hara', in line 1"):
        folders.parse(b'- name: o-2ehara\n- name: "{group}"\n', "crew", members)


def test_what_is_no_text() -> None:
    with pytest.raises(FileError, match=r"\nfolders\.yaml:2: .*UTF-8"):
        folders.parse(b"- name: a\n- name: zo\xeb\n", "crew", MEMBERS)


def test_a_group_that_nobody_is_in_is_a_warning() -> None:
    text = '- name: a\n  read: [pilots, pilotz, admin]\n- {name: "{group}", groups: [cooks], write: ["{group}"]}\n'
    assert folders.warnings(text.encode(), MEMBERS) == [
        "folders.yaml:1: no user in the userlist is in the group 'pilotz'.",
        "folders.yaml:3: no user in the userlist is in the group 'cooks'.",
    ]


@pytest.mark.parametrize(
    "path",
    [
        *("/", "//", "/etc", "/etc/ssl", "//etc", "/var", "/var/run", "/var/run/docker.sock", "/run/user", "/var/lib"),
        *("/var/lib/docker/volumes", "/root", "/proc/1", "/usr/local", "/engine", "/data", "/data/docker/volumes"),
    ],
)
def test_what_is_the_systems(path: str) -> None:
    assert "the system's" in (host_paths.complaint(path, ["/engine/docker.sock", "/data/docker"]) or "")


@pytest.mark.parametrize("path", ["/srv", "/srv/data sets", "/home/shared", "/etcetera", "/var/data", "/mnt/nfs/a.b"])
def test_what_may_be_shared(path: str) -> None:
    assert host_paths.complaint(path, ["/var/lib/docker"]) is None


# --- What the build does ---


def test_what_is_special_on_this_host_is_the_systems_too() -> None:
    assert host_paths.complaint("/data/docker/volumes") is None
    reason = host_paths.complaint("/data/docker/volumes", ["/run/docker.sock", "/data/docker"])
    assert reason is not None
    assert "/data/docker" in reason


def test_what_the_build_makes_and_looks_for() -> None:
    text = '- name: shared\n- name: "{group}"\n- {name: d, host: /srv/d}\n'
    found = parse(text, userlist.parse("mal admin pilots\n"))
    assert [folder.source for folder in found] == ["crew-shared-shared", "crew-shared-pilots", "/srv/d"]


def test_a_new_volume_is_given_to_those_who_write_and_any_other_is_left_alone(tmp_path: Path) -> None:
    new, used = tmp_path / "new", tmp_path / "used"
    for folder in (new, used):
        folder.mkdir()
        os.chown(folder, 0, 0)
    (used / "file").touch()
    assert [warning.split()[2] for warning in on_host.own_all(tmp_path, 1000)] == ["used"]
    assert ((state := new.stat()).st_uid, state.st_gid, state.st_mode & 0o7777) == (1000, folders.VOLUME_GID, 0o2775)
    assert used.stat().st_uid == 0
    assert on_host.own(new, 2000) == ""
    assert new.stat().st_uid == 1000


# --- What is shown to copy ---


def test_the_example_is_accepted() -> None:
    content = (REPOSITORY / "examples" / "shared-folders" / "folders.yaml").read_bytes()
    found = {folder.name: folder for folder in folders.parse(content, "crew", MEMBERS)}
    assert found.keys() == {"shared", "pilots", "engineers", "datasets"}
    assert writers(found["shared"]) == {"mal", "zoe", "wash"}
    assert readers(found["datasets"]) == set(WHO)
    assert writers(found["datasets"]) == set()
    assert folders.warnings(content, MEMBERS) == []


def test_what_the_page_shows_is_accepted() -> None:
    page = (REPOSITORY / "docs" / "folders.md").read_text()
    blocks = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert len(blocks) >= 3
    for block in blocks:
        assert parse(block), block
