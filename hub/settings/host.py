"""The settings of the Docker host: TLS, ports, names, and what images are built from."""

from collections.abc import Iterator
from typing import Literal

from pydantic import IPvAnyAddress

from hub.errors import Problem
from hub.settings.fields import Flag, Image, LanguagePacks, Name, Networks, Port, PublicHost, Seconds
from hub.settings.model import SettingsModel, setting

DEFAULT_PORTS = {"https": 443, "http": 80}


class HostSettings(SettingsModel):
    """The settings of the Docker host."""

    public_host: PublicHost = setting(
        "", "the name or address of this host that users type into their browsers; empty: not known", restarts=False
    )
    tls: Literal["on", "off"] = setting(
        "on", "`off`: plain HTTP, for another proxy in front that has the certificate", "on or off"
    )
    bind_address: IPvAnyAddress | None = setting(
        None,
        "where the proxy listens; empty: everywhere, IPv6 too, or with `TLS=off` at 127.0.0.1, for this machine only",
        "an IP address of this machine, or 0.0.0.0 for all of IPv4",
    )
    https_port: Port = setting(443, "the proxy's port; none with `TLS=off`")
    http_port: Port | None = setting(
        None, "redirects to HTTPS; with `TLS=off` the proxy's port; empty: 80, or 8000 with `TLS=off`"
    )
    hsts_seconds: Seconds = setting(
        0,
        "how long browsers refuse plain HTTP for this host (HSTS); 0: they do not",
        "a whole number of seconds, such as 31536000 for a year",
    )
    trusted_proxies: Networks = setting(
        [],
        "reverse proxies on other machines whose X-Forwarded-* headers are trusted; with `TLS=off` at 127.0.0.1 "
        "also this machine",
    )
    data_volume_host: Name = setting(
        "jupyterhub-data",
        "volume of the hub's data: database, cookie secret, initial passwords",
        "a Docker volume's name",
    )
    docker_socket: str = setting(
        "/var/run/docker.sock",
        "the Engine's socket; the hub gets the number of its group at `make build`",
        "an absolute path on the Docker host",
        pattern=r"^/\S+$",
    )
    with_compiler: Flag = setting(False, "a C compiler in `jupyterhub-user`, for packages of which there is no wheel")
    language_packs: LanguagePacks = setting(
        [], "languages of JupyterLab in our own images that users can choose, beside English"
    )
    base_image: Image = setting(
        "debian:trixie-slim", "what every image is built from", "an image name such as debian:trixie-slim"
    )

    def rules(self) -> Iterator[Problem]:
        """HTTPS and the port that redirects to it cannot be the same."""
        redirect = self.http_port or DEFAULT_PORTS["http"]
        if self.tls == "on" and redirect == self.https_port:
            yield Problem.conflict(
                "HTTP_PORT and HTTPS_PORT",
                f"are both {redirect}, and each needs a port of its own",
                "two different ports",
            )
