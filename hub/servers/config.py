"""How a user's server is started: image, volume, limits, network."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from docker.types import LogConfig
from traitlets.config import Config

from hub import paths
from hub.names import PROJECT_LABEL, SERVER_LABEL, USER_LABEL
from hub.servers import rights
from hub.servers.engine import ENGINE_THREADS
from hub.servers.mounting import MountingSpawner
from hub.servers.spawner import REPORT_SECONDS
from hub.settings.folders import Folder
from hub.settings.gpus import device_requests
from hub.settings.hub import Settings


def configure(c: Config, settings: Settings, folders: Sequence[Folder] = ()) -> None:
    """Set the spawner, and the folders that servers share."""
    c.JupyterHub.spawner_class = MountingSpawner
    c.MountingSpawner.folders = list(folders)
    c.JupyterHub.allow_named_servers = settings.named_server_limit > 0
    c.JupyterHub.named_server_limit_per_user = settings.named_server_limit
    # The spawner has a queue; JupyterHub would turn the 101st away (429).
    c.JupyterHub.concurrent_spawn_limit = 0
    c.JupyterHub.template_paths.append(str(paths.TEMPLATES))

    spawner = c.QueueingDockerSpawner
    spawner.image = settings.docker_notebook_image
    spawner.local_images = [f"{settings.compose_project_name}-user"]
    spawner.prefix = settings.docker_container_prefix
    spawner.network_name = settings.docker_network_name
    spawner.notebook_dir = settings.docker_notebook_dir
    spawner.default_url = settings.default_url
    if settings.docker_spawn_cmd:
        spawner.cmd = settings.docker_spawn_cmd
    spawner.remove = True
    spawner.start_timeout = settings.start_timeout + REPORT_SECONDS
    spawner.client_kwargs = {"max_pool_size": ENGINE_THREADS}
    spawner.extra_create_kwargs = {
        "labels": {
            PROJECT_LABEL: settings.compose_project_name,
            USER_LABEL: "{raw_username}",
            SERVER_LABEL: "{raw_servername}",
        },
        **rights.create_arguments(settings),
    }
    spawner.extra_host_config = partial(_host_config, settings)
    if settings.mem_limit:
        spawner.mem_limit = settings.mem_limit
    if settings.cpu_limit:
        spawner.cpu_limit = settings.cpu_limit
    spawner.gpus = settings.gpus
    spawner.environment = rights.environment(settings)
    if settings.idle_timeout:
        # How often a server reports what its kernels do; the culler goes by it, so it has to be well below.
        seconds = max(5, min(300, settings.idle_timeout // 4))
        spawner.environment["JUPYTERHUB_ACTIVITY_INTERVAL"] = str(seconds)


def _host_config(settings: Settings, spawner: MountingSpawner) -> dict[str, object]:
    config: dict[str, object] = {
        "init": True,
        **rights.rights(settings),
        # The spawner removes the container itself. Removed by the Engine, a failed server would take its log along.
        "auto_remove": False,
        # json-file, the default, has no limit.
        "log_config": LogConfig(type="local", config={"max-size": "10m", "max-file": "3"}),
    }
    if spawner.mem_limit:
        # The Engine means both together; left out, it would be twice the memory.
        config["memswap_limit"] = spawner.mem_limit + settings.swap_limit
    if shm := settings.shm_limit or (spawner.mem_limit or 0) // 2:
        config["shm_size"] = shm
    if settings.pids_limit:
        config["pids_limit"] = settings.pids_limit
    if spawner.gpus:
        config["device_requests"] = device_requests(spawner.gpus)
    if spawner.groups_added:
        config["group_add"] = sorted(spawner.groups_added)
    return config
