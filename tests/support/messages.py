"""All sentences that our programs can say, collected from their sources: what docs/messages.md has.

A sentence is a text of three words or more that the program has as a value, so no comment, no docstring, and no
pattern. What is filled in while it runs is {…}.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import fill

FILLED_IN = "{…}"
PLACES = ("hub", "host", "examples", "singleuser", "proxy", "scripts", "Makefile")
HEAD = """# Messages

Everything that the programs can say, for those who write and review it: one list a file, `{…}` is filled in. Messages
about settings end with what was expected, which is in [settings](settings.md). Not written by hand: see
[development](development.md#tests).
"""
_WORDS = re.compile(r"[^\W\d_][\w'.,:;)…}-]* [\w{…}'\"(/-]+[.,:;]? \S")
# What a regular expression or a file has and a sentence has not.
_PATTERN = re.compile(r"[.)\]][*+?]|\\[\w.]|\w\|\w|\(\?|^# |--\|")
# Help for developers, and texts about settings, which are in docs/settings.md.
_ELSEWHERE = {"Setting", "setting", "Field", "tag", "add_argument", "add_parser", "ArgumentParser", "compile"}


def page(root: Path) -> str:
    """The content of docs/messages.md.

    Args:
        root: the repository.
    """
    sections = []
    for path in _files(root):
        if found := list(dict.fromkeys(text for text in map(_tidy, _texts(path)) if _is_sentence(text))):
            items = "\n".join(
                fill(
                    text,
                    118,
                    initial_indent="- ",
                    subsequent_indent="  ",
                    break_on_hyphens=False,
                    break_long_words=False,
                )
                for text in found
            )
            sections.append(f"\n## {path.relative_to(root)}\n\n```text\n{items}\n```\n")
    return HEAD + "".join(sections)


def _files(root: Path) -> Iterator[Path]:
    for place in PLACES:
        paths = [root / place] if (root / place).is_file() else sorted((root / place).rglob("*"))
        yield from (path for path in paths if path.is_file() and not {"node_modules", "__pycache__"} & set(path.parts))


def _texts(path: Path) -> Iterable[str]:
    match path.suffix:
        case ".py":
            return _of_python(path.read_text())
        case ".js":
            return _of_javascript(path.read_text())
        case ".html":
            return _of_html(path.read_text())
        case "" | ".sh":
            return _of_bash(path.read_text())
        case _:
            return ()


def _is_sentence(text: str) -> bool:
    return bool(_WORDS.search(text)) and not _PATTERN.search(text)


def _tidy(text: str) -> str:
    """A text in one line, with one mark for all ways to fill something in."""
    text = text.replace("\\n", " ")  # as other languages than Python have it in their sources
    text = re.sub(r"%\(?[\w)]*[srd]\b|\{\w*(![rs])?\}", FILLED_IN, re.sub(r"<[a-z/!][^>]*>", " ", text))
    return " ".join(text.split())


def _of_python(source: str) -> list[str]:
    tree = ast.parse(source)
    found = _Texts()
    found.visit(tree)
    return found.texts


class _Texts(ast.NodeVisitor):
    """Every text that is a value, in order."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.texts.append(node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        parts = [str(part.value) if isinstance(part, ast.Constant) else FILLED_IN for part in node.values]
        self.texts.append("".join(parts))
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                self.visit(part.value)

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name not in _ELSEWHERE:
            self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        for value in node.values:  # the keys are names, or what other programs say
            self.visit(value)

    def visit_Compare(self, node: ast.Compare) -> None:
        """What is compared with is what another program says."""


def _of_javascript(source: str) -> list[str]:
    source = re.sub(r"^\s*(//|\*|/\*).*$", "", source, flags=re.MULTILINE)
    texts = re.findall(r'"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`', source)
    return [re.sub(r"\$\{[^}]*\}", FILLED_IN, one or other) for one, other in texts]


def _of_html(source: str) -> list[str]:
    source = re.sub(r"<(style|script)\b.*?</\1>|\{[%#].*?[%#]\}", "\n\n", source, flags=re.DOTALL)
    return re.split(r"\n\s*\n|</?(?:p|div|h\d|legend|label)\b[^>]*>", re.sub(r"\{\{.*?\}\}", FILLED_IN, source))


def _of_bash(source: str) -> Iterator[str]:
    """What stands in quotes behind `say` and `fail`, or goes to stderr."""
    source = re.sub(r"^\s*#.*$", "", source.replace("\\\n", ""), flags=re.MULTILINE)
    for line in source.splitlines():
        if re.search(r"\b(say|fail) |>&2", line):
            filled = re.sub(r"\$\((?:[^()]|\([^()]*\))*\)|\$\{[^}]*\}|\$[\w#*@]+", FILLED_IN, line)
            yield from (one or other for one, other in re.findall(r"\"([^\"]*)\"|'([^']*)'", filled))
