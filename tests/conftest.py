"""What holds for every test."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what needs no Docker first.

    It is over in seconds; and asynchronous tests cannot run once Playwright has its own event loop here.
    """
    items.sort(key=lambda item: "deployment" in item.path.parts)
