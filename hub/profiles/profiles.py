"""profiles.yaml: the servers that people may choose from. Without it everybody gets the one that .env describes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from hub.settings import yaml_list
from hub.settings.fields import Bytes, Image, setting
from hub.settings.gpus import EXPECTED as GPUS_EXPECTED
from hub.settings.gpus import Gpus
from hub.settings.hub import Settings
from hub.settings.yaml_list import FileError
from hub.users import userlist

FILENAME = "profiles.yaml"
IMAGE_EXPECTED = "an image name such as quay.io/jupyter/scipy-notebook:2026-11-02"

# Variables that are not a profile's to set, and why: the first that matches counts.
RESERVED = {
    r"JUPYTERHUB_.*|JPY_.*|JUPYTER_IMAGE_SPEC": "the hub sets it, and signs people in with it",
    r"JUPYTER_GATEWAY_.*|KERNEL_LAUNCH_TIMEOUT": "it says where kernels run: the settings of the kernel gateway do",
    r"MEM_LIMIT|CPU_LIMIT|MEM_GUARANTEE|CPU_GUARANTEE": "it tells what the limit is: write memory or cpu beside it",
    r"NVIDIA_VISIBLE_DEVICES": "it says which GPUs there are: write gpus beside it",
    r"PATH": "it would take the place of the image's own, and the server's command would not be found",
    r"HOME": "the user's volume is mounted in the image's own",
    r"LD_.*|PYTHON(PATH|HOME|STARTUP)|JUPYTER_CONFIG_(DIR|PATH)": (
        "the server itself would run what lies there: put it into an image"
    ),
}


def _text(value: str) -> str:
    if value != value.strip() or not value.isprintable():
        raise ValueError("no blanks around it, no line breaks")
    return value


def _variable(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ValueError("letters, digits and underscores, no digit in front")
    for pattern, reason in RESERVED.items():
        if re.fullmatch(pattern, name):
            raise ValueError(reason)
    return name


def _value(value: str) -> str:
    if "\0" in value:
        raise ValueError("no zero bytes")
    return value


def _number(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError
    return value


class Profile(BaseModel):
    """One entry. What it does not say is as in .env."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, AfterValidator(_text)] = setting(
        ...,
        help="what people choose, and what a request for it says; unlike the others'",
        expected="a few words, at most 60 characters, in quotes where they are a number, yes or no",
        min_length=1,
        max_length=60,
    )
    description: str = setting(
        "", help="shown below the name", expected="a sentence or two, at most 300 characters", max_length=300
    )
    image: Image | None = setting(
        None, help="as `DOCKER_NOTEBOOK_IMAGE`; `make build` pulls it", expected=IMAGE_EXPECTED
    )
    memory: Bytes | None = setting(None, help="as `MEM_LIMIT`", expected="a size such as 512M or 2G, or 0 for no limit")
    cpu: Annotated[float, BeforeValidator(_number)] | None = setting(
        None,
        help="as `CPU_LIMIT`",
        expected="a number such as 1 or 0.5, or 0 for no limit",
        ge=0,
        allow_inf_nan=False,
    )
    gpus: Gpus | None = setting(None, help="as `GPUS`", expected=GPUS_EXPECTED)
    environment: dict[Annotated[str, AfterValidator(_variable)], Annotated[str, AfterValidator(_value)]] = setting(
        {},
        help="further environment variables of the server",
        expected='names, each with a value in quotes, such as OMP_NUM_THREADS: "2"',
    )
    groups: list[Annotated[str, Field(min_length=1)]] | None = setting(
        None,
        help="whose members may choose it; without them everybody may",
        expected="a list of groups such as [pilots, engineers]; leave it out for everybody",
        min_length=1,
    )
    default: bool = setting(
        False,
        help="chosen beforehand, and what a start without a choice gets; without one, the first that somebody may have",
        expected="true or false",
    )

    def completed(self, settings: Settings) -> Profile:
        """The profile with the settings' values where it has none of its own."""
        others = {
            "image": settings.docker_notebook_image,
            "memory": settings.mem_limit,
            "cpu": settings.cpu_limit,
            "gpus": settings.gpus,
        }
        return self.model_copy(update={name: other for name, other in others.items() if getattr(self, name) is None})

    def is_for(self, groups: Set[str]) -> bool:
        """Whether somebody in `groups` may choose it."""
        return self.groups is None or not groups.isdisjoint(self.groups)


def parse(content: bytes, filename: str = FILENAME) -> list[Profile]:
    """Read the file.

    Raises:
        FileError: as `yaml_list.parse`, or two profiles have one name, or are both the default.
    """
    try:
        text = userlist.decode(content, filename)
    except userlist.UserlistError as error:
        raise FileError(str(error)) from None
    entries = yaml_list.parse(text, Profile, filename)
    if problems := [f"{filename}:{line}: {what}" for line, what in _conflicts(entries)]:
        raise FileError("\n".join(problems))
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
    """One sentence for everything that works, but perhaps not as it was meant."""
    named = {group: profile.name for profile in reversed(profiles) for group in profile.groups or ()}
    found = [
        f"{FILENAME}: {name!r} is for the group {group!r}, which the userlist does not have"
        + (f" (it has {group.lower()!r})" if group.lower() in known_groups else "")
        + "; right where it is of a directory or a provider."
        for group, name in sorted(named.items())
        if group not in known_groups
    ]
    if profiles and not any(profile.groups is None for profile in profiles):
        found.append(
            f"{FILENAME}: no profile is for everybody: who is in none of {', '.join(sorted(named))} gets no server."
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
