"""What holds for every test: the phases that tests/test.sh runs one after the other."""

import pytest

pytest.register_assert_rewrite("support.sign_in", "support.sign_in_contract")

PHASES = ("unit", "deployment", "alone")
# These files take minutes: they come first, so that no worker is left with one of them at the end.
LONG = (
    "kernel_gateway",
    "notebooks",
    "oidc",
    "ldap",
    "github",
    "faults",
    "images",
    "limits",
    "containers",
    "profiles",
    "culler",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--phase`, without which all tests are chosen, and `--pictures`."""
    parser.addoption("--phase", choices=PHASES, help="what needs no Docker, what may run side by side, what may not")
    parser.addoption("--pictures", action="store_true", help="keep a picture of every page, in each of its forms")


def phase(item: pytest.Item) -> str:
    """Return the phase that a test belongs to."""
    if "deployment" not in item.path.parts:
        return "unit"
    return "alone" if item.get_closest_marker("alone") else "deployment"


def place(item: pytest.Item) -> tuple[int, int]:
    """Return what the tests are sorted by: the phase, then how early the file has to begin."""
    name = item.path.stem.removeprefix("test_")
    return PHASES.index(phase(item)), LONG.index(name) if name in LONG else len(LONG)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Choose the tests of the phase; without one, begin with what needs no Docker (see tests/test.sh)."""
    wanted = config.getoption("phase")
    config.hook.pytest_deselected(items=[item for item in items if wanted not in (None, phase(item))])
    items[:] = sorted((item for item in items if wanted in (None, phase(item))), key=place)
