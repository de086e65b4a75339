"""Class lists as spreadsheets export them: what is read, which user names come of it, and what the userlist gets."""

import pytest

from host import class_list, user_names, users_import
from host.class_list import Person
from hub.errors import OperatorError
from hub.users import userlist

ANNA, BEN = "Anna Schmidt", "Ben Özdemir"
PLAIN = "first name,last name,class\nAnna,Schmidt,7a\nBen,Özdemir,7a\n"


def names(*persons: Person) -> list[str]:
    return list(user_names.assign(persons))


def imported(text: str, table: str, group: str = "") -> str:
    """The userlist `text` with the persons of a table."""
    members = userlist.parse(text, "mal")
    return users_import.merged(text, users_import.changes_of(class_list.read(table.encode()), group, members))


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("cp1252"),
        PLAIN.encode("utf-16"),
        PLAIN.replace(",", ";").replace("\n", "\r\n").encode("cp1252"),
        PLAIN.replace(",", "\t").encode(),
        PLAIN.replace("\n", "\r").encode(),
        PLAIN.replace("Ö", "O\u0308").encode(),
        b"sep=;\r\n" + PLAIN.replace(",", ";").encode(),
        '"First Name [Required]", "Last Name", "Class"\n"Anna","Schmidt","7a"\n\n" Ben ","Özdemir", 7a\n,,\n'.encode(),
        "Vorname;Nachname;Klasse\nAnna;Schmidt;7a\nBen;Özdemir;7a\n".encode(),
        "Klasse;Name;Vorname\n7a;Schmidt;Anna\n7a;Özdemir;Ben\n".encode(),
        "Nom;Prénom;Classe\nSchmidt;Anna;7a\nÖzdemir;Ben;7a\n".encode(),
        "Name;Klasse\nSchmidt, Anna;7a\nBen Özdemir;7a\n".encode(),
        "Anna Schmidt;7a\nÖzdemir, Ben;7a\n".encode(),
    ],
    ids=lambda content: repr(content[:14]),
)
def test_a_table_is_read_whatever_program_wrote_it(content: bytes) -> None:
    assert [(person.name, person.groups) for person in class_list.read(content)] == [(ANNA, ("7a",)), (BEN, ("7a",))]


@pytest.mark.parametrize(
    ("table", "user", "name", "email", "groups"),
    [
        ("E-Mail;Gruppe\nAnna@School.example;7a, chess\n", "", "", "anna@school.example", ("7a", "chess")),
        ("anna@school.example;7a\n", "", "", "anna@school.example", ("7a",)),
        ("anna7\n", "anna7", "", "", ()),
        ("anna7;7a;chess club\n", "anna7", "", "", ("7a", "chess club")),
        ("Username,Display name,Points\nanna7,Anna Schmidt,12\n", "anna7", ANNA, "", ()),
        ("Prénom,Courriel\nAnna,a@x.example\n", "", "Anna", "a@x.example", ()),
    ],
)
def test_a_row(table: str, user: str, name: str, email: str, groups: tuple[str, ...]) -> None:
    (person,) = class_list.read(table.encode())
    assert (person.user, person.name, person.email, person.groups) == (user, name, email, groups)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n;;\n", "is empty"),
        (b"PK\x03\x04rest", "is a spreadsheet"),
        (b"a\0b", "is not text"),
        (b"Anna;Schmidt;7a\n", "line 1 has two names, Anna and Schmidt"),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(OperatorError, match=said):
        class_list.read(content)


