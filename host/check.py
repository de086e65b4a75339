"""Check settings and files before anything changes: `make build` runs this in a container of its own.

Usage:
    docker compose config --format json | python -m hub.check settings
    python -m hub.check committed < .env
    python -m hub.check list ADMINISTRATOR < userlist
    tar -c userlist profiles.yaml | python -m hub.check profiles ADMINISTRATOR
    python -m hub.check images < profiles.yaml           prints those that it names
    python -m hub.check gpus GPUS < profiles.yaml        prints what is asked for, by this and by the profiles
    tar -c userlist folders.yaml | python -m hub.check folders ADMINISTRATOR [PATH ...]
    python -m hub.check authorities < secrets/ca.crt
    tar -c -C secrets jupyterhub.crt jupyterhub.key | python -m hub.check pair [NAME ...]
"""

from __future__ import annotations

import io
import json
import re
import ssl
import sys
import tarfile
from collections.abc import Callable, Iterable

from hub.gateway.settings import GatewaySettings

from host import folder_volumes, tls_pair
from hub.profiles import profiles
from hub.settings.fields import extra, is_secret, problems_of
from hub.settings.host import OVERLAY_OF_SYSTEM_USERS, OVERLAYS, HostSettings, problems_of_system_users
from hub.settings.yaml_list import FileError
from hub.sign_in.settings import AUTHENTICATORS
from hub.users import userlist

type Check = Callable[..., object]

MODELS = (settings.Settings, GatewaySettings, *AUTHENTICATORS.values())


def check_settings(compose_config: str) -> None:
    """Check what Compose would give to the hub, and what it uses on the Docker host.

    Args:
        compose_config: what `docker compose config --format json` printed; it writes `$` as `$$`.

    Raises:
        SettingsError: lists every bad setting.
    """
    config = json.loads(compose_config)
    hub = {name: value.replace("$$", "$") for name, value in config["services"]["hub"]["environment"].items() if value}
    problems = settings.problems_of_hub(hub) + problems_of(HostSettings, config["x-host"])
    for key, model in OVERLAYS.items():
        if key in config:
            problems += [*problems_of(model, config[key]), *model.conflicts(config["x-host"])]
    problems += problems_of_system_users(hub, OVERLAY_OF_SYSTEM_USERS in config)
    if problems:
        raise settings.SettingsError(problems)
    warn(settings.warnings(hub))


def check_committed(lines: str) -> None:
    """Warn of every secret in the text of `.env`, a file that is meant to be committed."""
    files = {
        name.upper(): extra(model, name, "file")
        for model in MODELS
        for name in model.model_fields
        if is_secret(model, name)
    }
    found = re.findall(r"^\s*(?:export\s+)?(\w+)\s*=\s*[^\s#]", lines, re.MULTILINE)
    warn(
        f"{name} is a secret, and .env is a file to commit: move the line to {files[name]}."
        for name in found
        if name in files
    )


def check_authorities(pem: str) -> None:
    """Check that a text is certificates in PEM, and nothing else that is secret.

    Raises:
        SettingsError: it is not.
    """
    if "PRIVATE KEY-----" in pem:
        raise settings.SettingsError(["  secrets/ca.crt has a private key in it; expected certificates alone."])
    try:
        ssl.create_default_context(cadata=pem)
    except (ssl.SSLError, ValueError) as error:
        raise settings.SettingsError(
            [f"  secrets/ca.crt is not usable ({error}); expected one or more certificates in PEM."]
        ) from None


def check_profiles(archive: bytes, administrator: str) -> None:
    """Check the profiles, and warn of groups that the userlist does not have.

    Args:
        archive: a tar of userlist and profiles.yaml.
        administrator: JUPYTERHUB_ADMIN.

    Raises:
        FileError: the profiles cannot be used.
        UserlistError: the userlist cannot be.
    """
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        content = {name: files.extractfile(name).read() for name in ("userlist", profiles.FILENAME)}  # type: ignore[union-attr]
    members = userlist.parse(userlist.decode(content["userlist"]), administrator)
    groups = userlist.groups_of(members.values()).keys()
    warn(profiles.warnings(profiles.parse(content[profiles.FILENAME]), groups))


def warn(warnings: Iterable[str]) -> None:
    """Print each on stderr."""
    for warning in warnings:
        print(f"WARNING: {warning}", file=sys.stderr)


def _text(check: Callable[[str], None]) -> Check:
    return lambda given: check(given.decode(errors="replace"))


# What each verb does with the bytes of stdin and its arguments.
CHECKS: dict[str, Check] = {
    "settings": _text(check_settings),
    "committed": _text(check_committed),
    "authorities": _text(check_authorities),
    "list": lambda given, *administrator: userlist.parse(userlist.decode(given), *administrator),
    "profiles": check_profiles,
    "images": lambda given: print("\n".join(profiles.images(profiles.parse(given)))),
    "gpus": lambda given, default: print("\n".join(profiles.gpus(profiles.parse(given), default))),
    "folders": lambda given, *arguments: warn(folder_volumes.check(given, *arguments)),
    "pair": lambda given, *names: warn(tls_pair.check(given, names)),
}


def main(verb: str, *arguments: str) -> None:
    """Entry point: exit 1 with every problem found."""
    try:
        CHECKS[verb](sys.stdin.buffer.read(), *arguments)
    except settings.SettingsError as error:
        sys.exit(f"FAIL: {error}\n      To mend it: correct them and try again; nothing was changed.")
    except tls_pair.PairError as error:
        sys.exit(f"FAIL: {error.what}.\n      To see it: {error.command}\n      To mend it: {error.cure}")
    except userlist.UserlistError as error:
        sys.exit(f"FAIL: the userlist cannot be used:\n{error}\n      To mend it: correct it; nothing was changed.")
    except FileError as error:
        sys.exit(f"FAIL: {error.filename} cannot be used:\n{error}\n      To mend it: correct it; nothing was changed.")


if __name__ == "__main__":
    main(*sys.argv[1:])
