"""Parts that several tests share: the hub's real database, in memory, and the hash of one password."""

from collections.abc import Generator

import nativeauthenticator.orm  # noqa: F401 -- adds its table to those that a new database gets
import pytest
from jupyterhub import orm, roles
from sqlalchemy.orm import Session

from hub.sign_in.native import passwords

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


@pytest.fixture(scope="session")
def password() -> str:
    """Return a password that nothing speaks against."""
    return PASSWORD


@pytest.fixture(scope="session")
def hashed() -> bytes:
    """Return the hash of `password`; made once, because it takes 0.2 s."""
    return passwords.hash_password(PASSWORD)
