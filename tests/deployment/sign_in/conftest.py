"""What all tests of signing in share; each module has its own deployment, in a fixture `provider`."""

from collections.abc import Generator

import pytest

from support.deployment import Deployment
from support.sign_in import SignIn


@pytest.fixture
def hub(provider: SignIn) -> Deployment:
    """The deployment."""
    return provider.deployment


@pytest.fixture
def no_traceback(hub: Deployment) -> Generator[None]:
    """The hub's log has no traceback from the test."""
    before = hub.logs("hub")
    yield
    assert "Traceback" not in hub.logs("hub").removeprefix(before)
