"""What a person reads when something cannot go on: one format, and one way out."""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Self

DOT_ENV = ".env"
CORRECT = "correct it, then run: make up"


class OperatorError(Exception):
    """Something that an administrator has to correct before the program can go on.

    Attributes:
        what: what is wrong, without a full stop.
        fix: what to do about it.
        lines: one line for each thing that is wrong, shown below `what`.
        show: a command that shows what is wrong; empty where there is none.
    """

    def __init__(self, what: str, fix: str = CORRECT, *, lines: Iterable[object] = (), show: str = "") -> None:
        self.what, self.fix, self.show = what, fix, show
        self.lines = [str(line) for line in lines]
        super().__init__("\n".join([f"{what}:", *self.lines] if self.lines else [f"{what}."]))

    @property
    def report(self) -> str:
        """The error as it is printed: FAIL, what shows it, and the fix."""
        show = f"\n      See it: {self.show}" if self.show else ""
        return f"FAIL: {self}{show}\n      Fix: {self.fix}"


@dataclass(frozen=True)
class Problem:
    """A setting that cannot be used; its text is one line.

    Attributes:
        setting: its name.
        kind: `missing`: it has to be set; `value`: its value cannot be used; `conflict`: it contradicts another one.
        text: what is wrong and what is expected.
    """

    setting: str
    kind: Literal["missing", "value", "conflict"]
    text: str

    @classmethod
    def conflict(cls, setting: str, what: str, expected: str, file: str = DOT_ENV) -> Self:
        """A setting that does not go together with another one.

        Args:
            setting: its name.
            what: its value, if it may be shown, and the contradiction; begins with a verb such as "is".
            expected: what to write instead.
            file: the file where the setting stands.
        """
        return cls(setting, "conflict", f"{setting} ({place(file)}) {what}; expected {expected}.")

    def __str__(self) -> str:
        return f"  {self.text}"


def place(file: str) -> str:
    """Where the value of a setting came from, as far as it is known: Compose reads `.env` and the shell."""
    return f"{file} or the shell" if file == DOT_ENV else file


class SettingsError(OperatorError):
    """One or more settings cannot be used; the text has a line for each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        several = len(problems) > 1
        super().__init__(
            f"{len(problems)} setting{'s' if several else ''} cannot be used",
            "correct them, then run: make up" if several else CORRECT,
            lines=problems,
        )


class FileError(OperatorError):
    """A file that a person writes cannot be used; the text has a line for each problem: file, line number, reason."""

    def __init__(self, filename: str, lines: Sequence[str]) -> None:
        self.filename = filename
        super().__init__(f"{filename} cannot be used", f"correct {filename}, then run: make up", lines=lines)


class RelayedError(OperatorError):
    """An error that another program of ours has reported already, in the words of `what`."""

    def __init__(self, report: str) -> None:
        super().__init__(report.strip(), "")

    @property
    def report(self) -> str:
        """The other program's report."""
        return self.what


def run(main: Callable[..., object], *arguments: object) -> None:
    """Call `main`; an OperatorError ends the process with its report on stderr and exit code 1."""
    try:
        main(*arguments)
    except OperatorError as error:
        sys.exit(error.report)
