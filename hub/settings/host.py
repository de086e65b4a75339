"""Settings of the Docker host: what Compose and scripts/ read there, and the hub never sees.

`make build` checks them: docker-compose.yml has them under `x-host`, an overlay under a name of its own, see OVERLAYS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import IPvAnyAddress

from hub.settings.fields import (
    AcmeServer,
    Domain,
    Email,
    HomeFormat,
    Image,
    Name,
    Networks,
    Port,
    SettingsModel,
    setting,
)


class HostSettings(SettingsModel):
    """Those of the default path."""

    tls: Literal["on", "off"] = setting(
        "on",
        help="`off`: plain HTTP, for another proxy in front that has the certificate",
        expected="on or off",
    )
    bind_address: IPvAnyAddress | None = setting(
        None,
        help="where the proxy listens; empty: everywhere, or with `TLS=off` at 127.0.0.1, for this machine only",
        expected="an IP address of this machine, or 0.0.0.0 for all",
    )
    https_port: Port = setting(443, help="the proxy's port; none with `TLS=off`", expected="a port from 1 to 65535")
    http_port: Port | None = setting(
        None,
        help="redirects to HTTPS; with `TLS=off` the proxy's port; empty: 80, or 8000 with `TLS=off`",
        expected="a port from 1 to 65535",
    )
    hsts_seconds: int = setting(
        0,
        help="how long browsers shall refuse plain HTTP for this host (HSTS); 0: they are not told to",
        expected="a whole number of seconds, such as 31536000 for a year",
        ge=0,
    )
    trusted_proxies: Networks = setting(
        [],
        help="proxies in front that are believed who a client is; with `TLS=off` at 127.0.0.1, this machine always is",
        expected="addresses or networks such as 192.0.2.7 or 10.1.0.0/16, separated by commas",
    )
    data_volume_host: Name = setting(
        "jupyterhub-data",
        help="volume of the hub's data: database, cookie secret, initial passwords",
        expected="a Docker volume's name",
    )
    docker_socket: str = setting(
        "/var/run/docker.sock",
        help="the Engine's socket; the hub gets the number of its group at `make build`",
        expected="an absolute path on the Docker host",
        pattern=r"^/\S+$",
    )
    with_compiler: Literal["true", "false"] = setting(
        "false",
        help="a C compiler in `jupyterhub-user`, for packages of which there is no wheel",
        expected="true or false",
    )
    base_image: Image = setting(
        "debian:trixie-slim", help="what every image is built from", expected="an image name such as debian:trixie-slim"
    )


class Overlay(SettingsModel):
    """Those of an overlay."""

    @staticmethod
    def conflicts(host: Mapping[str, str]) -> Iterator[str]:
        """Yield a complaint for every setting under `x-host` that cannot go with the overlay."""
        yield from ()


class LetsEncryptSettings(Overlay):
    """Those of examples/letsencrypt."""

    domain: Domain = setting(
        ...,
        help="the public name that the certificate is for",
        expected="a name such as hub.example.org, without https:// in front",
    )
    email: Email = setting(..., help="the authority's way to reach you", expected="an address such as you@example.org")
    acme_server: AcmeServer = setting(
        "production",
        help="`production` or `staging` of Let's Encrypt, or another authority with ACME",
        expected="production, staging, or the https:// address of a directory",
    )
    secrets_volume: Name = setting(
        "jupyterhub-secrets",
        help="volume of the certificate and of the account with the authority",
        expected="a Docker volume's name",
    )

    @staticmethod
    def conflicts(host: Mapping[str, str]) -> Iterator[str]:
        """The proxy has to have TLS, and a name: the authority would sign a wildcard by way of the DNS alone."""
        if host.get("TLS") == "off":
            yield (
                "  TLS (.env or the shell) is 'off', and examples/letsencrypt gets the proxy a certificate; "
                "expected on, or a COMPOSE_FILE without examples/letsencrypt."
            )
        if subdomains := host.get("JUPYTERHUB_SUBDOMAIN_HOST"):
            yield (
                f"  JUPYTERHUB_SUBDOMAIN_HOST (.env or the shell) is {subdomains!r}, which needs a wildcard "
                "certificate, and examples/letsencrypt gets none; expected nothing, or a COMPOSE_FILE without it."
            )


# JUPYTERHUB_SPAWNER with the host's accounts, and the COMPOSE_FILE that it needs.
SYSTEM_USERS = "docker-system-user"
SYSTEM_USERS_FILES = "docker-compose.yml:examples/system-users/docker-compose.yml"


class SystemUserSettings(Overlay):
    """Those of examples/system-users."""

    host_etc: str = setting(
        "/etc",
        help="folder of the Docker host with the files `passwd` and `group` that the accounts are looked up in",
        expected="an absolute path on the Docker host",
        pattern=r"^/\S*$",
    )
    host_homedir_format: HomeFormat = setting(
        "/home/{username}",
        help="where the accounts' home directories are on the Docker host",
        expected="an absolute path with {username} in it, such as /volumes/user/{username}",
    )


OVERLAY_OF_SYSTEM_USERS = "x-system-users"
OVERLAYS: dict[str, type[Overlay]] = {
    "x-letsencrypt": LetsEncryptSettings,
    OVERLAY_OF_SYSTEM_USERS: SystemUserSettings,
}


def problems_of_system_users(hub: Mapping[str, str], overlay: bool) -> list[str]:
    """One line where JUPYTERHUB_SPAWNER and the overlay do not go together.

    Args:
        hub: the hub's environment.
        overlay: whether COMPOSE_FILE names examples/system-users.
    """
    chosen = hub.get("JUPYTERHUB_SPAWNER") == SYSTEM_USERS
    if chosen and not overlay:
        return [
            f"  JUPYTERHUB_SPAWNER (.env or the shell) is {SYSTEM_USERS!r}, which needs the host's accounts; expected "
            f"COMPOSE_FILE={SYSTEM_USERS_FILES}, too."
        ]
    if overlay and not chosen:
        return [
            f"  JUPYTERHUB_SPAWNER (.env or the shell) is {hub.get('JUPYTERHUB_SPAWNER') or 'docker'!r}, and "
            f"COMPOSE_FILE names examples/system-users; expected {SYSTEM_USERS}, or a COMPOSE_FILE without it."
        ]
    if chosen and hub.get("KG_URL") and hub.get("CLIENT_CERT"):
        return [
            f"  JUPYTERHUB_SPAWNER (.env or the shell) is {SYSTEM_USERS!r}, and `make client-cert` stores certificates "
            "for the notebook image's user; expected docker, or no CLIENT_KEY, CLIENT_CERT and CLIENT_CA."
        ]
    return []
