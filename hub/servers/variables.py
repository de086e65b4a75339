"""Variables that a server gets because of others, or of its limits."""

import math
from collections.abc import Mapping

from hub.running import HUB_HOST

# What libraries read that start a thread for each core of the host, however many their container may use: OpenMP with
# PyTorch, the libraries of NumPy and SciPy, numexpr, Numba, and Python itself (multiprocessing, concurrent.futures).
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "PYTHON_CPU_COUNT",
)
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
EXCEPT = "NO_PROXY"
# What a proxy of the network cannot reach.
INSIDE = ("localhost", "127.0.0.1", "::1", HUB_HOST)


def threads(cores: float | None) -> dict[str, str]:
    """How many threads libraries start: as many as a server has cores, rounded up; nothing without a limit."""
    return dict.fromkeys(THREADS, str(math.ceil(cores))) if cores else {}


def beside_proxy(given: Mapping[str, object]) -> dict[str, str]:
    """What goes with the proxy in `given`, the other variables; nothing without one.

    Some programs read these names in upper case, others in lower case. Without exceptions, the server's programs would
    ask the proxy for the hub.
    """
    found = {name: str(given.get(name) or given.get(name.lower()) or "") for name in (*PROXIES, EXCEPT)}
    if not any(found[name] for name in PROXIES):
        return {}
    hosts = [host.strip() for host in found[EXCEPT].split(",")]
    found[EXCEPT] = ",".join(dict.fromkeys([*filter(None, hosts), *INSIDE]))
    both = {spelling: value for name, value in found.items() for spelling in (name, name.lower()) if value}
    return both | {name: str(given[name]) for name in both if given.get(name) and name.upper() != EXCEPT}
