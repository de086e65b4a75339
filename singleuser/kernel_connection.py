"""How Jupyter Server connects a browser to a kernel here: each websocket with an identity of its own."""

from __future__ import annotations

from asyncio import timeout
from contextlib import suppress
from queue import Empty
from uuid import uuid4

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

ASK_AGAIN_SECONDS = 1
CHANNELS = ("iopub", "shell", "control", "stdin")


class OwnIdentityConnection(ZMQChannelsWebsocketConnection):
    """A browser's connection to a kernel, whose sockets no other connection can replace.

    Jupyter Server names the sockets after the browser's session. JupyterLab closes and opens its websocket when a new
    notebook gets its name, with the same session, and on a busy machine before the first one is cleaned up. Then two
    sockets have one name, the kernel answers the one that came last, and the other waits for ever: 1 of 12 kernels with
    a websocket that is replaced while the kernel starts. It is likely what 3 of about 190 kernels in tests had.
    https://github.com/jupyter/notebook/pull/1471 is about the same loss of messages, and closes the first websocket;
    its sockets stay until the kernel has answered. Try without this class from 2027-06-01 on.
    """

    async def prepare(self) -> None:
        """Wait until a kernel that starts has answered once, then go on as Jupyter Server does.

        Jupyter Server asks such a kernel one single time, and where that question is lost the websocket waits for
        kernel_info_timeout: seen in two test runs, cause not found. Try without this method from 2027-06-01 on.
        """
        with suppress(TimeoutError):
            async with timeout(self.kernel_info_timeout):
                await self._answer_of_a_new_kernel()
        await super().prepare()

    async def _answer_of_a_new_kernel(self) -> None:
        client = self.kernel_manager.client()
        client.start_channels(iopub=False, stdin=False, hb=False, control=False)
        try:
            while self.kernel_manager.execution_state == "starting":
                client.kernel_info()
                with suppress(Empty):
                    await client.get_shell_msg(timeout=ASK_AGAIN_SECONDS)
                    return
        finally:
            client.stop_channels()

    def create_stream(self) -> None:
        """Connect to the kernel's channels."""
        identity = uuid4().hex.encode()
        for channel in CHANNELS:
            stream = getattr(self.kernel_manager, f"connect_{channel}")(identity=identity)
            stream.channel = channel
            self.channels[channel] = stream
