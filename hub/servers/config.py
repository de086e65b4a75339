"""How a user's server is started. What has several sources, as labels and environment have, is put together here."""

from functools import partial

from docker.types import LogConfig
from traitlets.config import Config

from hub.configuration import Configuration
from hub.names import PROJECT_LABEL, SERVER_LABEL, USER_LABEL
from hub.servers import authorities, rights, stale, volumes
from hub.servers.engine import ENGINE_THREADS
from hub.servers.spawner import REPORT_SECONDS, HubDockerSpawner
from hub.services import activity_seconds
from hub.settings.gpus import device_requests
from hub.settings.hub import HubSettings

# JupyterHub's own: how often it looks whether a server still runs.
POLL_SECONDS = 30


def configure(c: Config, found: Configuration) -> None:
    """Set the spawner; the traits of one setting each are named by the settings themselves."""
    settings = found.hub
    own = [overlay.spawner_class for overlay in found.overlays if overlay.spawner_class]
    c.JupyterHub.spawner_class = own[0] if own else HubDockerSpawner
    c.JupyterHub.allow_named_servers = settings.named_server_limit > 0
    # The spawner has a queue; JupyterHub would refuse the 101st start (429).
    c.JupyterHub.concurrent_spawn_limit = 0

    spawner = c.HubDockerSpawner
    spawner.own_images = f"{found.project}-"
    spawner.folders = list(found.folders)
    spawner.remove = True
    spawner.start_timeout = settings.start_timeout + REPORT_SECONDS
    if settings.idle_timeout:
        spawner.idle_seconds = activity_seconds(settings.idle_timeout)
        spawner.poll_interval = min(POLL_SECONDS, spawner.idle_seconds)
    spawner.client_kwargs = {"max_pool_size": ENGINE_THREADS}
    spawner.extra_create_kwargs = {"labels": labels(found), **rights.create_arguments(settings)}
    spawner.extra_host_config = partial(_host_config, settings)
    spawner.environment = environment(found)
    spawner.authorities = authorities.archive(found.authorities)
    spawner.mounts = [] if found.keeps_home else volumes.mounts(settings)
    spawner.format_volume_name = partial(volumes.format_name, settings.named_server_volumes == "own")
    spawner.read_only_volumes = {
        volume: place for overlay in found.overlays for volume, place in overlay.read_only_volumes(found).items()
    }


def labels(found: Configuration) -> dict[str, str]:
    """The labels of a server's container: its user, its name, and what it was made from."""
    return {
        PROJECT_LABEL: found.project,
        USER_LABEL: "{raw_username}",
        SERVER_LABEL: "{raw_servername}",
        **stale.labels(found),
    }


def environment(found: Configuration) -> dict[str, object]:
    """The environment of every server: what the operator may change and sets, then what they must not change."""
    settings = found.hub
    variables: dict[str, object] = {
        **({} if found.keeps_home else volumes.environment(settings)),
        **authorities.environment(found.authorities),
        **settings.server_environment,
        **rights.environment(settings),
    }
    if settings.idle_timeout:
        variables["JUPYTERHUB_ACTIVITY_INTERVAL"] = str(activity_seconds(settings.idle_timeout))
    for overlay in found.overlays:
        variables |= overlay.server_environment()
    return variables


def _host_config(settings: HubSettings, spawner: HubDockerSpawner) -> dict[str, object]:
    config: dict[str, object] = {
        "init": True,
        **rights.rights(settings),
        # The spawner removes the container itself: if the Engine did, the log of a failed server would be gone.
        "auto_remove": False,
        # json-file, the default, has no limit.
        "log_config": LogConfig(type="local", config={"max-size": "10m", "max-file": "3"}),
    }
    memory = spawner.mem_limit or 0
    where_set: dict[str, object] = {
        # The Engine counts memory and swap together; without a value it allows twice the memory.
        "memswap_limit": memory and memory + settings.swap_limit,
        "shm_size": settings.shm_limit or memory // 2,
        "pids_limit": settings.pids_limit,
        "extra_hosts": settings.extra_hosts,
        "device_requests": device_requests(spawner.gpus),
        "group_add": sorted(spawner.groups_added),
    }
    return config | {name: value for name, value in where_set.items() if value}
