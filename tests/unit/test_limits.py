"""The limits that the Engine is asked for."""

from types import SimpleNamespace
from typing import Any

import pytest
from traitlets.config import Config

from hub import configuration
from hub.servers import config
from hub.servers.spawner import HubDockerSpawner
from hub.settings.model import wire
from support.settings import TOKENS

MIB = 1024**2
GIB = 1024**3


def host_config(memory: int | None = None, **given: str) -> dict[str, Any]:
    """What a spawner is told beside memory and processors; a profile may have set another `memory`."""
    c = Config()
    found = configuration.settings(TOKENS | given)
    wire(c, found.hub)
    config.configure(c, found)
    spawner = HubDockerSpawner(config=c, user=SimpleNamespace(name="zoe", admin=False, groups=[]))
    if memory is not None:
        spawner.mem_limit = memory
    return spawner.extra_host_config(spawner)


def test_there_is_no_swap_unless_it_is_asked_for() -> None:
    assert host_config()["memswap_limit"] == 2 * GIB
    assert host_config(SWAP_LIMIT="512M")["memswap_limit"] == 2 * GIB + 512 * MIB
    assert "memswap_limit" not in host_config(MEM_LIMIT="0")


def test_shared_memory_is_half_of_the_memory_unless_it_is_set() -> None:
    assert host_config()["shm_size"] == GIB
    assert host_config(SHM_LIMIT="96M")["shm_size"] == 96 * MIB
    assert host_config(SHM_LIMIT="96M", MEM_LIMIT="0")["shm_size"] == 96 * MIB
    # The Engine's own, 64M.
    assert "shm_size" not in host_config(MEM_LIMIT="0")


@pytest.mark.parametrize("memory", [512 * MIB, 8 * GIB])
def test_both_go_with_the_memory_that_this_server_has(memory: int) -> None:
    config = host_config(memory, SWAP_LIMIT="1G")
    assert (config["memswap_limit"], config["shm_size"]) == (memory + GIB, memory // 2)
