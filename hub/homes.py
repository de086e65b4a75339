"""Where users' volumes are mounted if DOCKER_NOTEBOOK_DIR is empty: at the home, or at the folder `work` in it.

Until 2026-12 it was that folder. A deployment that has users keeps the place until `make homes`. Its `.env` cannot say
which place that is, because an update may bring another `.env`; so the hub's data volume does.
"""

from collections.abc import Callable, Iterable, Mapping

from hub import names, paths
from hub.errors import OperatorError
from hub.settings.hub import HOME

SETTING = "DOCKER_NOTEBOOK_DIR"
WORK = f"{HOME}/work"


def recorded() -> str:
    """The place that the data volume has; empty where it has none."""
    return paths.NOTEBOOK_DIR.read_text().strip() if paths.NOTEBOOK_DIR.exists() else ""


def record(place: str) -> None:
    """Write the place into the data volume."""
    paths.NOTEBOOK_DIR.write_text(f"{place}\n")


def completed(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with the recorded place, where its setting is empty and a place is recorded."""
    given = environment.get(SETTING) or recorded()
    return {**environment, **({SETTING: given} if given else {})}


def settle(environment: Mapping[str, str], places: Callable[[str], Iterable[str]]) -> None:
    """Record the place, unless that was done before. A setting that names one of the two counts as the record.

    Args:
        environment: the hub's.
        places: where the volumes whose names begin like this were mounted first, as `places_on_host`; asked only
            if need be.
    """
    given, known = environment.get(SETTING), recorded()
    if given in (HOME, WORK):
        place = given
    elif known:
        place = known
    else:
        project = environment.get("COMPOSE_PROJECT_NAME") or "jupyterhub"
        place = HOME if all(each == HOME for each in places(names.user_volume(project, ""))) else WORK
    if place != known:
        record(place)


def places_on_host(prefix: str) -> list[str]:
    """Where the Docker host's volumes of this prefix were mounted first; empty for a volume from before 2026-12.

    Raises:
        OperatorError: the Engine does not answer.
    """
    import docker  # 0.3 s, for the first start alone
    from docker.errors import DockerException

    try:
        found = docker.from_env().volumes.list(filters={"name": f"^{prefix}"})
    except DockerException as error:
        raise OperatorError(
            f"the Docker Engine does not answer: {error}", "see that it runs; the hub starts again until it answers"
        ) from None
    return [(volume.attrs["Labels"] or {}).get(names.PLACE_LABEL, "") for volume in found]
