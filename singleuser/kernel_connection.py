"""How Jupyter Server connects a browser to a kernel here: each websocket with an identity of its own."""

from __future__ import annotations

from uuid import uuid4

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

CHANNELS = ("iopub", "shell", "control", "stdin")


class OwnIdentityConnection(ZMQChannelsWebsocketConnection):
    """A browser's connection to a kernel, whose sockets no other connection can replace.

    Jupyter Server names the sockets after the browser's session. JupyterLab closes and opens its websocket when a new
    notebook gets its name, with the same session, and on a busy machine before the first one is cleaned up. Then two
    sockets have one name, the kernel answers the one that came last, and the other waits for ever: 1 of 12 kernels with
    a websocket that is replaced while the kernel starts.
    https://github.com/jupyter/notebook/pull/1471 is about the same loss of messages, and closes the first websocket;
    its sockets stay until the kernel has answered. Try without this class from 2027-06-01 on.
    """

    def create_stream(self) -> None:
        """Connect to the kernel's channels."""
        identity = uuid4().hex.encode()
        for channel in CHANNELS:
            stream = getattr(self.kernel_manager, f"connect_{channel}")(identity=identity)
            stream.channel = channel
            self.channels[channel] = stream
