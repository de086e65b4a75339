"""Where things lie: in the hub container, and below which path of the public address."""

from pathlib import Path

# The data volume: what has to outlive the container.
DATA = Path("/data")
DATABASE = f"sqlite:///{DATA}/jupyterhub.sqlite"
COOKIE_SECRET = DATA / "jupyterhub_cookie_secret"
INITIAL_PASSWORDS = DATA / "initial-passwords"
HISTORY = DATA / "userlist-history.json"

# Baked into the image by `make build`.
SERVICE = Path("/srv/jupyterhub")
CONFIG = SERVICE / "jupyterhub_config.py"
USERLIST = SERVICE / "userlist"
# Pages that differ from JupyterHub's own.
TEMPLATES = SERVICE / "hub" / "servers" / "templates"
PROFILES = SERVICE / "profiles.yaml"
FOLDERS = SERVICE / "folders.yaml"

# Where examples/system-users mounts the Docker host's /etc.
HOST_ETC = Path("/host/etc")


def base_url(given: str) -> str:
    """JUPYTERHUB_BASE_URL with a slash at both ends, as JupyterHub wants it, however it was `given`."""
    return f"/{given.strip('/')}/".replace("//", "/")
