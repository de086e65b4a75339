"""The deployment's settings, and how all of them are read.

Those of an authenticator are in hub/sign_in/settings.py, those of a kernel gateway in hub/gateway/settings.py, those
that the hub never sees in hub/host_settings.py. Compose passes the settings to the hub as environment variables of the
same name in upper case, the shell's before those of `.env`. `make build` checks them with the same classes, before
anything changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from hub.gateway.settings import GatewaySettings
from hub.settings.fields import (
    BaseUrl,
    Bytes,
    Image,
    Name,
    SettingsModel,
    Size,
    SubdomainHost,
    Token,
    Words,
    given,
    problems_of,
    setting,
)
from hub.settings.gpus import EXPECTED as GPUS_EXPECTED
from hub.settings.gpus import Gpus
from hub.settings.host import SYSTEM_USERS
from hub.sign_in.oauth_settings import OAuthProviderSettings
from hub.sign_in.settings import AUTHENTICATORS, SignInSettings

RENAMED = {"DOCKER_CONTAINER_IMAGE": "DOCKER_NOTEBOOK_IMAGE"}
# What .env comes with: no name that somebody has chosen.
GIVEN_ADMIN = "admin"


class SettingsError(ValueError):
    """One or more settings cannot be used; the text names each, what it was and what is expected."""

    def __init__(self, problems: list[str]) -> None:
        count = len(problems)
        super().__init__("\n".join([f"{count} setting{'s' if count > 1 else ''} cannot be used:", *problems]))


class Settings(SettingsModel):
    """The settings; `load` reads them from the environment."""

    compose_project_name: Name = setting(
        "jupyterhub",
        help="name of the hub's container; the proxy's and the users' volumes start with it",
        expected="letters, digits, dots, dashes and underscores",
    )
    jupyterhub_authenticator: str = setting(
        "native",
        help="how people sign in",
        expected=f"one of {', '.join(AUTHENTICATORS)}",
        pattern=f"^({'|'.join(AUTHENTICATORS)})$",
    )
    jupyterhub_spawner: Literal["docker", "docker-system-user"] = setting(
        "docker",
        help="where users' servers run; `docker-system-user`: as the Docker host's accounts, with the homes there",
        expected="docker or docker-system-user",
    )
    jupyterhub_admin: str = setting(
        "",
        help="the first administrator, without a line in the userlist; empty: only those of the userlist",
        expected="a user name",
    )
    jupyterhub_base_url: BaseUrl = setting(
        "/", help="the path of the hub, where it shares a host with others", expected="a path such as /jupyter/"
    )
    jupyterhub_subdomain_host: SubdomainHost = setting(
        "",
        help="a subdomain of this host for each user, which keeps their pages apart; empty: all on one host",
        expected="an address such as https://hub.example.org, whose subdomains all lead here, too",
    )
    docker_notebook_image: Image = setting(
        "jupyterhub-user",
        help="image of the users' servers",
        expected="an image name such as quay.io/jupyter/scipy-notebook:2026-11-02",
    )
    docker_notebook_dir: str = setting(
        "/home/jovyan/work",
        help="where a user's volume is mounted, and where JupyterLab opens",
        expected="an absolute path in the image",
        pattern=r"^/\S+$",
    )
    docker_spawn_cmd: Words = setting(
        [],
        help="command that starts a user's server, with its arguments; empty: the image's own",
        expected="a command line with matching quotes",
    )
    default_url: str = setting(
        "/lab",
        help="what opens in a user's server: `/lab` is JupyterLab, `/tree` Notebook 7",
        expected="a path in the server such as /lab, /tree or /lab/tree/welcome.ipynb",
        pattern=r"^/([^/\\\s{}][^\\\s{}]*)?$",
    )
    nb_uid: int | None = setting(
        None,
        help="the user's number in servers, for images that switch to it (docker-stacks); empty: the image's own",
        expected="a whole number from 1 to 2147483647",
        ge=1,
        le=2**31 - 1,
    )
    nb_gid: int | None = setting(
        None,
        help="the number of the user's group in servers, for the same images; empty: the image's own",
        expected="a whole number from 1 to 2147483647",
        ge=1,
        le=2**31 - 1,
    )
    grant_sudo: bool = setting(
        False,
        help="everybody is root in their own server by `sudo`, for the same images",
        expected="true or false",
    )
    docker_network_name: Name = setting(
        "jupyterhub-network", help="network of the hub and the users' servers", expected="a Docker network's name"
    )
    docker_container_prefix: Name = setting(
        "jupyter", help="users' containers are called PREFIX-USER", expected="letters, digits, dots and dashes"
    )
    mem_limit: Bytes = setting(
        "2G", help="memory of each server, without swap on top; 0: no limit", expected="a size such as 512M or 2G, or 0"
    )
    cpu_limit: float = setting(
        1,
        help="processor cores of each server; 0: no limit",
        expected="a number such as 1 or 0.5, or 0",
        ge=0,
        allow_inf_nan=False,
    )
    swap_limit: Bytes = setting(
        0, help="swap of each server, on top of its memory; 0: none", expected="a size such as 512M or 2G, or 0"
    )
    shm_limit: Size | None = setting(
        None,
        help="size of /dev/shm, which counts as memory; empty: half of the memory, or Docker's 64M without MEM_LIMIT",
        expected="a size such as 64M or 2G",
    )
    pids_limit: int = setting(
        1024, help="processes and threads of each server; 0: no limit", expected="a whole number", ge=0
    )
    gpus: Gpus = setting(
        "", help="the Docker host's NVIDIA GPUs that each server gets; empty: none", expected=GPUS_EXPECTED
    )
    disk_limit: Bytes = setting(
        0,
        help="what each new volume of a user may hold, where the Docker host can limit it; 0: no limit",
        expected="a size such as 512M or 10G, or 0",
    )
    start_timeout: int = setting(
        300,
        help="seconds until a start counts as failed, the time in the queue included",
        expected="a whole number of seconds, 10 or more",
        ge=10,
    )
    idle_timeout: int = setting(
        3600,
        help="seconds without activity after which a server is stopped; 0: never",
        expected="a whole number of seconds",
        ge=0,
    )
    named_server_limit: int = setting(
        0, help="further servers each user may run under a name; 0: none", expected="a whole number", ge=0
    )
    named_server_volumes: Literal["shared", "own"] = setting(
        "shared",
        help="`shared`: those have the user's files, too; `own`: each has a volume for itself",
        expected="shared or own",
    )

    configproxy_auth_token: Token = setting(
        ...,
        help="the hub's token for the proxy, made by make build",
        expected="32 to 64 characters",
        file="secrets/proxy.env",
    )
    jupyterhub_health_token: Token = setting(
        ...,
        help="the health check's token for the hub, made by make build",
        expected="32 to 64 characters",
        file="secrets/hub.env",
    )

    def rules(self) -> Iterator[str]:
        """Swap goes with a limit of the memory, and another user of the server with an image that can switch."""
        if str(self.swap_limit) != "0" and str(self.mem_limit) == "0":
            yield (
                "  SWAP_LIMIT (.env or the shell) is set, and MEM_LIMIT is 0: without a limit of the memory, Docker "
                "limits no swap; expected 0, or a MEM_LIMIT."
            )
        asked = [name for name in ("nb_uid", "nb_gid", "grant_sudo") if getattr(self, name) not in (None, False)]
        # As texts they are as somebody wrote them, and some setting is bad.
        if not asked or all(isinstance(getattr(self, name), str) for name in asked):
            return
        names = " and ".join(name.upper() for name in asked)
        if self.jupyterhub_spawner == SYSTEM_USERS:
            yield (
                f"  JUPYTERHUB_SPAWNER (.env or the shell) is {SYSTEM_USERS!r}, which starts servers as the host's "
                f"accounts; expected docker, or {names} left empty."
            )
        # The image that `make build` builds has no script that would become the user.
        if self.docker_notebook_image == f"{self.compose_project_name}-user":
            yield (
                f"  DOCKER_NOTEBOOK_IMAGE (.env or the shell) is {self.docker_notebook_image!r}, which cannot switch "
                f"its user; expected an image whose start script does (docs/images.md), or {names} left empty."
            )


def load(environment: Mapping[str, str]) -> tuple[Settings, SignInSettings]:
    """Read the hub's settings, and those of its authenticator, from `environment`, names in upper case.

    Raises:
        SettingsError: with one message that lists every bad setting.
    """
    if problems := problems_of_hub(environment):
        raise SettingsError(problems)
    environment = _with_new_names(environment)
    settings = Settings.model_validate(given(Settings, environment))
    model = AUTHENTICATORS[settings.jupyterhub_authenticator]
    return settings, model.model_validate(given(model, environment))


def problems_of_hub(environment: Mapping[str, str]) -> list[str]:
    """One line for every setting of the hub that cannot be used, its authenticator's and its gateway's included."""
    environment = _with_new_names(environment)
    chosen = AUTHENTICATORS.get(environment.get("JUPYTERHUB_AUTHENTICATOR") or "native")
    problems = problems_of(Settings, environment) + (problems_of(chosen, environment) if chosen else [])
    problems += problems_of(GatewaySettings, environment)
    if not problems and chosen:
        sign_in = chosen.model_validate(given(chosen, environment))
        base_url = Settings.model_validate(given(Settings, environment)).jupyterhub_base_url
        if isinstance(sign_in, OAuthProviderSettings):
            problems += sign_in.problems_below(base_url)
        where = sign_in.strangers
        if where and environment.get("JUPYTERHUB_ADMIN", "").lower() == GIVEN_ADMIN:
            problems.append(
                f"  JUPYTERHUB_ADMIN (.env or the shell) is {GIVEN_ADMIN!r}, which is a stranger's account at {where}; "
                "expected your own name there."
            )
    return problems


def warnings(environment: Mapping[str, str]) -> list[str]:
    """One sentence for every setting that works, but should not stay as it is."""
    found = [f"{old} is called {new} today: rename it in .env." for old, new in RENAMED.items() if environment.get(old)]
    settings, sign_in = load(environment)
    name = settings.jupyterhub_authenticator
    if name != "native" and settings.jupyterhub_admin.lower() == GIVEN_ADMIN:
        found.append(f"JUPYTERHUB_ADMIN={GIVEN_ADMIN}: whoever has that name with {name} is administrator here.")
    if settings.grant_sudo:
        found.append(
            "GRANT_SUDO=true: everybody is root in their own server, and what keeps root from the Docker host is the "
            "kernel alone: only for people whom you would let be root here."
        )
    gateway = GatewaySettings.model_validate(given(GatewaySettings, environment))
    if settings.shm_limit and settings.mem_limit and settings.shm_limit > settings.mem_limit:
        found.append("SHM_LIMIT is more than MEM_LIMIT: what lies in /dev/shm counts as memory.")
    return found + sign_in.warnings(name) + gateway.warnings()


def _with_new_names(environment: Mapping[str, str]) -> dict[str, str]:
    # .env always has the new name, so the old one has to win.
    return {**environment, **{new: environment[old] for old, new in RENAMED.items() if environment.get(old)}}
