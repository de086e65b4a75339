"""The settings of the Docker host: TLS, ports, names, and what images are built from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, IPvAnyAddress

from hub.settings.fields import Image, Name, Networks, Port
from hub.settings.model import Setting, SettingsModel


class HostSettings(SettingsModel):
    """The settings of the Docker host."""

    tls: Annotated[
        Literal["on", "off"],
        Setting("`off`: plain HTTP, for another proxy in front that has the certificate", "on or off", restarts=False),
    ] = "on"
    bind_address: Annotated[
        IPvAnyAddress | None,
        Setting(
            "where the proxy listens; empty: everywhere, or with `TLS=off` at 127.0.0.1, for this machine only",
            "an IP address of this machine, or 0.0.0.0 for all",
            restarts=False,
        ),
    ] = None
    https_port: Annotated[
        Port, Setting("the proxy's port; none with `TLS=off`", "a port from 1 to 65535", restarts=False)
    ] = 443
    http_port: Annotated[
        Port | None,
        Setting(
            "redirects to HTTPS; with `TLS=off` the proxy's port; empty: 80, or 8000 with `TLS=off`",
            "a port from 1 to 65535",
            restarts=False,
        ),
    ] = None
    hsts_seconds: Annotated[
        int,
        Field(ge=0),
        Setting(
            "how long browsers refuse plain HTTP for this host (HSTS); 0: they do not",
            "a whole number of seconds, such as 31536000 for a year",
            restarts=False,
        ),
    ] = 0
    trusted_proxies: Annotated[
        Networks,
        Setting(
            "reverse proxies on other machines whose X-Forwarded-* headers are trusted; with `TLS=off` at 127.0.0.1 "
            "also this machine",
            "addresses or networks such as 192.0.2.7 or 10.1.0.0/16, separated by commas",
            restarts=False,
        ),
    ] = []
    data_volume_host: Annotated[
        Name,
        Setting(
            "volume of the hub's data: database, cookie secret, initial passwords",
            "a Docker volume's name",
            restarts=False,
        ),
    ] = "jupyterhub-data"
    docker_socket: Annotated[
        str,
        Field(pattern=r"^/\S+$"),
        Setting(
            "the Engine's socket; the hub gets the number of its group at `make build`",
            "an absolute path on the Docker host",
            restarts=False,
        ),
    ] = "/var/run/docker.sock"
    with_compiler: Annotated[
        bool,
        Setting(
            "a C compiler in `jupyterhub-user`, for packages of which there is no wheel",
            "true or false",
            restarts=False,
        ),
    ] = False
    base_image: Annotated[
        Image, Setting("what every image is built from", "an image name such as debian:trixie-slim", restarts=False)
    ] = "debian:trixie-slim"
