"""`make slips`: a slip for each user, with the address, the name and the password, several on a page to cut."""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape

from host import slips_pdf
from host.checkout import packed
from host.engine import Host
from host.users import named, of_group
from hub.errors import OperatorError

OWN = "the one that you have chosen"
CHANGE = "Choose your own password: File, Hub Control Panel, Change Password."
CHANGE_FIRST = "You choose your own password when you sign in."


@dataclass(frozen=True)
class Slip:
    """What stands on a slip: lines with a head each, and sentences below them."""

    lines: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def run(host: Host, arguments: Sequence[str]) -> None:
    """Write a tar with the slips as HTML and, where its letters allow it, as PDF.

    Args:
        host: the Docker host.
        arguments: `GROUP=…` for its members, `USER=…` for one user; else all users.

    Raises:
        OperatorError: there is no such user, or users could not type the address.
    """
    options = named(arguments)
    users = chosen(host.hub_users()["users"], options.get("GROUP", ""), options.get("USER", ""))
    slips = [slip(host, user) for user in users]
    title = "JupyterHub"
    name = "slips-" + re.sub(r"[^\w.@+-]", "_", options.get("USER") or options.get("GROUP") or "all")
    files = {f"{name}.html": page(title, slips).encode()}
    texts = [text for each in slips for text in (*(text for _, text in each.lines), *each.notes)]
    if strange := slips_pdf.unprintable(texts):
        said = f"no PDF, which has no letters such as {strange!r}: print the HTML page from a browser"
    else:
        files[f"{name}.pdf"] = slips_pdf.document(title, slips)
        said = "print one of them"
    sys.stdout.buffer.write(packed(files))
    print(
        f"==> Wrote {len(slips)} slips: {' '.join(files)} ({said}).\n"
        f"==> They have passwords. Next: print, cut, then delete: rm {' '.join(files)}",
        file=sys.stderr,
    )


def chosen(users: Sequence[Mapping[str, Any]], group: str, user: str) -> list[Mapping[str, Any]]:
    """The users who get a slip: of a group, one of them, or all who may sign in.

    Raises:
        OperatorError: there is no such user.
    """
    found = [each for each in of_group(users, group) if not user or each["name"] == user.lower()]
    found = [each for each in found if not each["note"]]
    if not found:
        raise OperatorError("there is no such user who may sign in", "choose a name that 'make users' shows")
    return found


def slip(host: Host, user: Mapping[str, Any]) -> Slip:
    """The slip of a user.

    Raises:
        OperatorError: no setting has an address that other machines reach.
    """
    found = host.found
    if found.public_host == "localhost" and not found.host.public_host:
        raise OperatorError(
            f"users on other machines cannot open {found.public_address}, the address that would be on the slips",
            "write PUBLIC_HOST=… into .env, with the name or address of this host that users type, then run: make up",
        )
    lines = [("Address", found.public_address), ("User name", user["name"])]
    notes = []
    if found.sign_in.has_accounts:
        lines.append(("Password", user["initial_password"] or OWN))
        first = getattr(found.sign_in, "native_change_initial_password", False)
        notes += [CHANGE_FIRST if first else CHANGE] if user["initial_password"] else []
    else:
        notes.append(f"Sign in with {found.hub.jupyterhub_authenticator}.")
    notes += [f"Forgot it? {found.hub.login_help}"] if found.hub.login_help else []
    return Slip(tuple(lines), tuple(notes))


def page(title: str, slips: Sequence[Slip]) -> str:
    """The slips as a page in HTML, which needs nothing else."""
    templates = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=select_autoescape())
    return templates.get_template("slips.html").render(title=title, slips=slips)
