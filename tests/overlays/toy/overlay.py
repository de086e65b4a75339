"""A choice with a setting, a check, a note and a verb: the smallest one that has all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hub.errors import OperatorError
from hub.overlays import Overlay
from hub.settings.model import SettingsModel, setting

if TYPE_CHECKING:
    from host.engine import Host


class ToySettings(SettingsModel):
    """What the toy says."""

    toy_greeting: str = setting("hello", "how users are greeted", "small letters", pattern=r"^[a-z]+$")


class Toy(Overlay):
    """Every server has the greeting in its environment."""

    settings = ToySettings
    values: ToySettings
    compose = True

    def server_environment(self) -> dict[str, str]:
        """The greeting."""
        return {"TOY_GREETING": self.values.toy_greeting}

    def check(self, host: Host) -> None:
        """See that the Docker host has no volume that forbids greetings.

        Raises:
            OperatorError: it has one.
        """
        name = f"{host.project}-silence"
        if host.client.volumes.list(filters={"name": f"^{name}$"}):
            raise OperatorError(f"the volume {name} forbids greetings", f"docker volume rm {name}")

    def notes(self, host: Host) -> dict[str, str]:
        """The greeting, for each user."""
        return {"": self.values.toy_greeting}

    def greet(self, host: Host, arguments: Sequence[str]) -> None:
        """Print the greeting."""
        print(self.values.toy_greeting, *arguments)

    verbs = {"toy": greet}


OVERLAY = Toy
