"""All that the operator has written, read once: the settings of every group, and the files beside them.

Compose passes settings to the hub as environment variables of the same name in upper case: the shell's first, then
those of `.env`, and those of secrets/ before both. `make build` checks them with the same functions before anything
changes.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from hub import errors, homes, overlays, paths
from hub.errors import Problem, SettingsError
from hub.overlays import Overlay
from hub.profiles import profiles
from hub.profiles.profiles import Profile
from hub.settings import folders
from hub.settings.folders import Folder
from hub.settings.host import DEFAULT_PORTS, HostSettings
from hub.settings.hub import GIVEN_ADMIN, HubSettings
from hub.settings.model import read
from hub.sign_in.settings import SignInSettings
from hub.sign_in.table import AUTHENTICATORS
from hub.users import userlist
from hub.users.userlist import Member

RENAMED = {"DOCKER_CONTAINER_IMAGE": "DOCKER_NOTEBOOK_IMAGE"}
DOCKER = "docker"


@dataclass(frozen=True)
class Configuration:
    """What was read: each group of settings, the choices in use, and the files."""

    hub: HubSettings
    host: HostSettings
    sign_in: SignInSettings
    overlays: tuple[Overlay, ...] = ()
    members: Mapping[str, Member] = field(default_factory=dict)
    profiles: list[Profile] = field(default_factory=list)
    folders: list[Folder] = field(default_factory=list)
    authorities: bytes = b""

    @property
    def project(self) -> str:
        """COMPOSE_PROJECT_NAME, with which the names of volumes and images begin."""
        return self.hub.compose_project_name

    @property
    def keeps_home(self) -> bool:
        """Whether a choice has the users' homes on the Docker host, so that there are no volumes for them."""
        return any(overlay.keeps_home for overlay in self.overlays)

    @property
    def public_address(self) -> str:
        """The address to type into a browser, as far as the settings know it, without a slash at the end."""
        path, given = self.hub.jupyterhub_base_url.rstrip("/"), self.host.public_host
        if self.sign_in.public_url:
            return self.sign_in.public_url
        if self.hub.jupyterhub_subdomain_host:
            return self.hub.jupyterhub_subdomain_host + path
        return given + path if "://" in given else self.address_of(self.public_host)

    def address_of(self, name: str) -> str:
        """The address with another name of this host, or another IP address."""
        scheme, port = (
            ("https", self.host.https_port) if self.host.tls == "on" else ("http", self.host.http_port or 8000)
        )
        shown = "" if port == DEFAULT_PORTS[scheme] else f":{port}"
        name = f"[{name}]" if ":" in name else name
        return f"{scheme}://{name}{shown}{self.hub.jupyterhub_base_url.rstrip('/')}"

    @property
    def public_host(self) -> str:
        """The host of that address, without a port; localhost where no setting has one."""
        return next(filter(None, (name for _, name in self.public_hosts())), "localhost")

    def public_hosts(self) -> Iterator[tuple[str, str]]:
        """Yield each setting that may say which host users type, and the host; empty where it does not."""
        given = self.host.public_host
        yield "OAUTH_CALLBACK_URL", _host(self.sign_in.public_url)
        yield "JUPYTERHUB_SUBDOMAIN_HOST", _host(self.hub.jupyterhub_subdomain_host)
        yield "PUBLIC_HOST", _host(given if "://" in given else f"//{given}")
        for overlay in self.overlays:
            yield f"the certificate of examples/{overlay.folder()}", overlay.public_name()

    def warnings(self, environment: Mapping[str, str]) -> Iterator[str]:
        """Yield a sentence for every setting that works, but should not stay as it is."""
        for old, new in RENAMED.items():
            if environment.get(old):
                yield f"{old} is the old name of {new}. Fix: rename it in .env."
        name, admin = self.hub.jupyterhub_authenticator, self.hub.jupyterhub_admin
        if not self.sign_in.has_accounts and admin.lower() == GIVEN_ADMIN:
            yield f"JUPYTERHUB_ADMIN={GIVEN_ADMIN}: the owner of that name with {name} is an administrator here."
        yield from self.hub.warnings()
        yield from self.sign_in.warnings()
        if getattr(self.sign_in, "jupyterhub_allow_all", False):
            yield (
                f"JUPYTERHUB_ALLOW_ALL=true: everyone with an account of {name} may sign in; with a public provider, "
                "that is the whole world."
            )
        for overlay in self.overlays:
            yield from overlay.values.warnings()


