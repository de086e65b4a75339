"""The hub's own helpers: the culler of idle servers and the health check, each with just the scopes it needs."""

import sys

from traitlets.config import Config

from hub.configuration import Configuration

CULLER_SCOPES = ["list:users", "read:users:activity", "read:servers", "delete:servers"]


def configure(c: Config, found: Configuration) -> None:
    """Set the services and their roles."""
    token = found.hub.jupyterhub_health_token.get_secret_value()
    services: list[dict[str, object]] = [{"name": "health", "api_token": token}]
    roles: list[dict[str, object]] = [{"name": "health", "services": ["health"], "scopes": ["list:users"]}]
    if timeout := found.hub.idle_timeout:
        every = activity_seconds(timeout)
        command = [sys.executable, "-m", "jupyterhub_idle_culler", f"--timeout={timeout}", f"--cull-every={every}"]
        services.append({"name": "idle-culler", "command": command})
        roles.append({"name": "idle-culler", "services": ["idle-culler"], "scopes": CULLER_SCOPES})
    c.JupyterHub.services = services
    c.JupyterHub.load_roles = roles


def activity_seconds(idle_timeout: int) -> int:
    """How often an idle server is asked, an active one reports, and the culler looks: well within IDLE_TIMEOUT."""
    return max(5, min(300, idle_timeout // 4))
