"""Check settings and userlist before anything changes: `make build` runs this in a container of its own.

Usage:
    docker compose config --format json | python -m hub.check settings
    python -m hub.check list ADMINISTRATOR < userlist
"""

from __future__ import annotations

import json
import sys

from hub import settings, userlist


def check_settings(compose_config: str) -> None:
    """Check what Compose would give to the hub, and what it uses on the Docker host.

    Args:
        compose_config: what `docker compose config --format json` printed; it writes `$` as `$$`.

    Raises:
        SettingsError: lists every bad setting.
    """
    config = json.loads(compose_config)
    hub = {name: value.replace("$$", "$") for name, value in config["services"]["hub"]["environment"].items() if value}
    problems = settings.problems_of(settings.Settings, hub)
    problems += settings.problems_of(settings.HostSettings, config["x-host"])
    if problems:
        raise settings.SettingsError(problems)
    for warning in settings.warnings(hub):
        print(f"WARNING: {warning}", file=sys.stderr)


def main(verb: str, administrator: str = "") -> None:
    """Entry point: exit 1 with every problem found."""
    try:
        if verb == "settings":
            check_settings(sys.stdin.read())
        else:
            userlist.parse(userlist.decode(sys.stdin.buffer.read()), administrator)
    except settings.SettingsError as error:
        sys.exit(f"FAIL: {error}\n      To mend it: correct them and try again; nothing was changed.")
    except userlist.UserlistError as error:
        sys.exit(f"FAIL: the userlist cannot be used:\n{error}\n      To mend it: correct it; nothing was changed.")


if __name__ == "__main__":
    main(*sys.argv[1:])
