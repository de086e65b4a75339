"""`make users-import`: a class list becomes lines of the userlist; what is there stays."""

import re
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from host import class_list, user_names
from host.class_list import Person
from host.engine import Host
from host.users import named
from hub.errors import OperatorError
from hub.users import userlist
from hub.users.userlist import COMMENT

ADMIN = "admin"


@dataclass(frozen=True)
class Change:
    """What the import does for one user.

    Attributes:
        name: the user name.
        shown: the person, as in the table.
        groups: the groups that the user gets.
        is_new: whether the userlist does not have the name yet.
    """

    name: str
    shown: str
    groups: tuple[str, ...]
    is_new: bool

    def __str__(self) -> str:
        groups = f" ({', '.join(self.groups)})" if self.groups else ""
        what = "new" if self.is_new else "is there, gets groups" if self.groups else "is there"
        return f"  {self.name}{groups}: {what}" + ("" if self.shown == self.name else f"; {self.shown}")


def run(host: Host, arguments: Sequence[str]) -> None:
    """Print the userlist with the persons of the given file, or only say what would change.

    Args:
        host: the Docker host, with the userlist, and a table that was given as `csv`.
        arguments: `DRY_RUN=1`, and `GROUP=…` for everybody.

    Raises:
        OperatorError: the table, or the userlist as it is, cannot be used.
    """
    host.checkout.refuse_links()
    options = named(arguments)
    path, administrator = host.checkout.root / "userlist", host.checkout.environment.get("JUPYTERHUB_ADMIN", "")
    members, before = userlist.load(path, administrator), userlist.decode(path.read_bytes())
    changes = changes_of(class_list.read(host.checkout.given("csv")), options.get("GROUP", ""), members)
    after = merged(before, changes)
    userlist.parse(after, administrator)
    for change in changes:
        print(change, file=sys.stderr)
    dry = bool(options.get("DRY_RUN"))
    print(summary(changes, dry), file=sys.stderr)
    if not dry:
        sys.stdout.buffer.write(after.encode())


def changes_of(persons: Sequence[Person], group: str, members: Mapping[str, userlist.Member]) -> list[Change]:
    """What the persons of a table change in a userlist.

    Args:
        persons: the table.
        group: a group for everybody; may be empty.
        members: the userlist.

    Raises:
        OperatorError: with a line for each row that cannot be used.
    """
    problems: list[str] = []
    changes: list[Change] = []
    for name, rows in user_names.assign(persons).items():
        words = filter(None, [group, *(word for row in rows for word in row.groups)])
        groups = dict.fromkeys(map(user_names.group, words))
        problems += _problems(name, rows[0], groups)
        listed = members[name] if name in members and members[name].line else None
        new = tuple(each for each in groups if not listed or each not in listed.groups)
        changes.append(Change(name, rows[0].shown, new, listed is None))
    if problems:
        raise OperatorError("the table cannot be used", "correct it, then run this again", lines=problems)
    return changes


def _problems(name: str, person: Person, groups: Mapping[str, None]) -> Iterator[str]:
    place = f"  line {person.line}: {person.shown!r}"
    if reason := userlist.complaint(name):
        yield f"{place} cannot become a user name: {reason} A column with the head 'user name' decides."
    for group in groups:
        if group == ADMIN:
            yield f"{place} would become an administrator, by the group {ADMIN!r}: write that into userlist by hand."
        elif reason := userlist.complaint(group):
            yield f"{place} has a group that cannot be one: {reason}"


def merged(text: str, changes: Sequence[Change]) -> str:
    """A userlist with these changes: groups are added to lines that are there, new lines stand at the end."""
    end = "\r\n" if "\r\n" in text else "\n"
    added = {change.name: change for change in changes if not change.is_new and change.groups}
    lines = [_with_groups(line, added) for line in text.split("\n")]
    new = [_line(change) for change in changes if change.is_new]
    if new and lines[-1].strip():
        lines[-1] = lines[-1].removesuffix("\r") + end.removesuffix("\n")
        lines.append("")
    return "\n".join(lines) + "".join(line + end for line in new)


def _with_groups(line: str, added: Mapping[str, Change]) -> str:
    words = COMMENT.sub("", unicodedata.normalize("NFC", line.removeprefix("\ufeff"))).lower().split()
    if not words or words[0] not in added:
        return line
    comment = COMMENT.search(line)
    written = line[: comment.start()] if comment else line
    kept = written.rstrip()
    return " ".join([kept, *added[words[0]].groups]) + line[len(kept) :]


def _line(change: Change) -> str:
    words = " ".join([change.name, *change.groups])
    return words if change.shown == change.name else f"{words} # {re.sub('#', '', change.shown)}"


def summary(changes: Sequence[Change], dry: bool) -> str:
    """How many users are new, and the next command."""
    new = sum(change.is_new for change in changes)
    more = sum(bool(change.groups) and not change.is_new for change in changes)
    did = "would be added" if dry else "were added"
    said = f"==> {new} of {len(changes)} users {did} to the userlist; {more} were in it and get groups."
    if dry:
        return f"{said} Nothing was changed. Next: the same without DRY_RUN=1"
    return f"{said} Next: make build && docker compose up -d, then: make slips"
