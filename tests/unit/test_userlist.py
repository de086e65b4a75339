"""The userlist: what a line may be, and what the message says where it cannot be used."""

from pathlib import Path

import pytest

from hub.errors import FileError
from hub.users import userlist
from hub.users.userlist import Member


def parse(text: str, administrator: str = "") -> dict[str, Member]:
    """Read lines, with an administrator in the first, so that none is missing."""
    return userlist.parse(f"zoe admin\n{text}", administrator)


@pytest.mark.parametrize(
    ("line", "name", "admin", "groups"),
    [
        ("wash", "wash", False, set()),
        ("wash admin", "wash", True, set()),
        ("wash pilots", "wash", False, {"pilots"}),
        ("wash pilots crew", "wash", False, {"pilots", "crew"}),
        ("wash admin pilots", "wash", True, {"pilots"}),
        ("wash pilots admin", "wash", True, {"pilots"}),
        ("wash pilots ADMIN crew", "wash", True, {"pilots", "crew"}),
        ("WASH Pilots", "wash", False, {"pilots"}),
        ("  wash \t pilots  ", "wash", False, {"pilots"}),
        ("wash pilots # flies", "wash", False, {"pilots"}),
        ("wash #", "wash", False, set()),
        ("A#B1 # an id of z/OS", "a#b1", False, set()),
        ("wash pilots #admin", "wash", False, {"pilots"}),
        ("wash pilots\r", "wash", False, {"pilots"}),
        ("admin admin", "admin", True, set()),
        ("admin", "admin", False, set()),
        ("wash@serenity.example", "wash@serenity.example", False, set()),
        ("hoban.washburne", "hoban.washburne", False, set()),
        ("hoban-washburne", "hoban-washburne", False, set()),
        ("hoban+test@serenity.example", "hoban+test@serenity.example", False, set()),
        ("USER1", "user1", False, set()),
        ("$SYS1", "$sys1", False, set()),
        ("IBM$USER@1", "ibm$user@1", False, set()),
        ("2517", "2517", False, set()),
        ("zoë", "zoë", False, set()),
        ("zoe\u0308 e\u0301quipe", "zoë", False, {"équipe"}),  # letters in two parts, as macOS writes them
        ("Wash PILOTS", "wash", False, {"pilots"}),
        ("WASH Pilots", "wash", False, {"pilots"}),
        ("Wash Class7a", "wash", False, {"class7a"}),
        ("Wash Admin", "wash", True, set()),
        ("w" * 64, "w" * 64, False, set()),
    ],
)
def test_line(line: str, name: str, admin: bool, groups: set[str]) -> None:
    assert parse(line)[name] == Member(name, admin, frozenset(groups), line=2)


@pytest.mark.parametrize("line", ["", "   ", "\t", "#", "# wash", "   # wash", "#wash admin", "\r"])
def test_lines_without_a_user(line: str) -> None:
    assert parse(line).keys() == {"zoe"}


def test_order_and_line_numbers_are_those_of_the_file() -> None:
    members = userlist.parse("# crew\r\n\r\nzoe admin\r\nwash\r\n   # more\r\nkaylee\r\n")
    assert [(member.name, member.line) for member in members.values()] == [("zoe", 3), ("wash", 4), ("kaylee", 6)]


def test_byte_order_mark() -> None:
    assert userlist.parse(userlist.decode("zoe admin\n".encode("utf-8-sig"))).keys() == {"zoe"}


@pytest.mark.parametrize("separator", ["\u2028", "\x85", "\x0b", "\x0c", "\x1c"])
def test_only_a_newline_ends_a_comment(separator: str) -> None:
    assert parse(f"# not{separator}wash").keys() == {"zoe"}


def test_groups_of() -> None:
    members = parse("wash pilots crew\nkaylee crew\nsimon")
    assert userlist.groups_of(members.values()) == {"pilots": {"wash"}, "crew": {"wash", "kaylee"}}


@pytest.mark.parametrize(
    ("line", "word", "reason"),
    [
        ("wash,kaylee", "wash,kaylee", "a blank separates two words, not ','"),
        ("wash, kaylee", "wash,", "a blank separates two words, not ','"),
        ("anna@x.org;class7a", "anna@x.org;class7a", "make users-import CSV=file"),
        ("wash/kaylee", "wash/kaylee", "use letters, digits"),
        ("'wash'", "'wash'", "use letters, digits"),
        ('"wash"', '"wash"', "use letters, digits"),
        ("wash:kaylee", "wash:kaylee", "use letters, digits"),
        ("wash pilots;crew", "pilots;crew", "a blank separates two words, not ';'"),
        ("..", "..", "use letters, digits"),
        (".wash", ".wash", "use letters, digits"),
        ("-wash", "-wash", "use letters, digits"),
        ("%77ash", "%77ash", "use letters, digits"),
        ("wa\x00sh", "wa\x00sh", "use letters, digits"),
        ("\uff4bate", "\uff4bate", "use letters, digits"),  # a wide k is a k for many a directory
        ("w" * 65, "w" * 65, "longer than 64 bytes"),
        ("ë" * 33, "ë" * 33, "longer than 64 bytes"),
        ("wash " + "p" * 65, "p" * 65, "longer than 64 bytes"),
    ],
)
def test_bad_word(line: str, word: str, reason: str) -> None:
    with pytest.raises(FileError) as raised:
        parse(f"\n{line}\nkaylee")
    (line,) = raised.value.lines
    assert line.startswith("userlist:3: ")
    assert repr(word) in line
    assert reason in line


