"""Kernels in a Jupyter Kernel Gateway: what users' servers get, as variables of Jupyter Server's gateway client.

The client reads its environment, so this works with any image that has Jupyter Server. Names and traps:
https://jupyter-server.readthedocs.io/en/stable/other/full-config.html and the source of GatewayClient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from hub.configuration import Configuration
from hub.overlays import Overlay

from .settings import GatewaySettings, prefix

if TYPE_CHECKING:
    from dockerspawner import DockerSpawner

    from host.engine import Host

PKI_DIRECTORY = "/etc/jupyterpki"
# The gateway client waits at least KERNEL_LAUNCH_TIMEOUT and this, whatever it is configured to.
LAUNCH_PAD_SECONDS = 2

type Value = str | Callable[[DockerSpawner], str]


class KernelGateway(Overlay):
    """Kernels run in the gateway at KG_URL; without KG_URL nothing changes."""

    settings = GatewaySettings
    values: GatewaySettings

    def server_environment(self) -> dict[str, Value]:
        """The settings of the gateway client."""
        if not self.values.kg_url:
            return {}
        # Its own address for websockets is the other one in lower case, with each `http` in it turned into `ws`.
        variables: dict[str, Value] = {
            "JUPYTER_GATEWAY_URL": _for_each_user(self.values.kg_url),
            "JUPYTER_GATEWAY_WS_URL": _for_each_user("ws" + self.values.kg_url[len("http") :]),
            # It takes every other word for a yes, also `False` and `0`.
            "JUPYTER_GATEWAY_VALIDATE_CERT": "yes" if self.values.validate_kg_cert else "no",
            "JUPYTER_GATEWAY_CONNECT_TIMEOUT": str(self.values.kg_connect_timeout),
            "JUPYTER_GATEWAY_REQUEST_TIMEOUT": str(self.values.kg_request_timeout),
            "KERNEL_LAUNCH_TIMEOUT": str(self.values.kg_request_timeout - LAUNCH_PAD_SECONDS),
            # A lost connection to a kernel is tried again every few seconds for hours; the default is half a minute.
            "JUPYTER_GATEWAY_RETRY_MAX": "1000",
            "JUPYTER_GATEWAY_RETRY_INTERVAL_MAX": "5",
        }
        if self.values.kg_auth_token:
            variables["JUPYTER_GATEWAY_AUTH_TOKEN"] = self.values.kg_auth_token.get_secret_value()
        if self.values.wants_certificates:
            variables |= {
                "JUPYTER_GATEWAY_CLIENT_KEY": f"{PKI_DIRECTORY}/{self.values.client_key}",
                "JUPYTER_GATEWAY_CLIENT_CERT": f"{PKI_DIRECTORY}/{self.values.client_cert}",
                "JUPYTER_GATEWAY_CA_CERTS": f"{PKI_DIRECTORY}/{self.values.client_ca}",
            }
        return variables

    def read_only_volumes(self, found: Configuration) -> dict[str, str]:
        """The user's certificate: not in the user's own volume, where the user's code could replace it."""
        return {f"{prefix(found.project)}{{username}}": PKI_DIRECTORY} if self.values.wants_certificates else {}

    def notes(self, host: Host) -> Mapping[str, str] | None:
        """Until when each user's certificate is valid, where that is soon; `""` stands for users without one."""
        if not self.values.wants_certificates:
            return None
        from .certificate_volumes import notes

        return notes(host, self.values)

    def client_cert(self, host: Host, arguments: Sequence[str]) -> None:
        """`make client-cert`.

        Raises:
            OperatorError: it cannot be done.
        """
        from .certificate_volumes import client_cert

        client_cert(host, self.values, arguments)

    verbs = {"client-cert": client_cert}


def _for_each_user(url: str) -> Value:
    return partial(_of_user, url) if "{" in url else url


def _of_user(url: str, spawner: DockerSpawner) -> str:
    return url.format(username=spawner.escaped_name)


OVERLAY = KernelGateway
