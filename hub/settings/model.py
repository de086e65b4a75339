"""What every group of settings has: a model whose fields say what they do, and the text about a value that is bad."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from jupyterhub.traitlets import ByteSpecification
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from traitlets.config import Config

from hub.errors import DOT_ENV, Problem, place


@dataclass(frozen=True)
class Setting:
    """What a setting is: part of its field, see `setting`.

    Attributes:
        help: what it does.
        expected: what a good value looks like, for the message about a bad one; empty: as its type describes it.
        file: where it is written.
        trait: what gets its value: `Class.trait`, or a trait of the authenticator that the model is about.
        restarts: of the hub and of a choice: whether a change of it changes users' servers at their next start.
        secret: whether its value must not be shown; a SecretStr never is.
    """

    help: str
    expected: str = ""
    file: str = DOT_ENV
    trait: str = ""
    restarts: bool = True
    secret: bool = False


def setting(  # noqa: PLR0913 -- what a setting has, each by its name
    default: Any,
    help: str,
    expected: str = "",
    *,
    file: str = DOT_ENV,
    trait: str = "",
    restarts: bool = True,
    secret: bool = False,
    **constraints: Any,
) -> Any:
    """A field of a group of settings; `default` is its value where it is not set, or `...` if it has to be set.

    What pydantic's Field checks, such as `ge=0`, are its `constraints`; `Setting` explains the others.
    """
    field = Field(default, **constraints)
    field.metadata.append(Setting(help, expected, file, trait, restarts, secret))
    return field


class SettingsModel(BaseModel):
    """A group of settings; each field is `name: type = setting(…)`."""

    model_config = ConfigDict(frozen=True)

    def rules(self) -> Iterator[Problem]:
        """Yield a problem for every rule broken that is about more than one setting; each by itself is good."""
        yield from ()

    def warnings(self) -> Iterator[str]:
        """Yield a sentence for every setting that works, but probably not as it was meant."""
        yield from ()


def setting_of(model: type[BaseModel], field: str) -> Setting:
    """What the annotation of a field says."""
    info = model.model_fields[field]
    setting = next(each for each in info.metadata if isinstance(each, Setting))
    return setting if setting.expected else replace(setting, expected=_description(info))


def _description(field: FieldInfo) -> str:
    """What the type of a field accepts; with `Type | None` it is the first of two."""
    types = [field, *map(FieldInfo.from_annotation, get_args(field.annotation))]
    return next(each.description for each in types if each.description)


def is_secret(model: type[BaseModel], field: str) -> bool:
    """Whether the value of a field must not be shown."""
    annotation = model.model_fields[field].annotation
    return setting_of(model, field).secret or SecretStr in (annotation, *get_args(annotation))


def plain(value: object) -> object:
    """A value as another program takes it: of a secret, its text."""
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def shown(value: object) -> str:
    """A value as `.env` has it: `true`, `2G`; nothing where it is empty."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        for unit, factor in reversed(ByteSpecification.UNIT_SUFFIXES.items()):
            if value >= 1024**2 and value % factor == 0:
                return f"{value // factor}{unit}"
    return "" if value in ("", None, [], {}) else str(value)


def given(model: type[BaseModel], environment: Mapping[str, str]) -> dict[str, str]:
    """The settings of `model` that `environment` has, by field. An empty value means the default."""
    return {name: environment[name.upper()] for name in model.model_fields if environment.get(name.upper())}


def read[Model: SettingsModel](
    model: type[Model], environment: Mapping[str, str]
) -> tuple[Model | None, list[Problem]]:
    """The settings of `model`; None where one cannot be used. Its rules are asked once each setting is good by itself.

    Args:
        model: the group.
        environment: names in upper case.
    """
    texts = given(model, environment)
    try:
        found = model.model_validate(texts)
    except ValidationError as error:
        # The first of each setting: a list may have several bad words.
        details = {str(detail["loc"][0]): detail for detail in reversed(error.errors(include_url=False))}
        fields = [name for name in model.model_fields if name in details]
        return None, [_problem(model, name, texts.get(name, ""), details[name]) for name in fields]
    return found, list(found.rules())


def _problem(model: type[BaseModel], field: str, text: str, detail: ErrorDetails) -> Problem:
    name, setting = field.upper(), setting_of(model, field)
    if detail["type"] == "missing":
        line = f"{name} is missing: add the line {name}=… to {setting.file}; expected {setting.expected}."
        return Problem(name, "missing", line)
    secret = is_secret(model, field)
    found = "not usable" if secret else repr(text)
    reason = "" if secret else str(detail.get("ctx", {}).get("error", ""))
    why = f" ({reason})" if reason else ""
    return Problem(name, "value", f"{name} ({place(setting.file)}) is {found}{why}; expected {setting.expected}.")


def wire(c: Config, settings: SettingsModel) -> None:
    """Give each trait `Class.trait` that a setting names its value.

    An empty value, or a 0 that means no limit, leaves the trait as JupyterHub has it.
    """
    for name, value in settings:
        section, dot, trait = setting_of(type(settings), name).trait.partition(".")
        if dot and value not in ("", [], {}, None, 0):
            c[section][trait] = plain(value)
