"""profiles.yaml: the servers that users may choose from. Without it, every user gets the server of .env."""

from collections.abc import Iterable, Iterator, Set
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from hub.errors import FileError
from hub.settings import yaml_list
from hub.settings.fields import Bytes, Cores, Flag, Image, Variable
from hub.settings.gpus import Gpus
from hub.settings.hub import HubSettings
from hub.settings.model import setting

FILENAME = "profiles.yaml"


def _text(value: str) -> str:
    if value != value.strip() or not value.isprintable():
        raise ValueError("no blanks around it, no line breaks")
    return value


def _value(value: str) -> str:
    if "\0" in value:
        raise ValueError("no zero bytes")
    return value


class Profile(BaseModel):
    """One entry. What it does not say is as in .env."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, AfterValidator(_text)] = setting(
        ...,
        "what people choose, and what a request for it says; unlike the others'",
        "a few words, at most 60 characters, in quotes where they are a number, yes or no",
        min_length=1,
        max_length=60,
    )
    description: str = setting("", "shown below the name", "a sentence or two, at most 300 characters", max_length=300)
    image: Image | None = setting(None, "as `DOCKER_NOTEBOOK_IMAGE`; `make build` pulls it")
    memory: Bytes | None = setting(None, "as `MEM_LIMIT`", "a size such as 512M or 2G, or 0 for no limit")
    cpu: Cores | None = setting(None, "as `CPU_LIMIT`", "a number such as 1 or 0.5, or 0 for no limit")
    gpus: Gpus | None = setting(None, "as `GPUS`")
    environment: dict[Variable, Annotated[str, AfterValidator(_value)]] = setting(
        {},
        "further environment variables of the server",
        'names, each with a value in quotes, such as OMP_NUM_THREADS: "2"',
    )
    groups: list[Annotated[str, Field(min_length=1)]] | None = setting(
        None,
        "the groups whose members may choose it; without groups, every user may",
        "a list of groups such as [pilots, engineers]; leave it out for every user",
        min_length=1,
    )
    default: Flag = setting(
        False, "selected in the form and used by a start without a choice; otherwise the first that the user may choose"
    )

    def completed(self, settings: HubSettings) -> Self:
        """The profile with the settings' values where it has none of its own."""
        others = {
            "image": settings.docker_notebook_image,
            "memory": settings.mem_limit,
            "cpu": settings.cpu_limit,
            "gpus": settings.gpus,
        }
        return self.model_copy(update={name: other for name, other in others.items() if getattr(self, name) is None})

    def is_for(self, groups: Set[str]) -> bool:
        """Whether a user in `groups` may choose it."""
        return self.groups is None or not groups.isdisjoint(self.groups)


def parse(content: bytes, filename: str = FILENAME) -> list[Profile]:
    """Read the file.

    Raises:
        FileError: as `yaml_list.parse`, or two profiles have one name, or are both the default.
    """
    entries = yaml_list.parse(content, Profile, filename)
    if problems := [f"{filename}:{line}: {what}" for line, what in _conflicts(entries)]:
        raise FileError(filename, problems)
    return [profile for _, profile in entries]


def load(path: Path) -> list[Profile]:
    """`parse` the file at `path`; nothing where there is none."""
    return parse(path.read_bytes(), path.name) if path.exists() else []


def images(profiles: Iterable[Profile]) -> list[str]:
    """The images that the profiles name, each once."""
    return list(dict.fromkeys(profile.image for profile in profiles if profile.image))


def gpus(profiles: Iterable[Profile], default: str) -> list[str]:
    """What servers ask for, each once: by GPUS, the `default`, and by the profiles."""
    asked = [TypeAdapter(Gpus).validate_python(default), *(profile.gpus for profile in profiles)]
    return list(dict.fromkeys(filter(None, asked)))


def warnings(profiles: list[Profile], known_groups: Set[str]) -> list[str]:
    """A sentence for each entry that is valid, but may not be what was meant."""
    named = {group: profile.name for profile in reversed(profiles) for group in profile.groups or ()}
    found = [
        f"{FILENAME}: {name!r} is for the group {group!r}, which the userlist does not have"
        + (f" (it has {group.lower()!r})" if group.lower() in known_groups else "")
        + "; this is right if a directory or a provider has that group."
        for group, name in sorted(named.items())
        if group not in known_groups
    ]
    if profiles and not any(profile.groups is None for profile in profiles):
        found.append(
            f"{FILENAME}: every profile has groups: a user outside of {', '.join(sorted(named))} gets no server."
        )
    return found


def _conflicts(entries: list[tuple[int, Profile]]) -> Iterator[tuple[int, str]]:
    names: dict[str, int] = {}
    defaults: list[int] = []
    for line, profile in entries:
        name = " ".join(profile.name.casefold().split())
        if name in names:
            yield line, f"{profile.name!r} is there twice, first in line {names[name]}: give one another name."
        names.setdefault(name, line)
        if profile.default:
            if defaults:
                yield line, f"{profile.name!r} is a second default, the first is in line {defaults[0]}: remove one."
            defaults.append(line)