def load(environment: Mapping[str, str], files: Path = paths.SERVICE) -> Configuration:
    """Read everything.

    Args:
        environment: the hub's, names in upper case.
        files: the folder with `userlist`, `profiles.yaml`, `folders.yaml` and `servers-ca.crt`.

    Raises:
        SettingsError: with one message that lists every bad setting.
        FileError: one of the files cannot be used.
    """
    found = settings(environment)
    return with_files(found, files)


def with_files(found: Configuration, files: Path) -> Configuration:
    """The settings of `found`, with the files of that folder.

    Raises:
        FileError: one of the files cannot be used.
    """
    members = userlist.load(files / paths.USERLIST.name, found.hub.jupyterhub_admin)
    authorities = files / paths.SERVERS_CA.name
    return replace(
        found,
        members=members,
        profiles=profiles.load(files / paths.PROFILES.name),
        folders=folders.load(files / paths.FOLDERS.name, found.project, members),
        authorities=authorities.read_bytes().strip() if authorities.exists() else b"",
    )


def without_settings(administrator: str = GIVEN_ADMIN, project: str = "jupyterhub") -> Configuration:
    """Defaults, where the settings are not known, as while the image is built, or cannot be used."""
    tokens = dict.fromkeys(("CONFIGPROXY_AUTH_TOKEN", "JUPYTERHUB_HEALTH_TOKEN"), "0" * 64)
    return settings(tokens | {"JUPYTERHUB_ADMIN": administrator, "COMPOSE_PROJECT_NAME": project})


@cache
def of_this_process() -> Configuration:
    """`load` what the hub's container has; it is read once, however many ask."""
    return load(homes.completed(os.environ))


def settings(environment: Mapping[str, str]) -> Configuration:
    """The settings alone, without the files.

    Raises:
        SettingsError: with one message that lists every bad setting.
    """
    environment = _with_new_names(environment)
    hub, problems = read(HubSettings, environment)
    host, of_host = read(HostSettings, environment)
    name = environment.get("JUPYTERHUB_AUTHENTICATOR") or HubSettings.model_fields["jupyterhub_authenticator"].default
    sign_in, of_sign_in = read(AUTHENTICATORS.get(name, SignInSettings), environment)
    problems += [*_unknown_choices(name, environment), *of_sign_in, *of_host]
    chosen: list[Overlay] = []
    for overlay in overlays.overlays():
        if overlay.is_chosen(environment):
            values, of_overlay = read(overlay.settings, environment)
            problems += of_overlay
            chosen += [overlay(values)] if values else []
    if not problems and hub and host and sign_in:
        found = Configuration(hub, host, sign_in, tuple(chosen))
        problems += _conflicts(found, environment)
        if not problems:
            return found
    raise SettingsError(problems)


def _unknown_choices(authenticator: str, environment: Mapping[str, str]) -> Iterator[Problem]:
    spawners = [DOCKER, *(overlay.spawner for overlay in overlays.overlays() if overlay.spawner)]
    spawner = environment.get("JUPYTERHUB_SPAWNER") or DOCKER
    for setting, value, names in (
        ("JUPYTERHUB_AUTHENTICATOR", authenticator, list(AUTHENTICATORS)),
        ("JUPYTERHUB_SPAWNER", spawner, spawners),
    ):
        if value not in names:
            text = f"{setting} (.env or the shell) is {value!r}; expected one of {', '.join(names)}."
            yield Problem(setting, "value", text)


def _conflicts(found: Configuration, environment: Mapping[str, str]) -> Iterator[Problem]:
    yield from found.sign_in.conflicts(found.hub.jupyterhub_base_url)
    public = found.sign_in.public_provider
    if public and found.hub.jupyterhub_admin.lower() == GIVEN_ADMIN:
        yield Problem.conflict(
            "JUPYTERHUB_ADMIN",
            f"is {GIVEN_ADMIN!r}, and another person owns that account at {public}",
            "your own user name there",
        )
    hosts = {setting: host for setting, host in found.public_hosts() if host}
    given = hosts.get("PUBLIC_HOST", "")
    for setting, host in hosts.items():
        if given not in ("", host):
            yield Problem.conflict("PUBLIC_HOST", f"is {given!r}, and {setting} has {host!r}", f"{host}, or nothing")
    for overlay in found.overlays:
        yield from overlay.problems(found, environment)


def _host(address: str) -> str:
    return (urlsplit(address).hostname or "").lower()


def _with_new_names(environment: Mapping[str, str]) -> dict[str, str]:
    # .env always has the new name, so the old one has to win.
    return {**environment, **{new: environment[old] for old, new in RENAMED.items() if environment.get(old)}}


if __name__ == "__main__":
    errors.run(with_files, without_settings(), paths.SERVICE)
