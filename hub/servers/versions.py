"""The version of JupyterHub in a server, beside the hub's."""

import logging
from dataclasses import dataclass

import jupyterhub

HUB_VERSION = jupyterhub.__version__


FIX = f"build an image from it with JupyterHub {HUB_VERSION}: docs/images.md"


@dataclass(frozen=True)
class Mismatch:
    """What to say of a server's version, and how loud: one of `logging`'s levels."""

    level: int
    message: str
    fix: str = FIX


def compare(server: str | None, image: str) -> Mismatch | None:
    """What is wrong with a server's version; None when nothing is. The one verdict, at a start and in the doctor.

    JupyterHub changes what hub and servers say to each other with its major versions and adds to it with minor ones:
    across the first the sign-in may fail, across the second something new may be missing. Patches do neither. To warn
    of them would ask for new images at every patch of the hub, and teach people not to read the warning.

    Args:
        server: the header X-JupyterHub-Version of the server's answer; None without it.
        image: the server's image.
    """
    if server is None:
        what = f"The server does not say which JupyterHub it has. Does the image {image} have one? Signing in may fail."
        return Mismatch(logging.WARNING, what)
    theirs, ours = server.split("."), HUB_VERSION.split(".")
    if theirs[:2] == ours[:2]:
        return None
    versions = f"The image {image} has JupyterHub {server}, and the hub has {HUB_VERSION}."
    if theirs[0] == ours[0]:
        return Mismatch(logging.INFO, f"{versions} They work together, but new features may be missing.")
    return Mismatch(logging.WARNING, f"{versions} Signing in may fail.")
