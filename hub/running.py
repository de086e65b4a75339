"""How the hub itself runs: its database, its proxy, and what it does at a restart."""

from pathlib import Path

from traitlets.config import Config

from hub import announcement, paths
from hub.configuration import Configuration

# The names of the services in docker-compose.yml, which are their names on the networks, too.
HUB_HOST = "hub"
PROXY_API = "http://proxy-api:8001"


def configure(c: Config, found: Configuration) -> None:
    """Set database, addresses, pages and proxy."""
    settings = found.hub
    c.JupyterHub.db_url = paths.DATABASE
    c.JupyterHub.cookie_secret_file = str(paths.COOKIE_SECRET)
    c.JupyterHub.template_paths = [*found.sign_in.template_paths, str(paths.PAGES)]
    c.JupyterHub.template_vars = {
        "announcement": announcement.shown,
        "hub_title": settings.hub_title,
        "help_url": settings.hub_help_url,
        "login_help": settings.login_help,
    }
    if logo := next(filter(Path.exists, paths.LOGOS), None):
        c.JupyterHub.logo_file = str(logo)
    # A page at a user's subdomain may set cookies for its parent, the hub's host, but none of this kind.
    c.JupyterHub.cookie_host_prefix_enabled = settings.jupyterhub_subdomain_host.startswith("https://")
    c.JupyterHub.hub_ip = "0.0.0.0"
    c.JupyterHub.hub_connect_ip = HUB_HOST

    c.ConfigurableHTTPProxy.should_start = False
    c.ConfigurableHTTPProxy.api_url = PROXY_API
    c.ConfigurableHTTPProxy.auth_token = settings.configproxy_auth_token.get_secret_value()

    # Users' servers outlive the hub.
    c.JupyterHub.cleanup_servers = False
    # After a crash in the middle of a start the hub would wait for that server, which waits for the hub: 10 to 12 s.
    c.JupyterHub.init_spawners_timeout = 1
    # The proxy forgets its routes when it restarts, and the hub restores them as often as it asks for activity. At
    # the default of 300 s people were sent to the hub for five minutes; once costs 4 ms with 500 routes.
    c.JupyterHub.last_activity_interval = 2
