"""The rule by which full names and e-mail addresses become user names."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from host.class_list import Person
from hub.users.userlist import MAX_BYTES

# Letters that are not a Latin letter with a mark; ä, ö and ü become two letters, as in a German passport.
LETTERS = str.maketrans(
    {
        **{"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "œ": "oe", "ø": "oe", "å": "aa"},
        **{"đ": "d", "ð": "d", "þ": "th", "ł": "l", "ħ": "h", "ŋ": "n", "\N{LATIN SMALL LETTER DOTLESS I}": "i"},
    }
)
# Room for the number of a second user.
LONGEST = MAX_BYTES - 4


def plain(text: str) -> str:
    """A text in small letters of a to z, as far as they are Latin ones; letters of other scripts stay."""
    small = unicodedata.normalize("NFC", text).lower().translate(LETTERS)
    return unicodedata.normalize("NFC", "".join(map(_without_marks, small)))


def _without_marks(letter: str) -> str:
    parts = unicodedata.normalize("NFKD", letter)
    return parts[0] if parts[0].isascii() else letter


def wanted(person: Person) -> str:
    """The user name of a person, before it is compared with those of others.

    The table's own, or else the words of the full name with dots between, or else what stands before the @.
    """
    if person.user:
        return unicodedata.normalize("NFC", person.user).lower()
    text = person.name or person.email.partition("@")[0]
    words = [re.sub(r"[^\w-]", "", word) for word in re.split(r"[\s.]+", plain(text))]
    name = ".".join(word.strip("-") for word in words if word.strip("-"))
    return name.encode()[:LONGEST].decode(errors="ignore").rstrip(".-")


def group(text: str) -> str:
    """The name of a group: small letters, and dashes for blanks."""
    return re.sub(r"[^\w.+-]", "", re.sub(r"\s+", "-", plain(text))).lstrip(".+-")


def assign(persons: Iterable[Person]) -> Mapping[str, list[Person]]:
    """The rows of each user.

    Rows with one user name of the table's own, or with one e-mail address and one full name, are one user's. Two rows
    with the same full name alone are two persons: the second gets a 2 behind the name, in the order of the table.
    """
    users: dict[str, list[Person]] = {}
    known: dict[str, str] = {}
    for person in persons:
        identity = person.user.lower() or (person.email and f"{person.email} {person.name.lower()}")
        name = known.get(identity, "") or _free(wanted(person), users, may_share=bool(person.user))
        if identity:
            known[identity] = name
        users.setdefault(name, []).append(person)
    return users


def _free(name: str, users: Mapping[str, object], may_share: bool) -> str:
    number, free = 1, name
    while free in users and not may_share:
        number += 1
        free = f"{name}{number}"
    return free
