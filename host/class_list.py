"""A class list as a spreadsheet exports it: what stands in which column, whatever program has written the file."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hub.errors import OperatorError

# The heads of columns in English, Dutch, French, German, Italian, Polish, Portuguese and Spanish, without accents and
# without characters that are not letters. `name` is the last name where there is a column for the first one.
HEADS = {
    "user": "user|username|login|account|benutzer|benutzername|anmeldename|kennung|utilisateur|identifiant|"
    "usuario|utente|nomeutente|gebruiker|gebruikersnaam|uzytkownik|nomedeusuario|nomedeutilizador",
    "first": "first|firstname|firstnames|givenname|givennames|forename|vorname|vornamen|rufname|prenom|voornaam|imie",
    "last": "last|lastname|surname|familyname|nachname|familienname|nomdefamille|apellido|apellidos|cognome|"
    "achternaam|nazwisko|sobrenome|apelido",
    "name": "name|fullname|displayname|student|pupil|studentname|schuler|schulerin|nom|nomcomplet|eleve|nombre|"
    "nombrecompleto|alumno|alumna|nome|nomecompleto|studente|aluno|aluna|naam|leerling|uczen",
    "email": "email|mail|emailaddress|emailadresse|mailadresse|courriel|adresseemail|adressemail|correo|"
    "correoelectronico|indirizzoemail|emailadres|adresemail",
    "groups": "group|groups|class|course|courses|klasse|gruppe|gruppen|kurs|kurse|classe|groupe|groupes|cours|"
    "clase|grupo|grupos|curso|turma|gruppo|gruppi|corso|klas|groep|klasa|grupa",
}
ROLES = {head: role for role, heads in HEADS.items() for head in heads.split("|")}
NEEDED = "the first line with the heads of the columns, such as: first name,last name,class"


@dataclass(frozen=True)
class Person:
    """One row.

    Attributes:
        line: its line in the file.
        user: the user name, where the table has one.
        name: the full name, first name first.
        email: the e-mail address in small letters.
        groups: what stands in the columns for groups and classes.
    """

    line: int
    user: str = ""
    name: str = ""
    email: str = ""
    groups: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """What the table has to tell the person by."""
        return self.name or self.email or self.user


def read(content: bytes) -> list[Person]:
    """The persons of a table.

    Args:
        content: the file: `,` `;` or a tab between columns, quotes or none, UTF-8, UTF-16 or Windows-1252.

    Raises:
        OperatorError: it is not a table, or it does not say what its columns are.
    """
    try:
        rows = list(_rows(_text(content)))
    except csv.Error as error:
        raise OperatorError(f"the file is not a table ({error})", "save it as CSV in UTF-8") from None
    if not rows:
        raise OperatorError("the file is empty", f"write {NEEDED}, and a line for each user")
    roles = _roles(rows[0][1])
    persons = [_by_heads(line, row, roles) for line, row in rows[1:]] if roles else _by_position(rows)
    return [person for person in persons if person.shown]


def _text(content: bytes) -> str:
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise OperatorError("the file is a spreadsheet, not a table in text", "save it as CSV, and give that file")
    utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16" if utf16 else "utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return unicodedata.normalize("NFC", text)
    raise OperatorError("the file is not text in UTF-8 or Windows-1252", "save it as CSV in UTF-8")


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line and the cells of each row that is not empty."""
    declared = re.match(r"sep=(.)\r?\n", text, re.IGNORECASE)
    first = next((line for line in text.splitlines()[1 if declared else 0 :] if line.strip()), "")
    unquoted = re.sub(r'"[^"]*"', "", first)
    separator = declared[1] if declared else max("\t;,", key=unquoted.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    for number, row in enumerate(reader):
        cells = [" ".join(cell.split()) for cell in row]
        if any(cells) and not (declared and number == 0):
            yield reader.line_num, cells


def _roles(row: Sequence[str]) -> list[str]:
    """What each column is, by the heads in this row; empty when it has none."""
    roles = [ROLES.get(_head(cell), "") for cell in row]
    if not {"user", "first", "last", "name", "email"} & set(roles):
        return []
    if "first" in roles and "last" not in roles:
        roles = ["last" if role == "name" else role for role in roles]
    return roles


def _head(cell: str) -> str:
    """A head without accents, blanks, and remarks in brackets."""
    return re.sub(r"\[.*?\]|\(.*?\)|[^a-z]", "", unicodedata.normalize("NFKD", cell.casefold()))


def _by_heads(line: int, row: Sequence[str], roles: Sequence[str]) -> Person:
    cells: dict[str, list[str]] = {}
    for role, cell in zip(roles, row, strict=False):
        if cell:
            cells.setdefault(role, []).append(cell)
    names = cells.get("first", []) + cells.get("last", []) or cells.get("name", [])
    groups = tuple(word for cell in cells.get("groups", []) for word in _split(cell))
    user, email = ("".join(cells.get(role, [])[:1]) for role in ("user", "email"))
    return Person(line, user, _first_name_first(" ".join(names)), email.lower(), groups)


def _by_position(rows: Sequence[tuple[int, Sequence[str]]]) -> list[Person]:
    """Without heads: first a full name, an e-mail address or a user name, and groups in all other columns."""
    persons = []
    for line, (first, *others) in rows:
        groups = tuple(word for cell in others for word in _split(cell))
        if _is_one_name(first) and others and _is_one_name(others[0]):
            raise OperatorError(
                f"line {line} has two names, {first} and {others[0]}, in two columns", f"write {NEEDED}"
            )
        if "@" in first:
            persons.append(Person(line, email=first.lower(), groups=groups))
        elif " " in first or "," in first:
            persons.append(Person(line, name=_first_name_first(first), groups=groups))
        else:
            persons.append(Person(line, user=first, groups=groups))
    return persons


def _is_one_name(cell: str) -> bool:
    return cell.istitle() and cell.replace("-", "").isalpha()


def _first_name_first(name: str) -> str:
    """Anna Schmidt for `Schmidt, Anna`."""
    last, comma, first = name.partition(",")
    return f"{first.strip()} {last.strip()}" if comma else name


def _split(cell: str) -> list[str]:
    """The groups in a cell: a blank belongs to the name of one."""
    return [word.strip() for word in re.split(r"[,;|/]", cell) if word.strip()]
