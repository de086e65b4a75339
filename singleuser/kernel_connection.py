"""How Jupyter Server and Kernel Gateway connect a browser to a kernel here: they ask a silent kernel again."""

from __future__ import annotations

import asyncio
from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

# Longer than a kernel takes to start, as a rule.
ASK_AGAIN_SECONDS = 3


class PersistentConnection(ZMQChannelsWebsocketConnection):
    """A browser's connection to a kernel, which asks a kernel more than once who it is.

    Jupyter Server asks a new kernel once, and answers the browser when it knows, or after a minute. On a busy machine,
    about one question in a hundred was left unanswered by a kernel that ran, for a reason that was not found; asked
    again, none of 400 was.
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
