"""Accept only the users in GATEWAY_PEOPLE, by the common names of their client certificates; empty: all users.

The token is the same for all users, and each user who is accepted can use every kernel here. To separate users, run a
gateway for each user or group that accepts no others.
"""

import os
from typing import Any

from jupyter_server.auth import User
from jupyter_server.base.handlers import JupyterHandler
from kernel_connection import OwnIdentityConnection
from kernel_gateway.auth.identity import GatewayIdentityProvider
from tornado.web import HTTPError

PEOPLE = set(os.environ.get("GATEWAY_PEOPLE", "").split())


class CertifiedPeople(GatewayIdentityProvider):
    """Reads the user's name from the client certificate, which TLS has verified before."""

    async def get_user(self, handler: JupyterHandler) -> User | None:
        """The user of a request.

        Raises:
            HTTPError: the certificate is another user's.
        """
        certificate: Any = handler.request.get_ssl_certificate() or {}
        subject = certificate.get("subject", ())
        names = {value for part in subject for key, value in part if key == "commonName"}
        if not names & PEOPLE:
            raise HTTPError(403, f"{' '.join(names) or 'a certificate without a name'} may not use this gateway")
        return await self._get_user(handler)


c = get_config()  # noqa: F821 # pyright: ignore[reportUndefinedVariable] -- traitlets defines it
# Sockets in the file system: another program can take a port before the kernel binds it, and then no restart helps. All
# kernels here are Python's, which support such sockets.
c.KernelManager.transport = "ipc"
c.KernelGatewayApp.kernel_websocket_connection_class = OwnIdentityConnection
if PEOPLE:
    c.KernelGatewayApp.identity_provider_class = CertifiedPeople
