"""Where files are in the hub's container."""

from pathlib import Path

# The data volume: what has to outlive the container.
DATA = Path("/data")
DATABASE = f"sqlite:///{DATA}/jupyterhub.sqlite"
COOKIE_SECRET = DATA / "jupyterhub_cookie_secret"
INITIAL_PASSWORDS = DATA / "initial-passwords"
ANNOUNCEMENT = DATA / "announcement.txt"
HISTORY = DATA / "userlist-history.json"
NOTEBOOK_DIR = DATA / "notebook-dir"

# The Engine's socket.
ENGINE = Path("/var/run/docker.sock")

# Baked into the image by `make build`.
SERVICE = Path("/srv/jupyterhub")
CONFIG = SERVICE / "jupyterhub_config.py"
MORE_CONFIG = SERVICE / "jupyterhub_config.d"
USERLIST = SERVICE / "userlist"
PROFILES = SERVICE / "profiles.yaml"
FOLDERS = SERVICE / "folders.yaml"
SERVERS_CA = SERVICE / "servers-ca.crt"
LOGOS = (SERVICE / "logo.svg", SERVICE / "logo.png")
# Pages that differ from JupyterHub's own.
PAGES = SERVICE / "hub" / "pages"
