"""Where people find the hub, as far as the settings tell."""

from __future__ import annotations

from typing import Any

from hub.settings.fields import given
from hub.settings.host import HostSettings
from hub.settings.hub import Settings

DEFAULT_PORTS = {"https": 443, "http": 80}


def public_address(settings: Settings, compose: dict[str, Any]) -> str:
    """The address to type into a browser, without a slash at the end.

    Args:
        settings: the hub's settings.
        compose: what `docker compose config --format json` prints; it has the host's settings.
    """
    host = HostSettings.model_validate(given(HostSettings, compose["x-host"]))
    domain = compose.get("x-letsencrypt", {}).get("DOMAIN")
    path = settings.jupyterhub_base_url.rstrip("/")
    if settings.jupyterhub_subdomain_host:
        return settings.jupyterhub_subdomain_host + path
    scheme, port = ("https", host.https_port) if host.tls == "on" else ("http", host.http_port or 8000)
    shown = "" if port == DEFAULT_PORTS[scheme] else f":{port}"
    return f"{scheme}://{domain or 'localhost'}{shown}{path}"
