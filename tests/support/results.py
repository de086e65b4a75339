"""Where the artifacts of failed tests go, and pictures: `make test` copies them to test-results/."""

import os
import re
from pathlib import Path

import pytest

NAME_LIMIT = 150


def results_root() -> Path:
    """Return the directory for everything that outlives a run."""
    return Path(os.environ.get("TEST_RESULTS", "test-results"))


def results_directory(item: pytest.Item) -> Path:
    """Return the directory for the artifacts of a test; it exists afterwards."""
    directory = results_root() / re.sub(r"[^\w.-]+", "-", item.nodeid).strip("-")[:NAME_LIMIT]
    directory.mkdir(parents=True, exist_ok=True)
    return directory
