"""Kernels: how Jupyter Server speaks to them, and when they count as active.

A kernel that computes is activity for the hub, which stops idle servers, also while it prints nothing. Jupyter's own
manager takes note of a kernel's messages only, and a long cell without output sends none.
"""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager

# Longer than a kernel takes to start, as a rule.
ASK_AGAIN_SECONDS = 3


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
    """Kernels in this container, the Python ones by sockets in the file system.

    For TCP, Jupyter Server picks free ports, which the kernel takes a second later. Who else gets one meanwhile keeps
    the kernel from starting, "Address already in use", and each restart tries the same port: on a busy machine, about
    one in a thousand kernels never came. Not every kernel knows other sockets, so the others go on with ports.
    """

    def pre_start_kernel(self, kernel_name: str | None, kwargs: dict[str, Any]) -> tuple[KernelManager, str, str]:
        """Choose how the kernel will be spoken to, before it starts."""
        kernel, name, kernel_id = super().pre_start_kernel(kernel_name, kwargs)
        if any("ipykernel" in word for word in kernel.kernel_spec.argv):
            kernel.transport = "ipc"
            kernel.ip = str(Path(kernel.connection_file).with_suffix(""))
        return kernel, name, kernel_id


class PersistentConnection(ZMQChannelsWebsocketConnection):
    """A browser's connection to a kernel, which asks a kernel more than once who it is.

    Jupyter Server asks a new kernel once, and answers the browser when it knows, or after a minute. On a busy machine,
    about one question in five hundred was left unanswered by a kernel that ran, for a reason that was not found.
    """

    _asking: asyncio.Task[None] | None = None

    def request_kernel_info(self) -> asyncio.Future[Any]:
        """Ask for the kernel's description, and again until it comes."""
        answer = super().request_kernel_info()
        self._asking = asyncio.create_task(self._ask_again())
        return answer

    async def _ask_again(self) -> None:
        while True:
            await asyncio.sleep(ASK_AGAIN_SECONDS)
            # No channel: it was answered, or it is another connection that asks.
            if self._kernel_info_future.done() or self.kernel_info_channel is None:
                return
            self.kernel_info_channel.close()
            self.kernel_info_channel = self.multi_kernel_manager.connect_shell(self.kernel_id)
            self.kernel_info_channel.on_recv(self._handle_kernel_info_reply)
            self.session.send(self.kernel_info_channel, "kernel_info_request")


c = get_config()  # noqa: F821 -- traitlets defines it
c.ServerApp.kernel_manager_class = LocalKernels
c.ServerApp.kernel_websocket_connection_class = PersistentConnection

if os.environ.get("JUPYTER_GATEWAY_URL"):
    from gateway_kernels import GatewayConnection, GatewayKernels, GatewayKernelSpecs

    class RemoteKernels(BusyIsActive, GatewayKernels):
        """Kernels in the gateway."""

    c.ServerApp.kernel_manager_class = RemoteKernels
    c.ServerApp.kernel_spec_manager_class = GatewayKernelSpecs
    c.ServerApp.kernel_websocket_connection_class = GatewayConnection
