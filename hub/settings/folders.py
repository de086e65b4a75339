"""folders.yaml: which folders users' servers share, and who may read or write them.

An entry is a Docker volume, or with `host` a folder of the Docker host. `{group}` or `{user}` in its name makes it as
many folders as there are groups or users. docs/folders.md says how to write it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from hub.errors import FileError
from hub.names import escaped
from hub.settings import host_paths, yaml_list
from hub.settings.model import setting
from hub.users import userlist
from hub.users.userlist import Member

FILENAME = "folders.yaml"
GROUP = "{group}"
USER = "{user}"
PLACEHOLDERS = (GROUP, USER)
# Words that are no group's name: the first stands alone, where groups stand in a list; the userlist has the other one
# for administrators.
EVERYBODY = "everybody"
ADMIN = "admin"
# The group of every shared volume, `users` in Debian: that of our image's user, and every server that gets a shared
# volume is a member.
VOLUME_GID = 100
# One slash, so that those who may read every user's folder find them in one.
_NAME = r"^([A-Za-z0-9]|\{group\}|\{user\})([A-Za-z0-9_.-]|\{group\}|\{user\}|/\{user\}$)*$"


class Alone(NamedTuple):
    """One user, where groups are meant. No group of a provider is equal to it, whatever its name."""

    user: str


type Groups = frozenset[str | Alone]


def _access(value: object) -> frozenset[str]:
    if value == EVERYBODY:
        return frozenset({EVERYBODY})
    if not isinstance(value, list) or not all(isinstance(each, str) and each.strip() for each in value):
        raise ValueError("not a list of names")
    groups = frozenset(each.strip().lower() for each in value)
    if EVERYBODY in groups:
        raise ValueError(f"write {EVERYBODY} without brackets")
    return groups


def _group(name: str) -> str:
    if reason := userlist.complaint(name.lower()):
        raise ValueError(f"{name!r} cannot be a folder's name: {reason.rstrip('.')}")
    return name.lower()


def _host(path: str) -> str:
    if path and (reason := host_paths.complaint(path.replace(GROUP, "group").replace(USER, "user"))):
        raise ValueError(reason)
    return path.rstrip("/")


Access = Annotated[
    frozenset[str] | None,
    BeforeValidator(_access),
    Field(description=f"{EVERYBODY}, or groups in a list such as [pilots, engineers]"),
]


class Entry(BaseModel):
    """One entry of the file, as it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = setting(
        ...,
        "the folder's name below DOCKER_NOTEBOOK_DIR",
        f'letters, digits, dots, dashes and underscores; "{GROUP}" or "{USER}", in quotes, stands for a group or user',
        pattern=_NAME,
        max_length=64,
    )
    read: Access = setting(
        None, "who may read it; missing: everybody, or with `{group}` or `{user}` in the name that group or user"
    )
    write: Access = setting(
        None, "who may also write; missing: no user, or with `{group}` or `{user}` in the name that group or user"
    )
    groups: list[Annotated[str, AfterValidator(_group)]] = setting(
        [],
        "with `{group}` in the name, the groups it stands for, and with `{user}` those whose users it stands for; "
        "missing: all of the userlist",
        "groups in a list such as [pilots, engineers]",
    )
    host: Annotated[str, AfterValidator(_host)] = setting(
        "", "a folder of the Docker host, instead of a volume", "the path of a folder such as /srv/datasets"
    )
    gid: int | None = setting(
        None,
        "with `host`, the number of the group that owns the folder; each user who gets the folder is a member",
        "a number, 1 or more",
        ge=1,
        lt=2**31,
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for complaint in self._complaints():
            raise ValueError(complaint)
        return self

    @property
    def placeholder(self) -> str:
        """What its name stands for: `{group}`, `{user}`, or nothing."""
        return next((each for each in PLACEHOLDERS if each in self.name), "")

    def _complaints(self) -> Iterator[str]:
        own = self.placeholder
        if all(each in self.name for each in PLACEHOLDERS):
            yield f"both {GROUP} and {USER} are in the name; expected one of them."
        if self.groups and not own:
            yield f'groups is there, but no {GROUP} or {USER} in the name; expected a name such as "{GROUP}".'
        if own and self.host and own not in self.host:
            yield f"host is the same folder for every {own[1:-1]}; expected {own} in it."
        used = {*(self.read or ()), *(self.write or ())} | {each for each in PLACEHOLDERS if each in self.host}
        for each in PLACEHOLDERS:
            if each in used and each != own:
                yield f'{each} is there, but not in the name; expected a name such as "{each}".'
        if self.gid and not self.host:
            yield f"gid is for folders of the Docker host; expected no gid, or host. A volume's group is {VOLUME_GID}."


@dataclass(frozen=True)
class Folder:
    """One folder that servers may get.

    `name` is its name there, `source` a volume or, with a slash in front, a folder of the Docker host.
    """

    name: str
    source: str
    read: Groups
    write: Groups
    gid: int | None
    line: int

    @property
    def on_host(self) -> bool:
        """Whether it is a folder of the Docker host."""
        return self.source.startswith("/")

    def is_for(self, who: Groups) -> bool:
        """Whether a user in these groups gets it; see `groups_of`."""
        return bool(who & (self.read | self.write))

    def is_writable_for(self, who: Groups) -> bool:
        """Whether they may write."""
        return bool(who & self.write)


def groups_of(user: str, groups: Iterable[str], admin: bool) -> Groups:
    """What a user is for `Folder`: the user alone, their groups, and the words that are no groups.

    A provider may have groups with such a name: they do not count.
    """
    own = {group.lower() for group in groups} - {EVERYBODY, ADMIN}
    return frozenset({*own, EVERYBODY, Alone(user), *([ADMIN] if admin else [])})


def load(path: Path, project: str, members: Mapping[str, Member]) -> list[Folder]:
    """Read the file at `path`; without one there are no folders.

    Args:
        path: the file.
        project: COMPOSE_PROJECT_NAME, which the volumes' names begin with.
        members: the userlist.

    Raises:
        FileError: it cannot be used; with a line for every problem.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    return parse(content, project, members)


def parse(content: bytes, project: str, members: Mapping[str, Member]) -> list[Folder]:
    """The folders of a file with this `content`; the rest as in `load`."""
    folders = [folder for line, entry in _entries(content) for folder in _expand(entry, line, project, members)]
    if problems := list(_doubles(folders)):
        raise FileError(FILENAME, problems)
    return folders


def warnings(content: bytes, members: Mapping[str, Member]) -> list[str]:
    """One sentence for every group in the file that nobody is in, as far as the userlist goes."""
    known = {*userlist.groups_of(members.values()), EVERYBODY, ADMIN, *PLACEHOLDERS}
    return [
        f"{FILENAME}:{line}: no user in the userlist is in the group {group!r}."
        for line, entry in _entries(content)
        for group in sorted({*(entry.read or ()), *(entry.write or ()), *entry.groups} - known)
    ]


def _entries(content: bytes) -> list[tuple[int, Entry]]:
    return yaml_list.parse(content, Entry, FILENAME)


def _expand(entry: Entry, line: int, project: str, members: Mapping[str, Member]) -> Iterator[Folder]:
    own = entry.placeholder
    for name in _stands_for(entry, members):
        alone: Groups = frozenset({Alone(name) if own == USER else name} if own else ())
        volume = f"{project}-shared-{entry.name.replace('/', '-').replace(own, escaped(name))}"
        yield Folder(
            name=entry.name.replace(own, name),
            source=entry.host.replace(own, name) or volume,
            read=_named(entry.read, alone or frozenset({EVERYBODY}), alone),
            write=_named(entry.write, alone, alone),
            gid=entry.gid if entry.host else VOLUME_GID,
            line=line,
        )


def _stands_for(entry: Entry, members: Mapping[str, Member]) -> Iterable[str]:
    """The names in place of the entry's placeholder; one empty one where there is none."""
    match entry.placeholder:
        case "{group}":
            return entry.groups or sorted(userlist.groups_of(members.values()))
        case "{user}":
            return [each.name for each in members.values() if not entry.groups or each.groups & set(entry.groups)]
    return [""]


def _named(access: frozenset[str] | None, missing: Groups, alone: Groups) -> Groups:
    """The groups of an entry; its placeholder among them stands for `alone`."""
    if access is None:
        return missing
    return access - {*PLACEHOLDERS} | (alone if access & {*PLACEHOLDERS} else frozenset())


def _doubles(folders: list[Folder]) -> Iterator[str]:
    """Two folders in one place, or two names for one volume: that of a group may be escaped to another's."""
    seen: dict[Any, int] = {}
    for folder in folders:
        for key in [folder.name, *([] if folder.on_host else [("volume", folder.source)])]:
            if key in seen:
                yield (
                    f"{FILENAME}:{folder.line}: there is another folder {folder.name!r}, in line {seen[key]}; "
                    "expected a name of its own."
                )
                break
            seen[key] = folder.line
