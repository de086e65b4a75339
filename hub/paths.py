"""Where files are in the hub's container."""

from pathlib import Path

# The data volume: what has to outlive the container.
DATA = Path("/data")
DATABASE = f"sqlite:///{DATA}/jupyterhub.sqlite"
COOKIE_SECRET = DATA / "jupyterhub_cookie_secret"
INITIAL_PASSWORDS = DATA / "initial-passwords"
HISTORY = DATA / "userlist-history.json"
NOTEBOOK_DIR = DATA / "notebook-dir"

# Baked into the image by `make build`.
SERVICE = Path("/srv/jupyterhub")
CONFIG = SERVICE / "jupyterhub_config.py"
MORE_CONFIG = SERVICE / "jupyterhub_config.d"
USERLIST = SERVICE / "userlist"
PROFILES = SERVICE / "profiles.yaml"
FOLDERS = SERVICE / "folders.yaml"
# Pages that differ from JupyterHub's own.
TEMPLATES = SERVICE / "hub" / "servers" / "templates"
