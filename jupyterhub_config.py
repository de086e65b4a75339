"""JupyterHub's configuration: a table of contents. Reading it changes nothing (`make token` reads it, too)."""

import os

from hub import paths, running, services
from hub.gateway import servers as gateway_servers
from hub.gateway import settings as gateway_settings
from hub.profiles import profiles
from hub.servers import stale, system_users, volumes
from hub.settings import folders
from hub.users import userlist
from hub.users.roster import History

c = get_config()  # noqa: F821 -- JupyterHub defines it

values, sign_in = settings.load(os.environ)
gateway = gateway_settings.load(os.environ)
members = userlist.load(paths.USERLIST, values.jupyterhub_admin)
removed = History.load(paths.HISTORY).removed(members)

running.configure(c, values)
authentication.configure(c, values.jupyterhub_authenticator, sign_in, members, removed)
spawning.configure(c, values, folders.load(paths.FOLDERS, values.compose_project_name, members))
profile_choice.configure(c, profiles.load(paths.PROFILES), values)
volumes.configure(c, values)
system_users.configure(c, values, os.environ)
gateway_servers.configure(c, values.compose_project_name, gateway)
stale.configure(c, stale.Origin.today(values, gateway))
services.configure(c, values)
