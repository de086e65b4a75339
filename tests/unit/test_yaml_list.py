"""A list in YAML: every problem has its line, and says what is expected."""

import re
from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub.errors import FileError
from hub.settings import yaml_list
from hub.settings.fields import Bytes
from hub.settings.model import Setting


class Ship(BaseModel):
    """What a list may consist of."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Setting("", "a name")]
    cargo: Annotated[Bytes, Setting("", "a size such as 2G")] = 0
    crew: Annotated[list[str], Setting("", "a list of names")] = []
    rooms: Annotated[dict[Annotated[str, Field(max_length=5)], int], Setting("", "names, each with a number")] = {}

    @model_validator(mode="after")
    def _someone_flies_it(self) -> "Ship":
        if self.crew == ["cook"]:
            raise ValueError("a cook alone cannot fly it")
        return self


def problems(text: str) -> list[str]:
    with pytest.raises(FileError) as caught:
        yaml_list.parse(text.encode(), Ship, "ships.yaml")
    return caught.value.lines


def test_entries_come_with_their_lines() -> None:
    text = "# ours\n- name: Serenity\n  cargo: 2G\n\n- {name: Shepherd, crew: [book]}\n"
    assert yaml_list.parse(text.encode(), Ship, "ships.yaml") == [
        (2, Ship(name="Serenity", cargo=2 * 1024**3)),
        (5, Ship(name="Shepherd", crew=["book"])),
    ]


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n", "[]"])
def test_a_file_without_entries_is_an_empty_list(text: str) -> None:
    assert yaml_list.parse(text.encode(), Ship, "ships.yaml") == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name: Serenity", "ships.yaml:1: expected a list, whose entries begin with a dash."),
        ("\nSerenity", "ships.yaml:2: expected a list, whose entries begin with a dash."),
        (
            "- name: a\n- Serenity",
            "ships.yaml:2: expected an entry such as `- name: …`, with what belongs to it below.",
        ),
        ("- name: a\n  name: b", "ships.yaml:2: 'name' is there twice, first in line 1: remove one."),
        ("- name: a\n  rooms:\n    x: 1\n    x: 2", "ships.yaml:4: 'x' is there twice, first in line 3: remove one."),
        ("- cargo: 2G", "ships.yaml:1: name is missing; expected a name."),
        ("- name: a\n  cargo: lots", "ships.yaml:2: cargo is 'lots'; expected a size such as 2G."),
        ("- name: a\n  crew:\n  - b\n  - [c]", "ships.yaml:4: crew is ['c']; expected a list of names."),
        ("- name: a\n  rooms: {x: many}", "ships.yaml:2: rooms is 'many'; expected names, each with a number."),
        (
            "- name: a\n  rooms:\n    x: 1\n    galley: 2",
            "ships.yaml:4: rooms is 'galley'; expected names, each with a number.",
        ),
        ("- name: a\n  ? [b]\n  : c", "ships.yaml:2: a name is expected in front of the colon."),
        ("- name: a\n  gun: 1", "ships.yaml:2: 'gun' is not known here; expected one of name, cargo, crew, rooms."),
        ("# ours\n- name: a\n  crew: [cook]", "ships.yaml:2: a cook alone cannot fly it"),
        ("- name: 'a", "ships.yaml:1: this is not YAML: found unexpected end of stream."),
        ("- name: !!python/object:os.system a", "ships.yaml:1: this is not YAML: could not determine a constructor"),
        ("- name: a\n\tcargo: 1", "ships.yaml:2: this is not YAML: found character"),
        ("- name: \x07", "ships.yaml: this is not YAML: unacceptable character"),
    ],
)
def test_a_problem(text: str, problem: str) -> None:
    assert len(problems(text)) >= 1
    assert re.match(re.escape(problem), problems(text)[0])


def test_all_problems_are_told_at_once() -> None:
    text = "- cargo: x\n- name: b\n  gun: 1\n"
    assert [line.split(":")[1] for line in problems(text)] == ["1", "1", "3"]
