"""The hub container's health check: ask the hub for a user, which it cannot answer without its database.

`/hub/health` answers 200 with a dead or full database, too.
"""

import json
import os
import sys
import urllib.request

from hub.urls import with_slashes


def main() -> None:
    """Exit 0 when the hub answers from its database, else 1 with the reason."""
    base_url = with_slashes(os.environ.get("JUPYTERHUB_BASE_URL", ""))
    request = urllib.request.Request(
        f"http://127.0.0.1:8081{base_url}hub/api/users?limit=1",
        # Without pagination in Accept, the hub warns at each check that its answer leaves users out.
        headers={
            "Authorization": f"token {os.environ['JUPYTERHUB_HEALTH_TOKEN']}",
            "Accept": "application/jupyterhub-pagination+json",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            json.load(response)
    except (OSError, ValueError) as error:
        sys.exit(f"the hub does not answer from its database: {error}")


if __name__ == "__main__":
    main()
