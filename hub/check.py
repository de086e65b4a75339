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
    """Check the hub's environment as Compose would set it.

    Args:
        compose_config: what `docker compose config --format json` printed; it writes `$` as `$$`.

    Raises:
        SettingsError: see `settings.load`.
    """
    environment = json.loads(compose_config)["services"]["hub"]["environment"]
    given = {name: value.replace("$$", "$") for name, value in environment.items() if value}
    settings.load(given)
    for warning in settings.warnings(given):
        print(f"WARNING: {warning}", file=sys.stderr)


def main(arguments: list[str]) -> None:
    """Entry point: exit 1 with every problem found."""
    try:
        if arguments[:1] == ["settings"]:
            check_settings(sys.stdin.read())
        else:
            userlist.parse(userlist.decode(sys.stdin.buffer.read()), *arguments[1:])
    except settings.SettingsError as error:
        sys.exit(f"FAIL: {error}")
    except userlist.UserlistError as error:
        sys.exit(f"FAIL: the userlist cannot be used:\n{error}")


if __name__ == "__main__":
    main(sys.argv[1:])
