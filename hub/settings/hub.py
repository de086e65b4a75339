"""The settings that are about the hub and users' servers, whatever way people sign in and wherever servers run."""

from collections.abc import Iterator
from typing import Literal

from hub.errors import Problem
from hub.settings.fields import (
    BaseUrl,
    Bytes,
    Cores,
    Count,
    ExtraHosts,
    Flag,
    Id,
    Image,
    Name,
    PageUrl,
    Seconds,
    ServerEnvironment,
    Size,
    SubdomainHost,
    Token,
    Words,
)
from hub.settings.gpus import Gpus
from hub.settings.model import SettingsModel, setting

# What .env comes with: a name that nobody has chosen.
GIVEN_ADMIN = "admin"
# The home of the user in our image and in those of the Jupyter project.
HOME = "/home/jovyan"
GIB = 1024**3


class HubSettings(SettingsModel):
    """The settings of the hub."""

    compose_project_name: str = setting(
        "jupyterhub",
        "name of the hub's container; the proxy's and the users' volumes start with it",
        "lower-case letters, digits, dashes and underscores",
        pattern=r"^[a-z0-9][a-z0-9_-]*$",
    )
    jupyterhub_authenticator: str = setting(
        "native", "how users sign in: docs/sign-in.md", "the name of a way to sign in", restarts=False
    )
    jupyterhub_spawner: str = setting(
        "docker",
        "where users' servers run: `docker`, or what a folder of examples/ adds",
        "the name of a way to start servers",
    )
    jupyterhub_admin: str = setting(
        "",
        "the first administrator, without a line in the userlist; empty: only those of the userlist",
        "a user name",
        restarts=False,
    )
    login_help: str = setting(
        "",
        "whom users ask who cannot sign in: shown on the login page and on slips; empty: nothing is shown",
        "a few words such as: Ask your teacher, room 12",
        restarts=False,
    )
    jupyterhub_base_url: BaseUrl = setting(
        "/", "the path of the hub, where it shares a host with others", trait="JupyterHub.base_url"
    )
    jupyterhub_subdomain_host: SubdomainHost = setting(
        "",
        "a subdomain of this host for each user, which keeps their pages apart; empty: all on one host",
        trait="JupyterHub.subdomain_host",
    )
    hub_title: str = setting(
        "",
        "the name of the hub on its pages; empty: JupyterHub",
        "at most 60 characters",
        restarts=False,
        max_length=60,
    )
    hub_help_url: PageUrl = setting("", "a page to which all pages of the hub link as *Help*", restarts=False)
    docker_notebook_image: Image = setting(
        "jupyterhub-user", "image of the users' servers", trait="DockerSpawner.image"
    )
    docker_notebook_dir: str = setting(
        HOME,
        "where a user's volume is mounted, and where JupyterLab opens; empty: the user's home, or in a deployment from "
        "before 2026-12 with users, its folder `work`: docs/images.md",
        "an absolute path in the image",
        trait="DockerSpawner.notebook_dir",
        pattern=r"^/\S+$",
    )
    docker_spawn_cmd: Words = setting(
        [], "command that starts a user's server, with its arguments; empty: the image's own", trait="DockerSpawner.cmd"
    )
    default_url: str = setting(
        "/lab",
        "what opens in a user's server: `/lab` is JupyterLab, `/tree` Notebook 7",
        "a path in the server such as /lab, /tree or /lab/tree/welcome.ipynb",
        trait="DockerSpawner.default_url",
        pattern=r"^/([^/\\\s{}][^\\\s{}]*)?$",
    )
    nb_uid: Id | None = setting(
        None, "the user's number in servers, for images that switch to it (docker-stacks); empty: the image's own"
    )
    nb_gid: Id | None = setting(
        None, "the number of the user's group in servers, for the same images; empty: the image's own"
    )
    grant_sudo: Flag = setting(False, "everybody is root in their own server by `sudo`, for the same images")
    docker_network_name: Name = setting(
        "jupyterhub-network",
        "network of the hub and the users' servers",
        "a Docker network's name",
        trait="DockerSpawner.network_name",
    )
    docker_container_prefix: Name = setting(
        "jupyter",
        "users' containers are called PREFIX-USER",
        "letters, digits, dots, dashes and underscores",
        trait="DockerSpawner.prefix",
        restarts=False,
    )
    mem_limit: Bytes = setting(
        2 * GIB, "memory of each server, without swap on top; 0: no limit", trait="DockerSpawner.mem_limit"
    )
    cpu_limit: Cores = setting(1, "processor cores of each server; 0: no limit", trait="DockerSpawner.cpu_limit")
    swap_limit: Bytes = setting(0, "swap of each server, on top of its memory; 0: none")
    shm_limit: Size | None = setting(
        None, "size of /dev/shm, which counts as memory; empty: half of the memory, or Docker's 64M without MEM_LIMIT"
    )
    pids_limit: Count = setting(1024, "processes and threads of each server; 0: no limit")
    gpus: Gpus = setting(
        "", "the Docker host's NVIDIA GPUs that each server gets; empty: none", trait="HubDockerSpawner.gpus"
    )
    disk_limit: Bytes = setting(
        0,
        "what each new volume of a user may hold, where the Docker host can limit it; 0: no limit",
        "a size such as 512M or 10G, or 0",
        restarts=False,
    )
    start_timeout: int = setting(
        300,
        "seconds until a start counts as failed, the time in the queue included",
        "a whole number of seconds, 10 or more",
        restarts=False,
        ge=10,
    )
    server_environment: ServerEnvironment = setting(
        {}, "environment variables of every user's server", file="secrets/servers.env", secret=True
    )
    extra_hosts: ExtraHosts = setting({}, "names that every user's server finds, beside those of the DNS")
    idle_timeout: Seconds = setting(3600, "seconds without activity after which a server is stopped; 0: never")
    named_server_limit: Count = setting(
        0,
        "further servers each user may run under a name; 0: none",
        trait="JupyterHub.named_server_limit_per_user",
        restarts=False,
    )
    named_server_volumes: Literal["shared", "own"] = setting(
        "shared",
        "`shared`: those have the user's files, too; `own`: each has a volume for itself",
        "shared or own",
        restarts=False,
    )

    configproxy_auth_token: Token = setting(
        ..., "the hub's token for the proxy, made by make build", file="secrets/proxy.env", restarts=False
    )
    jupyterhub_health_token: Token = setting(
        ..., "the health check's token for the hub, made by make build", file="secrets/hub.env", restarts=False
    )

    def rules(self) -> Iterator[Problem]:
        """Swap needs a limit of the memory; another user of the server needs an image that can switch to it."""
        if self.swap_limit and not self.mem_limit:
            yield Problem.conflict(
                "SWAP_LIMIT",
                "is set, and MEM_LIMIT is 0: Docker limits swap only together with memory",
                "0, or a MEM_LIMIT",
            )
        # The image that `make build` builds has no script that would switch.
        if self.switches_user and self.docker_notebook_image == f"{self.compose_project_name}-user":
            yield Problem.conflict(
                "DOCKER_NOTEBOOK_IMAGE",
                f"is {self.docker_notebook_image!r}, an image that cannot switch its user",
                f"an image whose start script does (docs/images.md), or {' and '.join(self.switches_user)} left empty",
            )

    @property
    def switches_user(self) -> list[str]:
        """The names of the settings for which servers start as root, to become another user."""
        return [name.upper() for name in ("nb_uid", "nb_gid", "grant_sudo") if getattr(self, name)]

    def warnings(self) -> Iterator[str]:
        """Yield a sentence for every setting that works, but probably not as it was meant."""
        if self.grant_sudo:
            yield (
                "GRANT_SUDO=true: every user is root in their own server, and only the kernel keeps that root from the "
                "Docker host. Grant this only to people you would trust with root on this host."
            )
        if self.shm_limit and self.mem_limit and self.shm_limit > self.mem_limit:
            yield "SHM_LIMIT is more than MEM_LIMIT: files in /dev/shm count as memory."
