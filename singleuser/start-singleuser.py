#!/opt/jupyter/bin/python -sP
"""Start a user's server as `jupyterhub-singleuser` does, in half the time and with 30 MiB less.

JupyterHub's log and login helpers import the hub's own request handlers, and so SQLAlchemy and Alembic, into every
user's server, where nothing uses them: 0.23 s and 30 MiB. Here stand-ins take their place while the server is
imported. A stand-in turns into the real module at the first use, so what is wrong about this list costs time, never a
feature; and if the import itself fails with them, the plain start runs instead. No issue of JupyterHub's is about these
imports yet. Measure without the stand-ins from 2027-06-01 on.

-s: what a user installs with `pip install` (~/.local) is for the kernels, and cannot break the server. -P: nor can
a file that happens to be called like a module.
"""

import gc
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from jupyter_core.paths import jupyter_config_dir, jupyter_data_dir


class NeverError(Exception):
    """For a name that is only asked about: an error that is never raised, a handler that is never made."""


STAND_INS = {
    "jupyterhub.handlers.pages": {"HealthCheckHandler": NeverError},
    "jupyterhub.orm": {},
    "jupyterhub.roles": {},
    "requests": {},  # 0.02 s, for JupyterLab's lists of blocked extensions, which are empty
    "sqlalchemy": {},
    "sqlalchemy.exc": {"SQLAlchemyError": NeverError},
}


class StandIn(ModuleType):
    """An empty module that becomes the real one at the first use after the import."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:  # wanted during the import: we do not fit
            raise AttributeError(f"the stand-in for {self.__name__} has no {name}")
        return getattr(import_module(self.__name__), name)


def import_server() -> Callable[[], Any]:
    """JupyterHub's entry point for a user's server, imported with the stand-ins in place."""
    for name, members in STAND_INS.items():
        sys.modules[name] = StandIn(name)
        vars(sys.modules[name]).update(members)
    main = import_module("jupyterhub.singleuser").main

    import_module("jupyterlab.labapp")  # the server would import it next, and find the real `requests`
    for name in STAND_INS:
        del sys.modules[name]
    return main


def make_place() -> None:
    """Be where the user's files are, so that terminals open there; make what Jupyter misses in a home.

    Jupyter makes its data folder, in which extensions keep databases, only as the parent of its runtime folder, which
    is elsewhere. Without the file `migrated`, it looks for settings of 2015 as soon as there is a `~/.ipython`, and
    then a full home would keep the server from starting. The image cannot have them: a home is mounted over it.
    """
    with suppress(OSError):
        os.chdir(os.environ.get("JUPYTERHUB_ROOT_DIR", "."))
    with suppress(OSError):
        Path(jupyter_data_dir()).mkdir(parents=True, exist_ok=True)
    with suppress(OSError):
        Path(jupyter_config_dir()).mkdir(parents=True, exist_ok=True)
        Path(jupyter_config_dir(), "migrated").touch()


if __name__ == "__main__":
    make_place()
    gc.disable()  # an import makes next to no garbage, and looking for it takes 0.04 s
    try:
        main = import_server()
    except Exception as error:
        print(f"start-singleuser: {error!r}; starting the plain way", file=sys.stderr, flush=True)
        os.execv(sys.executable, [sys.executable, "-sP", "-m", "jupyterhub.singleuser", *sys.argv[1:]])
    gc.freeze()  # what is imported stays: later collections need not visit it
    gc.enable()
    sys.exit(main())
