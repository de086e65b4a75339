"""`make settings`: what is written about each setting beside its field, so that it is not written twice.

- hub/settings.env: the names, without values. Compose fills them in from the shell or `.env`, and leaves out what is
  set nowhere: under `environment` such a name would take away what a file of secrets/ says.
- hub/settings.yml: these names and the files of secrets/, for docker-compose.yml.
- the tables between marks in docs/settings.md and in the pages of examples/.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

from pydantic import BaseModel

from hub.configuration import RENAMED
from hub.errors import DOT_ENV
from hub.overlays import overlays
from hub.profiles import profiles
from hub.profiles.profiles import Profile
from hub.settings import folders
from hub.settings.host import HostSettings
from hub.settings.hub import HubSettings
from hub.settings.model import SettingsModel, setting_of, shown
from hub.sign_in.settings import ProviderSettings
from hub.sign_in.table import AUTHENTICATORS

NAMES, SERVICE = Path("hub/settings.env"), Path("hub/settings.yml")
PAGES = ("docs/*.md", "examples/*/README.md")
MARK = re.compile(r"(<!-- settings of ([\w.-]+), written by `make settings` -->\n).*?(<!-- end -->)", re.DOTALL)
HEAD = "| name | default | what it does | expected |\n|---|---|---|---|\n"
# Files in YAML, whose entries are documented like settings.
ENTRIES_HEAD = "| word | what it says | expected |\n|---|---|---|\n"
ENTRIES: dict[str, type[BaseModel]] = {folders.FILENAME: folders.Entry, profiles.FILENAME: Profile}


def generated(root: Path) -> dict[Path, str]:
    """The content of every file that `make settings` writes.

    Args:
        root: the checkout, for the pages.
    """
    files = {NAMES: _names(), SERVICE: _service()}
    for page in chain(*(sorted(root.glob(pattern)) for pattern in PAGES)):
        text = page.read_text()
        if MARK.search(text):
            files[page.relative_to(root)] = MARK.sub(lambda found: f"{found[1]}{table(found[2])}{found[3]}", text)
    return files


def models() -> Iterator[type[SettingsModel]]:
    """Every group of settings that reaches the hub without a further Compose file."""
    yield from (HubSettings, HostSettings)
    yield from AUTHENTICATORS.values()
    yield from (overlay.settings for overlay in overlays() if not overlay.compose)


def names() -> set[str]:
    """Every setting that reaches the hub without a further Compose file, and the old names."""
    return {name.upper() for model in models() for name in model.model_fields} | RENAMED.keys()


def groups() -> Mapping[str, type[SettingsModel]]:
    """Every table by the name in its mark: the name of a class, or a folder of examples/."""
    classes = [HubSettings, HostSettings, ProviderSettings, *AUTHENTICATORS.values()]
    parents = {
        parent.__name__: parent for each in classes for parent in each.__mro__ if issubclass(parent, SettingsModel)
    }
    return parents | {overlay.folder(): overlay.settings for overlay in overlays()}


def table(name: str) -> str:
    """The table of a group: the settings of its class alone, not those of the classes it derives from."""
    if name in ENTRIES:
        return ENTRIES_HEAD + "".join(_entry_row(ENTRIES[name], field) for field in ENTRIES[name].model_fields)
    model = groups()[name]
    own = [field for field in model.model_fields if field in model.__annotations__]
    return HEAD + "".join(f"{_row(model, field)}\n" for field in own)


def _row(model: type[SettingsModel], name: str) -> str:
    field, setting = model.model_fields[name], setting_of(model, name)
    default = "" if field.is_required() else shown(field.default)
    place = "" if setting.file == DOT_ENV else f" ({setting.file})"
    return f"| `{name.upper()}` | {f'`{default}`' if default else ''} | {setting.help}{place} | {setting.expected} |"


def _entry_row(entry: type[BaseModel], name: str) -> str:
    setting = setting_of(entry, name)
    return f"| `{name}` | {setting.help} | {setting.expected} |\n"


def _names() -> str:
    return "# Written by `make settings`: see host/generate.py.\n" + "".join(f"{name}\n" for name in sorted(names()))


def _service() -> str:
    files = {setting_of(model, name).file for model in models() for name in model.model_fields} - {DOT_ENV}
    lines = "".join(f"      - {{path: ../{file}, required: false}}\n" for file in sorted(files))
    return (
        "# Written by `make settings`: see host/generate.py. What comes later wins.\n"
        f"services:\n  hub:\n    env_file:\n      - settings.env\n{lines}"
    )