@pytest.mark.parametrize(
    "line", ["Anna Schmidt class7a", "Anna Schmidt", "Zoë Müller-Lee class7a", "Anna Maria Schmidt"]
)
def test_a_line_with_two_names_of_a_person_is_refused(line: str) -> None:
    with pytest.raises(FileError) as raised:
        parse(f"ben class7a\n{line}\nclara schmidt2")
    (said,) = raised.value.lines
    assert said.startswith(f"userlist:3: {' '.join(line.split()[:2])!r} has two names: ")
    assert ".".join(line.lower().split()[:2]) in said


def test_an_administrator_is_no_last_name() -> None:
    assert userlist.parse("Mal Admin\n")["mal"].admin


def test_a_group_of_several_users_is_no_last_name() -> None:
    members = parse("Wash Pilots\nHoban Pilots\nKaylee Crew\nsimon crew")
    assert userlist.groups_of(members.values()) == {"pilots": {"wash", "hoban"}, "crew": {"kaylee", "simon"}}


def test_duplicate_names_both_lines() -> None:
    with pytest.raises(FileError) as raised:
        parse("wash\n\nWash pilots")
    (line,) = raised.value.lines
    assert line.startswith("userlist:4: 'wash'")
    assert "line 2" in line


def test_every_problem_is_in_the_message() -> None:
    with pytest.raises(FileError) as raised:
        userlist.parse("wash,\nkaylee\nsimon/\nkaylee\n", "the captain")
    places = [line.split(": ")[0] for line in raised.value.lines]
    assert places == ["userlist:1", "userlist:3", "userlist:4", "JUPYTERHUB_ADMIN"]


@pytest.mark.parametrize("text", ["", "# zoe admin\n", "zoe\nwash pilots\n", "admin\n"])
def test_somebody_has_to_be_administrator(text: str) -> None:
    with pytest.raises(FileError, match=r"\nuserlist: .*administrator.*JUPYTERHUB_ADMIN"):
        userlist.parse(text)


@pytest.mark.parametrize("administrator", ["mal", "MAL"])
@pytest.mark.parametrize(
    ("text", "groups", "line"),
    [("", set(), 0), ("wash\n", set(), 0), ("wash\nmal\n", set(), 2), ("Mal captains admin\n", {"captains"}, 1)],
    ids=["empty list", "not listed", "listed", "listed with admin"],
)
def test_the_administrator_of_env_counts_as_listed(administrator: str, text: str, groups: set[str], line: int) -> None:
    assert userlist.parse(text, administrator)["mal"] == Member("mal", True, frozenset(groups), line)


@pytest.mark.parametrize("name", ["the captain", "mal,zoe", "mal/", " mal", "m" * 65])
def test_an_administrator_of_env_that_cannot_be_a_name(name: str) -> None:
    with pytest.raises(FileError) as raised:
        userlist.parse("zoe admin\n", name)
    assert raised.value.lines[0].startswith(f"JUPYTERHUB_ADMIN: {name!r}")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"\xffzoe admin\n", 1),
        (b"zoe admin\nwash\nzo\xeb pilots\n", 3),
        (b"zoe admin\r\n\r\nwash\xfc\r\n", 3),
        ("zoe admin\n".encode("utf-16"), 1),
    ],
)
def test_not_utf8(tmp_path: Path, content: bytes, line: int) -> None:
    path = tmp_path / "userlist"
    path.write_bytes(content)
    with pytest.raises(FileError) as raised:
        userlist.load(path)
    (message,) = raised.value.lines
    assert message.startswith(f"userlist:{line}: ")
    assert "UTF-8" in message


def test_load(tmp_path: Path) -> None:
    path = tmp_path / "userlist"
    path.write_bytes("\ufeffZoë admin\r\nwash\r\n".encode())
    assert userlist.load(path).keys() == {"zoë", "wash"}
    assert userlist.load(path, "mal").keys() == {"zoë", "wash", "mal"}


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"\nuserlist: cannot be read \(No such file or directory\): create it"):
        userlist.load(tmp_path / "userlist")


def test_directory_in_place_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"cannot be read \(Is a directory\)"):
        userlist.load(tmp_path)
