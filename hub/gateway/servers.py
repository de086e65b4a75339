"""What a user's server is told about the gateway, in the words of Jupyter Server's gateway client.

The client reads its environment, so any image with Jupyter Server will do. Names and traps:
https://jupyter-server.readthedocs.io/en/stable/other/full-config.html and GatewayClient's source.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from traitlets.config import Config

from hub.gateway.settings import GatewaySettings
from hub.names import escaped

if TYPE_CHECKING:
    from dockerspawner import DockerSpawner

PKI_DIRECTORY = "/etc/jupyterpki"
# The gateway client never waits for less than KERNEL_LAUNCH_TIMEOUT and this, whatever it is told.
LAUNCH_PAD_SECONDS = 2

type Value = str | Callable[[DockerSpawner], str]


def configure(c: Config, project: str, settings: GatewaySettings) -> None:
    """Let every user's server run its kernels in the gateway; without KG_URL, change nothing."""
    if not settings.kg_url:
        return
    spawner = c.QueueingDockerSpawner
    spawner.environment.update(environment(settings))
    if settings.wants_certificates:
        # Not a part of the user's own volume: there, whoever runs code as the user could replace them.
        spawner.read_only_volumes.update({f"{project}-pki-{{username}}": PKI_DIRECTORY})


def volume(project: str, name: str) -> str:
    """The volume with somebody's certificate, called as the spawner calls it."""
    return f"{project}-pki-{escaped(name)}"


def environment(settings: GatewaySettings) -> dict[str, Value]:
    """The gateway client's settings."""
    # Its own address for websockets is the other one in lower case, with each `http` in it turned into `ws`.
    variables: dict[str, Value] = {
        "JUPYTER_GATEWAY_URL": _for_each_user(settings.kg_url),
        "JUPYTER_GATEWAY_WS_URL": _for_each_user("ws" + settings.kg_url[len("http") :]),
        # Of all other words, `False` and `0` among them, it makes a yes.
        "JUPYTER_GATEWAY_VALIDATE_CERT": "yes" if settings.validate_kg_cert else "no",
        "JUPYTER_GATEWAY_CONNECT_TIMEOUT": str(settings.kg_connect_timeout),
        "JUPYTER_GATEWAY_REQUEST_TIMEOUT": str(settings.kg_request_timeout),
        "KERNEL_LAUNCH_TIMEOUT": str(settings.kg_request_timeout - LAUNCH_PAD_SECONDS),
        # A lost connection to a kernel is tried again every few seconds for hours; by default, for half a minute.
        "JUPYTER_GATEWAY_RETRY_MAX": "1000",
        "JUPYTER_GATEWAY_RETRY_INTERVAL_MAX": "5",
    }
    if settings.kg_auth_token:
        variables["JUPYTER_GATEWAY_AUTH_TOKEN"] = settings.kg_auth_token.get_secret_value()
    if settings.wants_certificates:
        variables |= {
            "JUPYTER_GATEWAY_CLIENT_KEY": f"{PKI_DIRECTORY}/{settings.client_key}",
            "JUPYTER_GATEWAY_CLIENT_CERT": f"{PKI_DIRECTORY}/{settings.client_cert}",
            "JUPYTER_GATEWAY_CA_CERTS": f"{PKI_DIRECTORY}/{settings.client_ca}",
        }
    return variables


def _for_each_user(url: str) -> Value:
    return partial(_of_user, url) if "{" in url else url


def _of_user(url: str, spawner: DockerSpawner) -> str:
    return url.format(username=spawner.escaped_name)
