"""Serve GitHub's and GitLab's paths over HTTPS on port 8443, and what tests change over HTTP on port 8080."""

from __future__ import annotations

import asyncio
import os
import ssl
from pathlib import Path

import api
import control
import oauth
from tornado.httpserver import HTTPServer
from tornado.log import enable_pretty_logging
from tornado.web import Application
from world import World

HTTPS_PORT = 8443
CONTROL_PORT = 8080
PID_FILE = Path("/ca/pid")


async def main() -> None:
    """Serve until the process ends."""
    enable_pretty_logging()
    world = World.load()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain("/ca/server.crt", "/ca/server.key")
    public = Application(
        [(path, handler, {"world": world}) for path, handler in oauth.ROUTES + api.ROUTES],
        cookie_secret=world.cookie_secret,
        xsrf_cookies=True,
    )
    PID_FILE.write_text(str(os.getpid()))
    Application([(path, handler, {"world": world}) for path, handler in control.ROUTES]).listen(CONTROL_PORT)
    HTTPServer(public, ssl_options=context).listen(HTTPS_PORT)
    await asyncio.Event().wait()


asyncio.run(main())
