"""Choices: what a folder of examples/ brings along, without the core knowing its name.

A folder with an `overlay.py` has a class there that is called `OVERLAY` and derives from `Overlay`; docs/development.md
shows how to write one. Nothing else in hub/ or host/ names a folder of examples/.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from hub.errors import Problem
from hub.settings.model import SettingsModel, given

if TYPE_CHECKING:
    from host.engine import Host
    from hub.configuration import Configuration

EXAMPLES = Path(__file__).parents[1] / "examples"

# Called with the overlay, the Docker host and the arguments.
type Verb = Callable[[Any, Host, Sequence[str]], None]


class Overlay:
    """One choice, with its settings; a choice overrides the methods that it needs.

    Attributes:
        settings: the model of its settings.
        spawner: the value of JUPYTERHUB_SPAWNER that stands for it; empty where none does.
        compose: whether COMPOSE_FILE has to name its docker-compose.yml, which sets the variable `mark` for the hub and
            passes its settings on by name. Without that, its settings stand in the generated settings.env.
        verbs: methods that it adds to `scripts/host VERB`, for a file verbs.mk beside it.
        keeps_home: whether users' files are on the Docker host already, so that no volume is mounted for them.
        values: its settings.
    """

    settings: ClassVar[type[SettingsModel]] = SettingsModel
    spawner: ClassVar[str] = ""
    compose: ClassVar[bool] = False
    keeps_home: ClassVar[bool] = False
    verbs: ClassVar[Mapping[str, Verb]] = {}

    def __init__(self, values: Any) -> None:
        self.values = values

    @classmethod
    def folder(cls) -> str:
        """Its folder in examples/."""
        return cls.__module__.split(".")[1]

    @classmethod
    def mark(cls) -> str:
        """The environment variable by which its docker-compose.yml says that it is in use."""
        return f"OVERLAY_{cls.folder().replace('-', '_').upper()}"

    @classmethod
    def files(cls) -> str:
        """COMPOSE_FILE with it."""
        return f"docker-compose.yml:examples/{cls.folder()}/docker-compose.yml"

    @classmethod
    def is_chosen(cls, environment: Mapping[str, str]) -> bool:
        """Whether the hub's environment chooses it: by JUPYTERHUB_SPAWNER, by its file, or by one of its settings."""
        if cls.spawner or cls.compose:
            by_spawner = bool(cls.spawner) and environment.get("JUPYTERHUB_SPAWNER") == cls.spawner
            return by_spawner or bool(environment.get(cls.mark()))
        return bool(given(cls.settings, environment))

    def problems(self, found: Configuration, environment: Mapping[str, str]) -> Iterator[Problem]:
        """Yield a problem for everything that does not go together with other settings, all good by themselves."""
        if not self.spawner or not self.compose:
            return
        chosen = found.hub.jupyterhub_spawner
        if chosen != self.spawner:
            yield Problem.conflict(
                "JUPYTERHUB_SPAWNER",
                f"is {chosen!r}, and COMPOSE_FILE names examples/{self.folder()}",
                f"{self.spawner}, or a COMPOSE_FILE without it",
            )
        elif not environment.get(self.mark()):
            yield Problem.conflict(
                "JUPYTERHUB_SPAWNER",
                f"is {chosen!r}, which needs a file of examples/{self.folder()}",
                f"COMPOSE_FILE={self.files()} in addition",
            )

    # --- In the hub: each returns what hub/servers/config.py puts together. ---

    @property
    def spawner_class(self) -> type[Any] | None:
        """The class of the spawner, where it needs one of its own."""
        return None

    def server_environment(self) -> dict[str, Any]:
        """Environment variables of every user's server; a value may be a function of the spawner."""
        return {}

    def read_only_volumes(self, found: Configuration) -> dict[str, str]:
        """Volumes to mount into every user's server, each with its place there."""
        return {}

    def public_name(self) -> str:
        """The host name under which the hub is reached; empty where it does not know one."""
        return ""

    def check_hub(self) -> None:
        """Refuse to start the hub.

        Raises:
            OperatorError: what it needs in the hub's container is not there.
        """

    # --- Beside the Engine: see host/. ---

    def check(self, host: Host) -> None:
        """Look at the Docker host before anything changes.

        Raises:
            OperatorError: what it needs is not there.
        """

    def volumes(self) -> list[str]:
        """The volumes that `make build` makes, unless they are there."""
        return []

    def notes(self, host: Host) -> Mapping[str, str] | None:
        """What `make users` says of users, by name as `hub.names.escaped`; None where it says nothing of anybody."""
        return None


@cache
def overlays() -> tuple[type[Overlay], ...]:
    """The class of every folder of examples/ that has one, in order of their names."""
    folders = sorted(path.parent.name for path in EXAMPLES.glob("*/overlay.py"))
    return tuple(import_module(f"examples.{folder}.overlay").OVERLAY for folder in folders)
