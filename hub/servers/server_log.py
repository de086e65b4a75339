"""The last lines of a server's own log, fit for a web page: short, plain, and without its secrets."""

import re
from collections.abc import Iterable

LINES = 20
LINE_LENGTH = 300
HIDDEN = "[hidden]"

# Colours, moves of the cursor, titles of windows: ECMA-48's control sequences and strings, and the short escapes.
ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_].*?(?:\x07|\x1b\\)|[ -/]*[0-~])", re.DOTALL)
# What is left: neither tab nor end of line.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# As in the address that a Jupyter Server without a hub prints.
TOKEN = re.compile(r"(\btoken=)[^\s&\"']+", re.IGNORECASE)
SECRET_NAME = re.compile(r"TOKEN|SECRET|PASSW|KEY|CREDENTIAL", re.IGNORECASE)
# Shorter values are flags and numbers, which would take their digits out of every line.
SECRET_LENGTH = 6


def last_lines(log: bytes, secrets: Iterable[str] = ()) -> str:
    """The end of a log, at most LINES lines of LINE_LENGTH characters.

    Args:
        log: what the server wrote.
        secrets: values that must not be shown.
    """
    text = ANSI.sub("", log.decode(errors="replace"))
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    text = TOKEN.sub(rf"\1{HIDDEN}", text)
    lines = [_as_seen(line) for line in text.split("\n")]
    return "\n".join([line for line in lines if line.strip()][-LINES:])


def secrets_in(environment: Iterable[str]) -> set[str]:
    """The values of an environment, lines of NAME=value, that are secret by their names."""
    pairs = [line.partition("=")[::2] for line in environment]
    return {value for name, value in pairs if SECRET_NAME.search(name) and len(value) >= SECRET_LENGTH}


def _as_seen(line: str) -> str:
    """A line as a terminal leaves it: a carriage return begins it anew, as progress bars do."""
    line = CONTROL.sub("", line.rstrip("\r").rpartition("\r")[2])
    return line if len(line) <= LINE_LENGTH else f"{line[:LINE_LENGTH]} …"
