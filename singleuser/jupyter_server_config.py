"""A kernel that computes is activity for the hub, which stops idle servers, also while it prints nothing.

Jupyter's own manager takes note of a kernel's messages only, and a long cell without output sends none.
"""

import os
from datetime import UTC, datetime

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager


class BusyIsActive:
    """In front of a kernel manager: activity is now as long as any kernel is busy."""

    _last_message = datetime.now(UTC)

    @property
    def last_kernel_activity(self) -> datetime:
        """When a kernel last did something."""
        busy = any(getattr(kernel, "execution_state", "") == "busy" for kernel in self._kernels.values())
        return datetime.now(UTC) if busy else self._last_message

    @last_kernel_activity.setter
    def last_kernel_activity(self, moment: datetime) -> None:
        self._last_message = moment


class LocalKernels(BusyIsActive, AsyncMappingKernelManager):
    """Kernels in this container."""


c = get_config()  # noqa: F821 -- traitlets defines it
c.ServerApp.kernel_manager_class = LocalKernels

if os.environ.get("JUPYTER_GATEWAY_URL"):
    from gateway_kernels import GatewayConnection, GatewayKernels, GatewayKernelSpecs

    class RemoteKernels(BusyIsActive, GatewayKernels):
        """Kernels in the gateway."""

    c.ServerApp.kernel_manager_class = RemoteKernels
    c.ServerApp.kernel_spec_manager_class = GatewayKernelSpecs
    c.ServerApp.kernel_websocket_connection_class = GatewayConnection
