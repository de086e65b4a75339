"""The form on the page of a start: which profile the server gets."""

from collections.abc import Iterable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from jupyterhub.traitlets import ByteSpecification

from hub.profiles.profiles import Profile
from hub.settings import gpus

# A profile contains text only, never HTML.
_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parents[1] / "pages"), autoescape=True, trim_blocks=True, lstrip_blocks=True
)


def render(profiles: Iterable[Profile], chosen: Profile, gone: str) -> str:
    """The form's HTML.

    Args:
        profiles: those that the user may choose, completed.
        chosen: the one that is chosen beforehand.
        gone: the name of the one that was chosen the last time, if it is not among them any more.
    """
    rows = [(profile, limits(profile), profile is chosen) for profile in profiles]
    return _environment.get_template("profiles.html").render(rows=rows, gone=gone)


def limits(profile: Profile) -> str:
    """What a server of this profile may use, in words."""
    memory = f"{_size(profile.memory)} memory" if profile.memory else "no memory limit"
    cores = f"{profile.cpu:g} {'core' if profile.cpu == 1 else 'cores'}" if profile.cpu else "all cores"
    return ", ".join(filter(None, (memory, cores, gpus.in_words(profile.gpus or ""))))


def _size(amount: int) -> str:
    """A number of bytes in the largest unit of which there is one, as MEM_LIMIT has them: G is 1024³."""
    for unit, factor in reversed(ByteSpecification.UNIT_SUFFIXES.items()):
        if amount >= factor:
            return f"{amount / factor:.4g} {unit}B"
    return f"{amount} bytes"
