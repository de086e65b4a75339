"""A file in YAML that is a list of things, read strictly: every problem has its line and says what is expected."""

from collections.abc import Iterator

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from hub.errors import FileError
from hub.settings.model import setting_of
from hub.users import userlist


def parse[Entry: BaseModel](content: bytes, entry: type[Entry], filename: str) -> list[tuple[int, Entry]]:
    """Read a list of mappings.

    Args:
        content: of the file, in UTF-8; one without entries is an empty list.
        entry: what each mapping has to be: a model of settings with `extra="forbid"`.
        filename: for the messages.

    Returns:
        The entries in the file's order, each with its line.

    Raises:
        FileError: the text is not YAML, not a list of mappings, or has a name twice, or entries that cannot be used.
    """
    text = userlist.decode(content, filename)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is None:
            return []
        if problems := [f"{filename}:{line}: {what}" for line, what in _complaints(root)]:
            raise FileError(filename, problems)
        values = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise FileError(filename, [f"{filename}:{line}: this is not YAML: {error.problem}."]) from None
    except yaml.YAMLError as error:
        raise FileError(filename, [f"{filename}: this is not YAML: {error}."]) from None
    try:
        entries = TypeAdapter(list[entry]).validate_python(values)  # type: ignore[valid-type]
    except ValidationError as error:
        details = error.errors(include_url=False)
        problems = [f"{filename}:{_line(root, detail)}: {_describe(entry, detail)}" for detail in details]
        raise FileError(filename, problems) from None
    return [(_first_line(node), each) for node, each in zip(root.value, entries, strict=True)]


def _complaints(root: yaml.Node) -> Iterator[tuple[int, str]]:
    """What YAML allows and we do not: anything but a list of mappings, and names that are lists or there twice."""
    if not isinstance(root, yaml.SequenceNode):
        yield _first_line(root), "expected a list, whose entries begin with a dash."
        return
    for node in root.value:
        if isinstance(node, yaml.MappingNode):
            yield from _duplicates(node)
        else:
            yield _first_line(node), "expected an entry such as `- name: …`, with what belongs to it below."


def _duplicates(mapping: yaml.MappingNode) -> Iterator[tuple[int, str]]:
    seen: dict[str, int] = {}
    for key, value in mapping.value:
        if not isinstance(key, yaml.ScalarNode):
            yield _first_line(key), "a name is expected in front of the colon."
            continue
        if key.value in seen:
            yield _first_line(key), f"{key.value!r} is there twice, first in line {seen[key.value]}: remove one."
        seen.setdefault(key.value, _first_line(key))
        if isinstance(value, yaml.MappingNode):
            yield from _duplicates(value)


def _first_line(node: yaml.Node) -> int:
    return node.start_mark.line + 1


def _line(root: yaml.Node, detail: ErrorDetails) -> int:
    """Where in the file pydantic found something: as deep as its path leads."""
    node, line = root, _first_line(root)
    for step in detail["loc"]:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = _first_line(node)
            continue
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        found = [(key, value) for key, value in pairs if key.value == step]
        if not found:
            break
        line, node = _first_line(found[0][0]), found[0][1]
    return line


def _describe(entry: type[BaseModel], detail: ErrorDetails) -> str:
    name = str(detail["loc"][1]) if len(detail["loc"]) > 1 else ""
    if detail["type"] == "extra_forbidden":
        return f"{name!r} is not known here; expected one of {', '.join(entry.model_fields)}."
    if detail["type"] == "missing":
        return f"{name} is missing; expected {setting_of(entry, name).expected}."
    if name not in entry.model_fields:  # a rule about more than one field
        return str(detail.get("ctx", {}).get("error", detail["msg"]))
    reason = str(detail.get("ctx", {}).get("error", ""))
    return (
        f"{name} is {detail['input']!r}{f' ({reason})' if reason else ''}; expected {setting_of(entry, name).expected}."
    )
