"""docs/settings.md says what hub/settings.py says."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from hub.settings import HostSettings, Settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/settings.md").read_text()


def row(model: type[BaseModel], name: str) -> str:
    field = model.model_fields[name]
    given = "" if field.is_required() or field.default in ("", None, []) else str(field.default)
    default = f"`{given.lower() if given in ('True', 'False') else given}`" if given else ""
    return f"| `{name.upper()}` | {default} | {field.description} | {field.json_schema_extra['expected']} |"


@pytest.mark.parametrize("model", [Settings, HostSettings])
def test_every_setting_has_its_row(model: type[BaseModel]) -> None:
    rows = "\n".join(row(model, name) for name in model.model_fields)
    assert rows in PAGE, f"docs/settings.md should have these rows:\n{rows}"


def test_every_setting_of_env_is_on_the_page() -> None:
    names = [line.split("=")[0] for line in (ROOT / ".env").read_text().splitlines() if line[:1].isupper()]
    assert [name for name in names if f"| `{name}` |" not in PAGE] == []
