"""The list of `make users`: what the hub knows of its users, and what the Docker host knows of them."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from host import servers, volumes
from host.engine import Host
from host.servers import Server
from host.volumes import Volume
from hub import names
from hub.errors import OperatorError

COLUMNS = ("name", "admin", "groups", "last activity (UTC)", "server", "files", "initial password", "note")
# The heads of the same columns in CSV: always all of them, and words that programs can use.
CSV_COLUMNS = ("name", "admin", "groups", "last_activity", "server", "files", "initial_password", "note")
# A spreadsheet takes a cell that begins with one of these for a formula:
# https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def report(host: Host, arguments: Sequence[str] = ()) -> str:
    """The list, and below it the volumes without a user.

    Args:
        host: the Docker host.
        arguments: `FORMAT=csv`, or else a table is for reading; `GROUP=…` for its members alone.

    Raises:
        OperatorError: there is no such format or group.
    """
    options = named(arguments)
    shape, group = options.get("FORMAT") or "table", options.get("GROUP", "")
    if shape not in ("table", "csv"):
        raise OperatorError(f"FORMAT is {shape!r}; expected table or csv", "make users FORMAT=csv")
    lines, left = rows(host, group)
    if shape == "csv":
        return as_csv(lines)
    return "\n\n".join(filter(None, (table(lines), "" if group else left_over(left))))


def rows(host: Host, group: str = "") -> tuple[list[tuple[str, ...]], Mapping[str, list[Volume]]]:
    """A line of COLUMNS for each user of the hub, or of a group, and the volumes that are of none."""
    with ThreadPoolExecutor() as pool:  # the hub needs a second to answer
        asked = pool.submit(host.hub_users)
        found = volumes.of_users(host)
        known = asked.result()
    running = servers.running(host, known["origin"])
    by_owner: dict[str, list[Volume]] = {}
    for volume in found:
        by_owner.setdefault(volume.user(host.project), []).append(volume)
    of_overlays = [notes for overlay in host.found.overlays if (notes := overlay.notes(host)) is not None]
    lines = []
    for user in of_group(known["users"], group):
        owned = by_owner.pop(names.escaped(user["name"]), [])
        of_host = (*host_notes(host.found.hub.disk_limit, owned), *overlay_notes(user["name"], of_overlays))
        lines.append(row(user, owned, [*of_host, *server_notes(user["name"], running)]))
    return lines, by_owner


def of_group(users: Sequence[Mapping[str, Any]], group: str) -> list[Mapping[str, Any]]:
    """The users of a group; all of them when it has no name.

    Raises:
        OperatorError: no user is in it.
    """
    wanted = unicodedata.normalize("NFC", group).lower()
    found = [user for user in users if not group or wanted in map(str.lower, user["groups"])]
    if group and not found:
        groups = sorted({each for user in users for each in user["groups"]})
        there = f"choose one of {', '.join(groups)}" if groups else "write groups into userlist, then run: make up"
        raise OperatorError(f"there is no user in the group {group!r}", there)
    return found


def as_csv(lines: Iterable[Sequence[str]]) -> str:
    """The lines below CSV_COLUMNS, as RFC 4180 has it; no cell is a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    writer.writerows([f"'{cell}" if cell.startswith(FORMULA) else cell for cell in line] for line in lines)
    return text.getvalue().rstrip("\n")


def named(arguments: Sequence[str]) -> dict[str, str]:
    """The words `NAME=value` of a verb, as they were given to make."""
    return {name: value for name, _, value in (word.partition("=") for word in arguments)}


def row(user: Mapping[str, Any], owned: Iterable[Volume], notes: Iterable[str]) -> tuple[str, ...]:
    """A line of the table; see COLUMNS. What the hub notes of a user counts before the others."""
    return (
        user["name"],
        "admin" if user["admin"] else "",
        " ".join(user["groups"]),
        user["last_activity"],
        "running" if user["running"] else "",
        volumes.describe(owned),
        user["initial_password"],
        user["note"] or ", ".join(filter(None, notes)),
    )


def host_notes(disk_limit: int, owned: Iterable[Volume]) -> Iterator[str]:
    """Yield what is to be said of a user's volumes; `disk_limit` is that of new ones, in bytes."""
    if any(volume.limit != disk_limit for volume in owned):
        yield "volume older than DISK_LIMIT"


def overlay_notes(user: str, of_overlays: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """Yield what the choices in use note of a user."""
    for notes in of_overlays:
        yield notes.get(names.escaped(user), notes.get("", ""))


def server_notes(user: str, running: Iterable[Server]) -> Iterator[str]:
    """Yield what is older in a user's servers, each once."""
    yield from dict.fromkeys(what for server in running if server.user == user for what in server.old)


def table(lines: list[tuple[str, ...]]) -> str:
    """The lines below COLUMNS; a column without a value in any line is left out."""
    used = [index for index, _ in enumerate(COLUMNS) if any(line[index] for line in lines)]
    return columns([[line[index] for index in used] for line in (COLUMNS, *lines)])


def columns(lines: Sequence[Sequence[str]], between: str = "  ") -> str:
    """The lines in columns of equal width, with the text `between` two of them."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        between.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def left_over(by_owner: Mapping[str, list[Volume]]) -> str:
    """The volumes of these owners, who are not users, a line each below a headline; empty when there are none."""
    lines = [f"  {each.name}  {volumes.describe([each])}" for _, owned in sorted(by_owner.items()) for each in owned]
    return "\n".join(["Volumes without a user:", *lines]) if lines else ""
