"""Which folders of the Docker host may be mounted into users' servers."""

from collections.abc import Iterable
from pathlib import PurePosixPath

# A user who can write there, or in a parent folder, owns the machine; one who can read there knows its secrets.
OF_THE_SYSTEM = (
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/sys",
    "/usr",
    "/var/lib/containerd",
    "/var/lib/docker",
    "/var/run",
)


def complaint(path: str, more: Iterable[str] = ()) -> str | None:
    """Say why `path` cannot be mounted; None when it can.

    Args:
        path: a folder of the Docker host.
        more: further folders that must not be mounted, such as an Engine's data directory at another place.
    """
    if not path.startswith("/"):
        return "it has to begin with a slash"
    if {".", ".."} & set(path.split("/")):
        return "there must be no . or .. in it"
    if not path.isprintable() or set('{},"') & set(path):
        return "braces, commas, quotes and control characters cannot be in it"
    given = _normal(path)
    for each in (*OF_THE_SYSTEM, *more):
        place = _normal(each)
        if given == place or place in given.parents:
            return f"{each} is the system's"
        if given in place.parents:
            return f"{each}, which is the system's, lies in it"
    return None


def _normal(path: str) -> PurePosixPath:
    return PurePosixPath("/" + path.strip("/"))
