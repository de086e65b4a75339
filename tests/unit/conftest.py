"""Parts that several tests share: the hub's real database, in memory, a checkout, and the hash of one password."""

import io
import json
from collections.abc import Callable, Generator
from pathlib import Path

import nativeauthenticator.orm  # noqa: F401 -- adds its table to those that a new database gets
import pytest
from jupyterhub import orm, roles
from sqlalchemy.orm import Session

from host.checkout import Checkout, packed
from host.engine import Host
from hub.sign_in.native import passwords
from support.settings import TOKENS

PASSWORD = "mal reynolds 2517"


@pytest.fixture
def db() -> Generator[Session]:
    """Return a session of an empty database in memory, with the roles and the client that a started hub has made."""
    with orm.new_session_factory("sqlite:///:memory:")() as session:
        for role in roles.get_default_roles():
            roles.create_role(session, role)
        session.add(orm.OAuthClient(identifier="jupyterhub", redirect_uri=""))
        session.commit()
        yield session
    session.get_bind().dispose()


@pytest.fixture
def send(tmp_path: Path) -> Callable[..., Host]:
    """Return a function that sends files, and the environment that Compose would give to the hub."""

    def send(files: dict[str, str] | None = None, **given: str | None) -> Host:
        compose = {"name": "jupyterhub", "services": {"hub": {"environment": TOKENS | given}}}
        whole = {"userlist": "zoe admin\n", ".env": "", "compose.json": json.dumps(compose)} | (files or {})
        archive = packed({name: text.encode() for name, text in whole.items()})
        return Host(Checkout.receive(io.BytesIO(archive), tmp_path))

    return send


@pytest.fixture(scope="session")
def password() -> str:
    """Return a password that nothing speaks against."""
    return PASSWORD


@pytest.fixture(scope="session")
def hashed() -> bytes:
    """Return the hash of `password`; made once, because it takes 0.2 s."""
    return passwords.hash_password(PASSWORD)
