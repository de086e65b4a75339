"""Names in `.env` and in secrets/ that are almost those of settings: Compose passes over them in silence."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import chain
from pathlib import Path

from host.generate import names
from hub.errors import DOT_ENV
from hub.overlays import overlays

# Names that Docker, Compose, our scripts or Python read, and that are similar to one of ours.
OTHERS = {"CA_BUNDLE", "COMPOSE_FILE", "COMPOSE_PROFILES", "DOCKER_HOST", "HTTPS_PROXY"}
# From this similarity on, of 1 at most, a name was probably meant to be the other one.
SIMILAR = 0.75
ASSIGNED = re.compile(r"^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=", re.MULTILINE)


def warnings(root: Path) -> Iterator[str]:
    """Yield a sentence for every such name in the files of the checkout at `root`.

    A name that a file of the operator's own reads, such as docker-compose.override.yml, is none.
    """
    known = {*names(), *(name.upper() for each in overlays() for name in each.settings.model_fields)}
    own = chain(root.glob("*.y*ml"), root.glob("jupyterhub_config.d/*.py"))
    read = {word for path in own for word in re.findall(r"\w+", path.read_text(errors="replace"))}
    for path in (root / DOT_ENV, *sorted(root.glob("secrets/*.env"))):
        for name in dict.fromkeys(ASSIGNED.findall(path.read_text(errors="replace"))):
            similar = get_close_matches(name.upper(), known, 1, SIMILAR)
            if similar and name not in known | OTHERS | read:
                what = f"{name} in {path.relative_to(root)} is not a setting and has no effect"
                yield f"{what}. Fix: write {similar[0]}, or remove the line."
