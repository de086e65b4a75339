"""Stands between a hub and the Docker Engine, so that the Engine can stop answering for that hub alone.

Run in a container of its own (`python -c`, standard library only), as root, with the real socket at
/var/run/docker.sock and a volume at /engine, in which it listens. `docker pause` makes the Engine hang; SIGUSR1 makes
it close every new connection at once, until the next SIGUSR1. The socket's group is one that nobody has by chance.
"""

import os
import signal
import socket
import threading
from contextlib import suppress

LISTEN = "/engine/docker.sock"
ENGINE = "/var/run/docker.sock"
GROUP = 4321

refusing = threading.Event()


def toggle(*_: object) -> None:
    """Begin to refuse, or end it."""
    if refusing.is_set():
        refusing.clear()
    else:
        refusing.set()


def pump(source: socket.socket, target: socket.socket) -> None:
    """Copy what comes until one side has ended."""
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def forward(client: socket.socket) -> None:
    """Connect a client with the Engine."""
    engine = socket.socket(socket.AF_UNIX)
    engine.connect(ENGINE)
    for ends in ((client, engine), (engine, client)):
        threading.Thread(target=pump, args=ends, daemon=True).start()


def main() -> None:
    """Listen, for ever."""
    signal.signal(signal.SIGUSR1, toggle)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(LISTEN)
    os.chown(LISTEN, 0, GROUP)
    os.chmod(LISTEN, 0o660)  # noqa: PTH101 -- as short as the line above, which pathlib has no word for
    listener.listen(100)
    while True:
        client, _ = listener.accept()
        if refusing.is_set():
            client.close()
        else:
            forward(client)


if __name__ == "__main__":
    main()
