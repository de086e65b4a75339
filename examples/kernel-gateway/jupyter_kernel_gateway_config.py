"""Let in the people of GATEWAY_PEOPLE alone, by the common names of their client certificates; empty: everybody.

The token is the same for everybody, and whoever is let in can use each kernel here. What keeps people apart is a
gateway for each of them, or for each group, that lets nobody else in.
"""

import os

from jupyter_server.auth import User
from jupyter_server.base.handlers import JupyterHandler
from kernel_connection import PersistentConnection
from kernel_gateway.auth.identity import GatewayIdentityProvider
from tornado.web import HTTPError

PEOPLE = set(os.environ.get("GATEWAY_PEOPLE", "").split())


class CertifiedPeople(GatewayIdentityProvider):
    """Asks who a client certificate is of; that it is valid, TLS has checked before."""

    async def get_user(self, handler: JupyterHandler) -> User | None:
        """The user of a request.

        Raises:
            HTTPError: the certificate is somebody else's.
        """
        subject = (handler.request.get_ssl_certificate() or {}).get("subject", ())
        names = {value for part in subject for key, value in part if key == "commonName"}
        if not names & PEOPLE:
            raise HTTPError(403, f"{' '.join(names) or 'nobody'} may not use this gateway")
        return await self._get_user(handler)


c = get_config()  # noqa: F821 -- traitlets defines it
# By sockets in the file system: a port can be taken by another program before the kernel binds it, and then no restart
# gets the kernel going. All kernels here are Python's, which know them.
c.KernelManager.transport = "ipc"
c.KernelGatewayApp.kernel_websocket_connection_class = PersistentConnection
if PEOPLE:
    c.KernelGatewayApp.identity_provider_class = CertifiedPeople
