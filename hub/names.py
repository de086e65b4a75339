"""Names of people, and of what belongs to them on the Docker host."""

import string

from escapism import escape

# The labels of users' containers.
LABELS = "org.jupyter.hub"
PROJECT_LABEL = f"{LABELS}.project"
USER_LABEL = f"{LABELS}.user"
SERVER_LABEL = f"{LABELS}.server"
# The label of users' volumes: where each was mounted first.
PLACE_LABEL = f"{LABELS}.place"
# Never part of an escaped name: in it, two hexadecimal digits follow each dash.
BETWEEN = "--"


def escaped(name: str) -> str:
    """A name as DockerSpawner has it in the names of volumes: letters, digits and dashes.

    No two names become the same, upper and lower case included.
    """
    return escape(name, set(string.ascii_lowercase + string.digits), escape_char="-").lower()


def owner(user: str, server: str = "") -> str:
    """Whose files a volume has, as its name says it: a user's, or those of one of their named servers."""
    return escaped(user) + (BETWEEN + escaped(server) if server else "")


def user_volume(project: str, owner: str) -> str:
    """The volume with these files."""
    return f"{project}-user-{owner}"
