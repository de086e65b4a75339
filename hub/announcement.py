"""`make announce`: a text on all pages of the hub, which is read when a page is made, so no restart is needed.

Usage:
    python -m hub.announcement             prints the text
    python -m hub.announcement TEXT        shows this one from now on; none where it is empty
"""

import html
import sys
from pathlib import Path

from hub import errors, paths
from hub.errors import OperatorError

MOST = 1000


def read(file: Path = paths.ANNOUNCEMENT) -> str:
    """The text; empty where there is none."""
    try:
        return file.read_text(errors="replace").strip()
    except FileNotFoundError:
        return ""


def write(text: str, file: Path = paths.ANNOUNCEMENT) -> None:
    """Replace the text, in one step, because pages are made meanwhile.

    Raises:
        OperatorError: it is too long.
    """
    if len(text) > MOST:
        raise OperatorError(f"TEXT has {len(text)} characters; expected at most {MOST}", "shorten it")
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


def shown(_user: object = None) -> str:
    """The text as JupyterHub's pages take it, which is HTML; they ask with each user."""
    return html.escape(read()).replace("\n", "<br>")


def main(*text: str) -> None:
    """Show the text, or replace it and say so."""
    if text:
        write(text[0].strip())
    found = read()
    if text:
        said = "All pages of the hub show it from now on" if found else "The pages of the hub show no announcement"
        print(f"==> {said}", file=sys.stderr)
    else:
        print(found or "No announcement is set. To set one: make announce TEXT='…'")


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