@pytest.mark.parametrize(
    ("name", "user"),
    [
        (ANNA, "anna.schmidt"),
        ("Anna Maria Schmidt", "anna.maria.schmidt"),
        ("Jürgen Groß", "juergen.gross"),
        ("Ju\u0308rgen Groß", "juergen.gross"),
        ("Zoë Müller-Lüdenscheidt", "zoe.mueller-luedenscheidt"),
        ("Siobhán O'Hara", "siobhan.ohara"),
        ("Dr. Łukasz Żak", "dr.lukasz.zak"),
        ("Søren Århus", "soeren.aarhus"),
        ("Nguyễn Văn Đức", "nguyen.van.duc"),
        ("İpek Y\u0131ld\u0131z", "ipek.yildiz"),
        ("Мария Зайцева", "мария.зайцева"),
        ("王 小明", "王.小明"),
        ("x" * 70, "x" * 60),
        ("ж" * 40, "ж" * 30),
    ],
)
def test_a_full_name_becomes_a_user_name(name: str, user: str) -> None:
    assert names(Person(2, name=name)) == [user]
    assert userlist.complaint(user) is None


def test_what_stands_before_the_at_becomes_a_user_name() -> None:
    assert names(Person(2, email="anna.schmidt@school.example")) == ["anna.schmidt"]
    assert names(Person(2, user="Anna@School.example")) == ["anna@school.example"]
    assert names(Person(2, name=ANNA, email="pony@mail.example")) == ["anna.schmidt"]


def test_duplicates_get_numbers_in_the_order_of_the_table() -> None:
    assert names(Person(2, name=ANNA), Person(3, name=ANNA), Person(4, name=ANNA)) == [
        "anna.schmidt",
        "anna.schmidt2",
        "anna.schmidt3",
    ]
    assert names(Person(2, email="anna@a.example"), Person(3, email="anna@b.example")) == ["anna", "anna2"]
    # One e-mail address may be that of the parents of two.
    assert names(Person(2, name=ANNA, email="p@x.example"), Person(3, name="Tom Schmidt", email="p@x.example")) == [
        "anna.schmidt",
        "tom.schmidt",
    ]


def test_one_user_in_two_rows_gets_the_groups_of_both() -> None:
    table = "email,name,group\na@x.example,Anna Schmidt,7a\na@x.example,Anna Schmidt,chess\n"
    assert imported("", table) == "anna.schmidt 7a chess # Anna Schmidt\n"
    assert imported("", "user,group\nanna,7a\nanna,chess\n") == "anna 7a chess\n"


@pytest.mark.parametrize(
    ("given", "group"),
    [("7a", "7a"), ("Klasse 7a", "klasse-7a"), ("Größe", "groesse"), ("Kurs (1)", "kurs-1")],
)
def test_groups(given: str, group: str) -> None:
    assert user_names.group(given) == group


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("", "anna.schmidt 7a # Anna Schmidt\nben.oezdemir 7a # Ben Özdemir\n"),
        ("# crew\nzoe", "# crew\nzoe\nanna.schmidt 7a # Anna Schmidt\nben.oezdemir 7a # Ben Özdemir\n"),
        ("zoe\r\n", "zoe\r\nanna.schmidt 7a # Anna Schmidt\r\nben.oezdemir 7a # Ben Özdemir\r\n"),
        (
            "\ufeffAnna.Schmidt chess  # plays\nzoe 7a\nben.oezdemir 7A admin\n",
            "\ufeffAnna.Schmidt chess 7a  # plays\nzoe 7a\nben.oezdemir 7A admin\n",
        ),
        ("ben.oezdemir\r\nzoe\r\nanna.schmidt 7a", "ben.oezdemir 7a\r\nzoe\r\nanna.schmidt 7a"),
    ],
)
def test_the_userlist_keeps_what_it_has(text: str, result: str) -> None:
    assert imported(text, PLAIN) == result
    assert imported(result, PLAIN) == result


def test_the_administrator_of_env_gets_a_line() -> None:
    assert imported("", "user\nmal\n", "Crew") == "mal crew\n"


def test_problems_have_lines_and_change_nothing() -> None:
    table = "name;group\nAnna Schmidt;admin\n!!!;7a\nBen;??\n"
    with pytest.raises(OperatorError) as raised:
        imported("", table)
    places = [line.partition(":")[0].strip() for line in raised.value.lines]
    assert places == ["line 2", "line 3", "line 4"]
    assert "administrator" in raised.value.lines[0]
