"""Kernels: how Jupyter Server connects to them."""

import os
import sys
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from kernel_connection import OwnIdentityConnection


class LocalKernels(AsyncMappingKernelManager):
    """Kernels in this container, the Python ones by sockets in the file system.

    For TCP, Jupyter Server picks free ports, which the kernel opens a second later. If another process takes one in
    that second, the kernel cannot start ("Address already in use"), and each restart tries the same port: on a busy
    machine, about one in a thousand kernels never started. Kernels other than ipykernel may not support such sockets,
    so they keep their ports. Upstream: https://github.com/jupyter/jupyter_client/issues/276 and /487 there. Try without
    this class from 2027-06-01 on.
    """

    def pre_start_kernel(self, kernel_name: str | None, kwargs: dict[str, Any]) -> tuple[KernelManager, str, str]:
        """Choose the transport of a kernel before it starts."""
        kernel, name, kernel_id = super().pre_start_kernel(kernel_name, kwargs)
        if any("ipykernel" in word for word in kernel.kernel_spec.argv):
            kernel.transport = "ipc"
            kernel.ip = str(Path(kernel.connection_file).with_suffix(""))
        return kernel, name, kernel_id


c = get_config()  # noqa: F821 # pyright: ignore[reportUndefinedVariable] -- traitlets defines it
c.ServerApp.extra_template_paths = [str(Path(sys.prefix, "share", "jupyter", "pages"))]
c.ServerApp.kernel_manager_class = LocalKernels
c.ServerApp.kernel_websocket_connection_class = OwnIdentityConnection

if os.environ.get("JUPYTER_GATEWAY_URL"):
    from gateway_kernels import GatewayConnection, GatewayKernels, GatewayKernelSpecs

    c.ServerApp.kernel_manager_class = GatewayKernels
    c.ServerApp.kernel_spec_manager_class = GatewayKernelSpecs
    c.ServerApp.kernel_websocket_connection_class = GatewayConnection
