"""How Jupyter Server starts kernels and connects to them, and what JupyterLab offers."""

import os
import shutil
import site
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager
from jupyter_core.paths import jupyter_data_dir
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from kernel_connection import OwnIdentityConnection


class LocalKernels(AsyncMappingKernelManager):
    """Kernels in this container, the Python ones by sockets in the file system.

    For TCP, Jupyter Server picks free ports, which the kernel opens a second later. If another process takes one in
    that second, the kernel cannot start ("Address already in use"), and each restart tries the same port: on a busy
    machine, about one in a thousand kernels never started. Kernels other than ipykernel may not support such sockets,
    so they keep their ports. Upstream: https://github.com/jupyter/jupyter_client/issues/276 and /487 there. Try without
    this class from 2027-06-01 on.
    """

    def pre_start_kernel(self, kernel_name: str | None, kwargs: dict[str, Any]) -> tuple[KernelManager, str, str]:
        """Choose program and transport of a kernel before it starts, and make the folder of the user's packages."""
        kernel, name, kernel_id = super().pre_start_kernel(kernel_name, kwargs)
        # Python looks for this folder when it starts, and never again: without it, nothing could import what the first
        # `%pip install` of a user brings.
        make_folder(site.getusersitepackages())
        use_kernels_python(kernel)
        if any("ipykernel" in word for word in kernel.kernel_spec.argv):
            kernel.transport = "ipc"
            kernel.ip = str(Path(kernel.connection_file).with_suffix(""))
        return kernel, name, kernel_id


def make_folder(path: str) -> None:
    """Make a folder of the user's. A full disk must not keep anything from starting."""
    with suppress(OSError):
        Path(path).mkdir(parents=True, exist_ok=True)


def use_kernels_python(kernel: KernelManager) -> None:
    """Let a kernel that is to be started by `python` use the one on PATH: the kernels' own, or that of another image.

    Jupyter would take the server's Python, where no kernel and no package of a user is installed.
    """
    spec = kernel.kernel_spec
    if spec and spec.argv and spec.argv[0] in ("python", "python3"):
        spec.argv[0] = shutil.which(spec.argv[0]) or spec.argv[0]


c = get_config()  # noqa: F821 # pyright: ignore[reportUndefinedVariable] -- traitlets defines it
c.ServerApp.extra_template_paths = [str(Path(sys.prefix, "share", "jupyter", "pages"))]
c.ServerApp.kernel_manager_class = LocalKernels
c.ServerApp.kernel_websocket_connection_class = OwnIdentityConnection

# Extensions keep databases here. Jupyter itself makes it only where JUPYTER_RUNTIME_DIR lies in it.
make_folder(jupyter_data_dir())

# Formats that need a program are in the menu where it is installed; elsewhere, their menu entries ended in an error.
pandoc = shutil.which("pandoc") is not None
c.ASCIIDocExporter.enabled = c.LatexExporter.enabled = c.RSTExporter.enabled = pandoc
c.PDFExporter.enabled = pandoc and shutil.which("xelatex") is not None
c.WebPDFExporter.enabled = find_spec("playwright") is not None
c.QtPDFExporter.enabled = c.QtPNGExporter.enabled = find_spec("PyQt5") is not None

# JupyterLab asks for language servers at each load, and gets a 404 where jupyter-lsp is not installed. This folder has
# the setting that keeps it from asking.
if not find_spec("jupyter_lsp"):
    places = [os.environ.get("JUPYTER_CONFIG_PATH", ""), "/opt/jupyter/share/without-lsp"]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, places))

if os.environ.get("JUPYTER_GATEWAY_URL"):
    from gateway_kernels import GatewayConnection, GatewayKernels, GatewayKernelSpecs

    c.ServerApp.kernel_manager_class = GatewayKernels
    c.ServerApp.kernel_spec_manager_class = GatewayKernelSpecs
    c.ServerApp.kernel_websocket_connection_class = GatewayConnection
