"""The settings that are about the hub and users' servers, whatever way people sign in and wherever servers run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from hub.errors import Problem
from hub.settings.fields import (
    BaseUrl,
    Bytes,
    ExtraHosts,
    Image,
    Name,
    ServerEnvironment,
    Size,
    SubdomainHost,
    Token,
    Words,
)
from hub.settings.gpus import EXPECTED as GPUS_EXPECTED
from hub.settings.gpus import Gpus
from hub.settings.model import Setting, SettingsModel

# What .env comes with: a name that nobody has chosen.
GIVEN_ADMIN = "admin"
GIB = 1024**3


class HubSettings(SettingsModel):
    """The settings of the hub."""

    compose_project_name: Annotated[
        Name,
        Setting(
            "name of the hub's container; the proxy's and the users' volumes start with it",
            "letters, digits, dots, dashes and underscores",
        ),
    ] = "jupyterhub"
    jupyterhub_authenticator: Annotated[
        str, Setting("how users sign in: docs/sign-in.md", "the name of a way to sign in", restarts=False)
    ] = "native"
    jupyterhub_spawner: Annotated[
        str,
        Setting(
            "where users' servers run: `docker`, or what a folder of examples/ adds",
            "the name of a way to start servers",
        ),
    ] = "docker"
    jupyterhub_admin: Annotated[
        str,
        Setting(
            "the first administrator, without a line in the userlist; empty: only those of the userlist",
            "a user name",
            restarts=False,
        ),
    ] = ""
    jupyterhub_base_url: Annotated[
        BaseUrl,
        Setting(
            "the path of the hub, where it shares a host with others",
            "a path such as /jupyter/",
            trait="JupyterHub.base_url",
        ),
    ] = "/"
    jupyterhub_subdomain_host: Annotated[
        SubdomainHost,
        Setting(
            "a subdomain of this host for each user, which keeps their pages apart; empty: all on one host",
            "an address such as https://hub.example.org, whose subdomains all lead here, too",
            trait="JupyterHub.subdomain_host",
        ),
    ] = ""
    docker_notebook_image: Annotated[
        Image,
        Setting(
            "image of the users' servers",
            "an image name such as quay.io/jupyter/scipy-notebook:2026-11-02",
            trait="DockerSpawner.image",
        ),
    ] = "jupyterhub-user"
    docker_notebook_dir: Annotated[
        str,
        Field(pattern=r"^/\S+$"),
        Setting(
            "where a user's volume is mounted, and where JupyterLab opens",
            "an absolute path in the image",
            trait="DockerSpawner.notebook_dir",
        ),
    ] = "/home/jovyan/work"
    docker_spawn_cmd: Annotated[
        Words,
        Setting(
            "command that starts a user's server, with its arguments; empty: the image's own",
            "a command line with matching quotes",
            trait="DockerSpawner.cmd",
        ),
    ] = []
    default_url: Annotated[
        str,
        Field(pattern=r"^/([^/\\\s{}][^\\\s{}]*)?$"),
        Setting(
            "what opens in a user's server: `/lab` is JupyterLab, `/tree` Notebook 7",
            "a path in the server such as /lab, /tree or /lab/tree/welcome.ipynb",
            trait="DockerSpawner.default_url",
        ),
    ] = "/lab"
    nb_uid: Annotated[
        int | None,
        Field(ge=1, le=2**31 - 1),
        Setting(
            "the user's number in servers, for images that switch to it (docker-stacks); empty: the image's own",
            "a whole number from 1 to 2147483647",
        ),
    ] = None
    nb_gid: Annotated[
        int | None,
        Field(ge=1, le=2**31 - 1),
        Setting(
            "the number of the user's group in servers, for the same images; empty: the image's own",
            "a whole number from 1 to 2147483647",
        ),
    ] = None
    grant_sudo: Annotated[
        bool, Setting("everybody is root in their own server by `sudo`, for the same images", "true or false")
    ] = False
    docker_network_name: Annotated[
        Name,
        Setting(
            "network of the hub and the users' servers", "a Docker network's name", trait="DockerSpawner.network_name"
        ),
    ] = "jupyterhub-network"
    docker_container_prefix: Annotated[
        Name,
        Setting(
            "users' containers are called PREFIX-USER",
            "letters, digits, dots and dashes",
            trait="DockerSpawner.prefix",
            restarts=False,
        ),
    ] = "jupyter"
    mem_limit: Annotated[
        Bytes,
        Setting(
            "memory of each server, without swap on top; 0: no limit",
            "a size such as 512M or 2G, or 0",
            trait="DockerSpawner.mem_limit",
        ),
    ] = 2 * GIB
    cpu_limit: Annotated[
        float,
        Field(ge=0, allow_inf_nan=False),
        Setting(
            "processor cores of each server; 0: no limit",
            "a number such as 1 or 0.5, or 0",
            trait="DockerSpawner.cpu_limit",
        ),
    ] = 1
    swap_limit: Annotated[
        Bytes, Setting("swap of each server, on top of its memory; 0: none", "a size such as 512M or 2G, or 0")
    ] = 0
    shm_limit: Annotated[
        Size | None,
        Setting(
            "size of /dev/shm, which counts as memory; empty: half of the memory, or Docker's 64M without MEM_LIMIT",
            "a size such as 64M or 2G",
        ),
    ] = None
    pids_limit: Annotated[
        int, Field(ge=0), Setting("processes and threads of each server; 0: no limit", "a whole number")
    ] = 1024
    gpus: Annotated[
        Gpus,
        Setting(
            "the Docker host's NVIDIA GPUs that each server gets; empty: none",
            GPUS_EXPECTED,
            trait="HubDockerSpawner.gpus",
        ),
    ] = ""
    disk_limit: Annotated[
        Bytes,
        Setting(
            "what each new volume of a user may hold, where the Docker host can limit it; 0: no limit",
            "a size such as 512M or 10G, or 0",
            restarts=False,
        ),
    ] = 0
    start_timeout: Annotated[
        int,
        Field(ge=10),
        Setting(
            "seconds until a start counts as failed, the time in the queue included",
            "a whole number of seconds, 10 or more",
            restarts=False,
        ),
    ] = 300
    server_environment: Annotated[
        ServerEnvironment,
        Setting(
            "environment variables of every user's server",
            "words such as HTTP_PROXY=http://proxy.example.org:3128, separated by blanks or line breaks",
            file="secrets/servers.env",
            secret=True,
        ),
    ] = {}
    extra_hosts: Annotated[
        ExtraHosts,
        Setting(
            "names that every user's server finds, beside those of the DNS",
            "words such as db.example.org:10.1.2.3 or docker-host:host-gateway",
        ),
    ] = {}
    idle_timeout: Annotated[
        int,
        Field(ge=0),
        Setting("seconds without activity after which a server is stopped; 0: never", "a whole number of seconds"),
    ] = 3600
    named_server_limit: Annotated[
        int,
        Field(ge=0),
        Setting(
            "further servers each user may run under a name; 0: none",
            "a whole number",
            trait="JupyterHub.named_server_limit_per_user",
            restarts=False,
        ),
    ] = 0
    named_server_volumes: Annotated[
        Literal["shared", "own"],
        Setting(
            "`shared`: those have the user's files, too; `own`: each has a volume for itself",
            "shared or own",
            restarts=False,
        ),
    ] = "shared"

    configproxy_auth_token: Annotated[
        Token,
        Setting(
            "the hub's token for the proxy, made by make build",
            "32 to 64 characters",
            file="secrets/proxy.env",
            restarts=False,
        ),
    ]
    jupyterhub_health_token: Annotated[
        Token,
        Setting(
            "the health check's token for the hub, made by make build",
            "32 to 64 characters",
            file="secrets/hub.env",
            restarts=False,
        ),
    ]

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
