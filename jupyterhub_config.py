"""JupyterHub's configuration: a table of contents. Each function sets its own concern, in any order."""

from hub import configuration, paths, running, services
from hub.profiles import choice
from hub.servers import config as servers
from hub.settings.model import wire
from hub.sign_in import config as sign_in

c = get_config()  # noqa: F821 # pyright: ignore[reportUndefinedVariable] -- JupyterHub defines it
found = configuration.of_this_process()

for group in (found.hub, *(overlay.values for overlay in found.overlays)):
    wire(c, group)
running.configure(c, found)
sign_in.configure(c, found)
servers.configure(c, found)
choice.configure(c, found)
services.configure(c, found)

# What was not foreseen here: see jupyterhub_config.d/README.md.
for file in sorted(paths.MORE_CONFIG.glob("*.py")):
    load_subconfig(str(file))  # noqa: F821 # pyright: ignore[reportUndefinedVariable] -- traitlets defines it
