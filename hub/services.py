"""The hub's own helpers: the culler of idle servers and the health check, each with just the scopes it needs."""

from __future__ import annotations

import sys

from traitlets.config import Config

from hub.settings.hub import Settings


def configure(c: Config, settings: Settings) -> None:
    """Set the services and their roles."""
    health_token = settings.jupyterhub_health_token.get_secret_value()
    c.JupyterHub.services = [{"name": "health", "api_token": health_token}]
    c.JupyterHub.load_roles = [{"name": "health", "services": ["health"], "scopes": ["list:users"]}]
    if settings.idle_timeout:
        c.JupyterHub.services.append({"name": "idle-culler", "command": _culler(settings.idle_timeout)})
        c.JupyterHub.load_roles.append(
            {
                "name": "idle-culler",
                "services": ["idle-culler"],
                "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
            }
        )


def _culler(idle_timeout: int) -> list[str]:
    every = max(5, min(300, idle_timeout // 4))
    return [sys.executable, "-m", "jupyterhub_idle_culler", f"--timeout={idle_timeout}", f"--cull-every={every}"]
