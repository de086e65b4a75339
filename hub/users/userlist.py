"""The userlist: who may sign in, who is an administrator, and who is in which group.

One user per line: `name [admin] [group …]`. `#` starts a comment; blank lines and case do not matter, except that two
words such as `Anna Schmidt` are taken for one person's names.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hub.errors import FileError

# What JupyterHub and NativeAuthenticator accept as a name, without characters that are only typed by mistake (quotes,
# commas, colons). 64 bytes, so that a name fits into that of a volume (255 bytes) even with every byte escaped.
MAX_BYTES = 64
_WORD = re.compile(r"[\w$][\w.@+$#-]*")
COMMENT = re.compile(r"(^|\s)#.*")
TABLE = "A table is read by: make users-import CSV=file."
# A line with first and last name would make the last name a group, unless other lines have it as their group, too.
TWO_NAMES = (
    "the first word is the user name, all others are groups. Write {0}.{1}, or {0} {1} in small letters if {1} is a "
    f"group. {TABLE}"
)


@dataclass(frozen=True)
class Member:
    """One line of the userlist."""

    name: str
    admin: bool
    groups: frozenset[str]
    line: int


def parse(text: str, administrator: str = "", filename: str = "userlist") -> dict[str, Member]:
    """Read a userlist.

    Args:
        text: the content of the file.
        administrator: JUPYTERHUB_ADMIN, which counts as listed with `admin`; may be empty.
        filename: its name in messages.

    Returns:
        The users by name, in the order of the file.

    Raises:
        FileError: it has a word that cannot be a name, a duplicate, or no administrator.
    """
    problems: list[str] = []
    members: dict[str, Member] = {}
    lines = list(_lines(text))
    uses = Counter(word.lower() for _, words in lines for word in words[1:])
    for number, written in lines:
        words = [word.lower() for word in written]
        bad = [word for word in words if complaint(word)]
        if bad:
            problems.append(f"{filename}:{number}: {bad[0]!r} cannot be a name: {_reason(bad[0])}")
        elif _has_two_names(written) and uses[words[1]] == 1:
            problems.append(f"{filename}:{number}: {' '.join(written[:2])!r} has two names: {TWO_NAMES.format(*words)}")
        elif words[0] in members:
            first = members[words[0]].line
            problems.append(f"{filename}:{number}: {words[0]!r} is already in line {first}: remove one of them.")
        else:
            name, *rest = words
            members[name] = Member(name, "admin" in rest, frozenset(rest) - {"admin"}, number)
    name = administrator.lower()
    if name and (reason := complaint(name)):
        problems.append(f"JUPYTERHUB_ADMIN: {name!r} cannot be a name: {reason}")
    elif name:
        groups = members[name].groups if name in members else frozenset()
        members[name] = Member(name, True, groups, members[name].line if name in members else 0)
    if not problems and not any(member.admin for member in members.values()):
        problems.append(
            f"{filename}: there is no administrator: add 'admin' after a name, or set JUPYTERHUB_ADMIN in .env."
        )
    if problems:
        raise FileError(filename, problems)
    return members


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the words of each line with a user; letters in two parts (ë) become one."""
    composed = unicodedata.normalize("NFC", text.removeprefix("\ufeff"))
    for number, line in enumerate(composed.split("\n"), start=1):
        if words := COMMENT.sub("", line).split():
            yield number, words


def _reason(word: str) -> str | None:
    separated = re.search(r"[,;]", word)
    return f"a blank separates two words, not {separated[0]!r}. {TABLE}" if separated else complaint(word)


def _has_two_names(words: list[str]) -> bool:
    """Whether a line begins like Anna Schmidt: user names and groups are, as a rule, in small letters."""
    like_names = [word.istitle() and word.replace("-", "").isalpha() for word in words[:2]]
    return like_names == [True, True] and words[1].lower() != "admin"


def decode(content: bytes, filename: str = "userlist") -> str:
    """The text of a file with this `content`.

    Raises:
        FileError: it is not UTF-8; the message has the line.
    """
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise FileError(filename, [f"{filename}:{line}: not UTF-8: save the file as UTF-8 text."]) from None


def load(path: Path, administrator: str = "") -> dict[str, Member]:
    """`parse` the file at `path`.

    Raises:
        FileError: as `parse` and `decode`, or when the file cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        line = f"{path.name}: cannot be read ({error.strerror}): create it next to the Makefile."
        raise FileError(path.name, [line]) from None
    return parse(decode(content, path.name), administrator, path.name)


def groups_of(members: Iterable[Member]) -> dict[str, set[str]]:
    """The groups that the list names, each with its members' names."""
    groups: dict[str, set[str]] = {}
    for member in members:
        for group in member.groups:
            groups.setdefault(group, set()).add(member.name)
    return groups


def complaint(word: str) -> str | None:
    """Why `word` cannot be the name of a user or a group; None where it can."""
    if len(word.encode()) > MAX_BYTES:
        return f"it is longer than {MAX_BYTES} bytes."
    if not _WORD.fullmatch(word) or unicodedata.normalize("NFKC", word) != word:
        return "use letters, digits and . _ - @ + $ #, and begin with a letter, a digit, _ or $."
    return None
