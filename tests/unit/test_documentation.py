"""docs/settings.md says what the settings say."""

from itertools import chain
from pathlib import Path

import pytest
from hub.gateway.settings import GatewaySettings
from pydantic import BaseModel

from hub.settings.fields import extra
from hub.settings.host import OVERLAYS, HostSettings
from hub.settings.hub import Settings
from hub.sign_in.settings import AUTHENTICATORS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/settings.md").read_text()


def row(model: type[BaseModel], name: str) -> str:
    field = model.model_fields[name]
    given = "" if field.is_required() or field.default in ("", None, []) else str(field.default)
    default = f"`{given.lower() if given in ('True', 'False') else given}`" if given else ""
    return f"| `{name.upper()}` | {default} | {field.description} | {extra(model, name, 'expected')} |"


@pytest.mark.parametrize("model", [Settings, GatewaySettings, HostSettings, *OVERLAYS.values()])
def test_every_setting_has_its_row(model: type[BaseModel]) -> None:
    rows = "\n".join(row(model, name) for name in model.model_fields)
    assert rows in PAGE, f"docs/settings.md should have these rows:\n{rows}"


def test_every_setting_of_every_authenticator_has_its_row() -> None:
    rows = dict.fromkeys(
        chain(*([row(model, name) for name in model.model_fields] for model in AUTHENTICATORS.values()))
    )
    missing = "\n".join(line for line in rows if line not in PAGE)
    assert not missing, f"docs/settings.md should have these rows:\n{missing}"


def test_every_setting_of_env_is_on_the_page() -> None:
    names = [line.split("=")[0] for line in (ROOT / ".env").read_text().splitlines() if line[:1].isupper()]
    assert [name for name in names if f"| `{name}` |" not in PAGE] == []
