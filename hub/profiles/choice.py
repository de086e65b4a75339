"""Who may choose which profile, what a request may ask for, and how a choice gets to the server.

A choice comes by the form, by an address (`/hub/spawn?opt-profile=…`) or by the API, and JupyterHub keeps it for the
next start. A choice in the request is checked strictly. A choice that was kept, or that the API stored, is only a
preference: the default replaces it when it is not allowed any more. DockerSpawner would also take an image from a
choice, so it never sees one.
"""

from collections.abc import Mapping
from typing import Any

from traitlets.config import Config

from hub.configuration import Configuration
from hub.profiles import form
from hub.profiles.profiles import Profile
from hub.servers.failures import StartError
from hub.servers.spawner import HubDockerSpawner
from hub.settings.hub import HubSettings

FIELD = "profile"
# What a form has beside the choice: JupyterHub's protection against other sites.
NOT_OPTIONS = {"_xsrf"}


class ChoiceError(StartError):
    """The choice cannot be honoured; the text is for the one who made it."""

    def __init__(self, message: str, status_code: int = 400) -> None:
        super().__init__("profile", message, status_code=status_code)


class Asked(dict[str, Any]):
    """What a form or an address asks for; a choice kept from an earlier start is a plain dictionary."""


class NothingAskedError(ValueError):
    """An address without a choice: JupyterHub then shows the form, and this empty text above it."""


class Choices:
    """The profiles, and what is done with a choice."""

    def __init__(self, profiles: list[Profile], settings: HubSettings) -> None:
        self._profiles = [profile.completed(settings) for profile in profiles]

    def form(self, spawner: HubDockerSpawner) -> str:
        """The form for the server's owner, not for the viewing administrator; empty without a choice."""
        allowed = self._allowed(spawner)
        if len(allowed) < 2:
            return ""
        kept = _kept(spawner)
        chosen = _find(allowed, kept)
        return form.render(allowed, chosen or _default(allowed), "" if chosen else kept)

    def from_form(self, data: Mapping[str, list[Any]]) -> Asked:
        """What the form or the address asks for.

        Raises:
            ChoiceError: it has anything but one profile.
            NothingAskedError: it has nothing that was asked.
        """
        given = {name: values for name, values in data.items() if name not in NOT_OPTIONS}
        if data and not given:
            raise NothingAskedError
        _refuse_others(given)
        if len(given.get(FIELD, ())) > 1:
            raise ChoiceError("Only one profile can be chosen.")
        return Asked({name: values[0] for name, values in given.items() if values})

    def apply(self, spawner: HubDockerSpawner, options: Mapping[str, Any]) -> None:
        """Make the server what was chosen; JupyterHub calls this at each start.

        The spawner outlives the server, so everything that a profile can set is set.

        Raises:
            ChoiceError: something else than a profile that the server's owner may have was asked for.
        """
        spawner.user_options = {}
        keep: dict[str, str] = {}
        try:
            if _is_asked(spawner, options):
                _refuse_others(options)
                chosen = self._asked(spawner, options)
            else:
                chosen = _find(self._allowed(spawner), _kept(spawner))
            if chosen:
                keep = {FIELD: chosen.name}
            elif self._profiles:
                chosen = self._default(spawner)
        finally:
            spawner.orm_spawner.user_options = keep
            spawner.user.db.commit()
        if chosen:
            spawner.log.info("%s is started with the profile %r", spawner._log_name, chosen.name)
            spawner.user_options = {FIELD: chosen.name}
            _set(spawner, chosen)

    def _asked(self, spawner: HubDockerSpawner, options: Mapping[str, Any]) -> Profile | None:
        if FIELD not in options:
            return None
        name, allowed = options[FIELD], self._allowed(spawner)
        if not isinstance(name, str):
            raise ChoiceError(f"'{FIELD}' has to be the name of a profile, a text.")
        profile = _find(allowed, name)
        if profile is None:
            # The same words for one that is not there and one that is others': users do not learn what others have.
            offered = ", ".join(repr(each.name) for each in allowed) or "none"
            raise ChoiceError(f"{spawner.user.name} cannot choose the profile {_quoted(name)}, only: {offered}.", 403)
        return profile

    def _default(self, spawner: HubDockerSpawner) -> Profile:
        allowed = self._allowed(spawner)
        if not allowed:
            raise ChoiceError(
                f"{spawner.user.name} is in no group that may use a profile. An administrator can add the user to "
                "such a group in the userlist, or change profiles.yaml.",
                403,
            )
        return _default(allowed)

    def _allowed(self, spawner: HubDockerSpawner) -> list[Profile]:
        groups = {group.name for group in spawner.user.groups}
        return [profile for profile in self._profiles if profile.is_for(groups)]


def configure(c: Config, found: Configuration) -> None:
    """Let users choose a profile where there is a choice, and nothing else in any case."""
    choices = Choices(found.profiles, found.hub)
    spawner = c.HubDockerSpawner
    spawner.apply_user_options = choices.apply
    spawner.options_from_form = choices.from_form
    if found.profiles:
        spawner.options_form = choices.form


def _find(profiles: list[Profile], name: str) -> Profile | None:
    return next((profile for profile in profiles if profile.name == name), None)


def _default(allowed: list[Profile]) -> Profile:
    return next((profile for profile in allowed if profile.default), allowed[0])


def _kept(spawner: HubDockerSpawner) -> str:
    """The name that was chosen for this server the last time; the API lets people write anything there."""
    kept = (spawner.orm_spawner.user_options or {}).get(FIELD)
    return kept if isinstance(kept, str) else ""


def _is_asked(spawner: HubDockerSpawner, options: Mapping[str, Any]) -> bool:
    """Whether this request has brought the options, or else they were kept."""
    if isinstance(options, Asked):
        return True
    body = getattr(spawner.handler, "get_server_json_body", dict)()  # only the API's handler has it
    return body.get("user_options") is not None


def _refuse_others(options: Mapping[str, Any]) -> None:
    if others := sorted(name for name in options if name != FIELD):
        raise ChoiceError(f"{_quoted(others[0])} cannot be chosen; of the options of a start there is only '{FIELD}'.")


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:59] + "…")


def _set(spawner: Any, profile: Profile) -> None:
    spawner.image = profile.image
    spawner.mem_limit = profile.memory or None
    spawner.cpu_limit = profile.cpu or None
    spawner.gpus = profile.gpus
    spawner.profile_environment = dict(profile.environment)
