"""Every setting of the deployment: its type, default, one-line help and what a good value looks like.

Compose passes the settings to the hub as environment variables of the same name in upper case, the shell's before
those of `.env`. `make build` checks them with the same class, before anything changes.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from jupyterhub.traitlets import ByteSpecification
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    IPvAnyAddress,
    SecretStr,
    ValidationError,
)
from pydantic_core import ErrorDetails

from hub.passwords import complaint

# The least that the Engine takes; what is below has lost its unit.
MIN_MEMORY = 6 * 1024**2
RENAMED = {"DOCKER_CONTAINER_IMAGE": "DOCKER_NOTEBOOK_IMAGE"}


class SettingsError(ValueError):
    """One or more settings cannot be used; the text names each, what it was and what is expected."""

    def __init__(self, problems: list[str]) -> None:
        count = len(problems)
        super().__init__("\n".join([f"{count} setting{'s' if count > 1 else ''} cannot be used:", *problems]))


def setting(default: Any, *, help: str, expected: str, **constraints: Any) -> Any:
    """A field with its documentation: `help` for the reader, `expected` for the one who got it wrong."""
    return Field(default, description=help, json_schema_extra={"expected": expected}, **constraints)


def _bytes(value: object) -> int:
    """Bytes of a size as JupyterHub and Docker write it: 2G is 2 * 1024**3."""
    size = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT]?)", str(value).upper())
    if size is None:
        raise ValueError("not a size")
    number, unit = size.groups()
    amount = float(number) * ByteSpecification.UNIT_SUFFIXES.get(unit, 1)
    if amount and not MIN_MEMORY <= amount < 2**63:
        raise ValueError("not a size that the Engine takes")
    return int(amount)


def _good_password(value: SecretStr | None) -> SecretStr | None:
    if value is not None and (reason := complaint(value.get_secret_value())):
        raise ValueError(reason)
    return value


def _words(value: object) -> list[str]:
    return value if isinstance(value, list) else shlex.split(str(value))


Bytes = Annotated[int, BeforeValidator(_bytes)]
Port = Annotated[int, Field(ge=1, le=65535)]
Image = Annotated[str, Field(pattern=r"^[a-z0-9][A-Za-z0-9._/:@-]*$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
# JupyterHub 6.1 refuses tokens of more than 64 characters.
Token = Annotated[SecretStr, Field(min_length=32, max_length=64)]


class Settings(BaseModel):
    """The settings; `load` reads them from the environment."""

    model_config = ConfigDict(frozen=True, validate_default=True)

    compose_project_name: Name = setting(
        "jupyterhub",
        help="name of the hub's container; the proxy's and the users' volumes start with it",
        expected="letters, digits, dots, dashes and underscores",
    )
    jupyterhub_authenticator: Literal["native"] = setting("native", help="how people sign in", expected="native")
    jupyterhub_spawner: Literal["docker"] = setting("docker", help="where users' servers run", expected="docker")
    jupyterhub_admin: str = setting(
        "",
        help="the first administrator, without a line in the userlist; empty: only those of the userlist",
        expected="a user name",
    )
    native_signup: bool = setting(
        True, help="others may sign up and wait for an administrator's approval", expected="true or false"
    )
    native_open_signup: bool = setting(
        False, help="demo mode: whoever signs up is let straight in", expected="true or false"
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
    docker_spawn_cmd: Annotated[list[str], BeforeValidator(_words)] = setting(
        [],
        help="command that starts a user's server, with its arguments; empty: the image's own",
        expected="a command line with matching quotes",
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
    pids_limit: int = setting(
        1024, help="processes and threads of each server; 0: no limit", expected="a whole number", ge=0
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

    jupyterhub_admin_password: Annotated[SecretStr | None, AfterValidator(_good_password)] = setting(
        None,
        help="initial password of JUPYTERHUB_ADMIN, in secrets/hub.env; empty: a random one",
        expected="8 characters or more, at most 72 bytes, and none of the common ones",
    )
    configproxy_auth_token: Token = setting(
        ..., help="the hub's token for the proxy, made by make build", expected="32 to 64 characters"
    )
    jupyterhub_health_token: Token = setting(
        ..., help="the health check's token for the hub, made by make build", expected="32 to 64 characters"
    )


class HostSettings(BaseModel):
    """What Compose and scripts/ read on the Docker host, and the hub never sees."""

    model_config = ConfigDict(frozen=True, validate_default=True)

    bind_address: IPvAnyAddress = setting(
        "0.0.0.0",
        help="where the proxy listens; `127.0.0.1`: for this machine only",
        expected="an IP address of this machine, or 0.0.0.0 for all",
    )
    https_port: Port = setting(443, help="the proxy's port", expected="a port from 1 to 65535")
    http_port: Port = setting(80, help="redirects to HTTPS", expected="a port from 1 to 65535")
    data_volume_host: Name = setting(
        "jupyterhub-data",
        help="volume of the hub's data: database, cookie secret, initial passwords",
        expected="a Docker volume's name",
    )
    docker_socket: str = setting(
        "/var/run/docker.sock",
        help="the Engine's socket; the hub gets the number of its group at `make build`",
        expected="an absolute path on the Docker host",
        pattern=r"^/\S+$",
    )
    base_image: Image = setting(
        "debian:trixie-slim", help="what every image is built from", expected="an image name such as debian:trixie-slim"
    )


def load(environment: Mapping[str, str]) -> Settings:
    """Read the hub's settings from `environment`, names in upper case. An empty value means the default.

    Raises:
        SettingsError: with one message that lists every bad setting.
    """
    if problems := problems_of(Settings, environment):
        raise SettingsError(problems)
    return Settings.model_validate(_fields(Settings, environment))


def problems_of(model: type[BaseModel], environment: Mapping[str, str]) -> list[str]:
    """One line for every setting of `model` that cannot be used: its name, what it was, and what is expected."""
    try:
        model.model_validate(_fields(model, environment))
    except ValidationError as error:
        return [_describe(model, detail) for detail in error.errors(include_url=False)]
    return []


def warnings(environment: Mapping[str, str]) -> list[str]:
    """One sentence for every setting that still works under its old name."""
    return [f"{old} is called {new} today: rename it in .env." for old, new in RENAMED.items() if environment.get(old)]


def _fields(model: type[BaseModel], environment: Mapping[str, str]) -> dict[str, str]:
    given = {name: value for name, value in environment.items() if value}
    for old, new in RENAMED.items():
        if old in given:
            given[new] = given[old]  # .env always has the new name, so the old one has to win
    return {name: given[name.upper()] for name in model.model_fields if name.upper() in given}


def _describe(model: type[BaseModel], detail: ErrorDetails) -> str:
    name = str(detail["loc"][0])
    field = model.model_fields[name]
    secret = "SecretStr" in str(field.annotation)
    found = "missing" if detail["type"] == "missing" else "not usable" if secret else f"{detail['input']!r}"
    expected = field.json_schema_extra["expected"]  # type: ignore[index, call-overload]
    return f"  {name.upper()} ({'secrets/' if secret else '.env or the shell'}) is {found}; expected {expected}."
