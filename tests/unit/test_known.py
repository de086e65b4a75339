"""Who may sign in, whoever vouches for them, and what becomes of them when they are asked about again."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from jupyterhub import orm
from sqlalchemy.orm import Session
from tornado import web
from traitlets.config import Config

from hub.sign_in.known import ProviderAuthenticator, ProviderUnavailableError, RefusedError
from hub.users.roster import ADMIN_GROUPS, ADMITTED, PROVIDER_GROUPS


class Provider(ProviderAuthenticator):
    """Vouches for everybody, with the groups that it has been given."""

    groups: Sequence[str] = ()
    asked = 0
    answer: dict[str, Any] | Exception | None = None

    async def authenticate(self, handler: Any, data: dict[str, str]) -> dict[str, Any]:
        """Whoever says so."""
        return {"name": data["username"], "groups": list(self.groups)}

    async def ask_again(self, user: Any, handler: Any) -> dict[str, Any] | None:
        """What a test has laid down, and not at once."""
        self.asked += 1
        await asyncio.sleep(0)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def provider(**traits: Any) -> Provider:
    """Return the authenticator as hub/authentication.py configures it, for a list with zoe, who is in crew."""
    settings = {
        "allowed_users": {"zoe"},
        "blocked_users": {"niska"},
        "allow_existing_users": False,
        "listed_groups": {"zoe": {"crew"}},
    }
    return Provider(config=Config({"Provider": settings | traits}))


def known(db: Session, name: str, **user_info: Any) -> orm.User:
    """Return somebody whom the hub's database has."""
    user = orm.User(name=name, user_info=user_info or None)
    db.add(user)
    db.commit()
    return user


def somebody(name: str) -> SimpleNamespace:
    """Return somebody who has signed in here before."""
    return SimpleNamespace(name=name, user_info={ADMITTED: False})


async def sign_in(authenticator: Provider, name: str) -> dict[str, Any]:
    """What JupyterHub gets for somebody for whom the provider vouches."""
    return await authenticator.get_authenticated_user(None, {"username": name})


async def test_who_is_listed_signs_in() -> None:
    found = await sign_in(provider(), "zoe")
    assert found["user_info"] == {ADMITTED: False, PROVIDER_GROUPS: [], ADMIN_GROUPS: []}


@pytest.mark.parametrize(("name", "said"), [("jayne", "not allowed"), ("niska", "no longer")])
async def test_others_are_told_why_not(name: str, said: str) -> None:
    with pytest.raises(web.HTTPError) as raised:
        await sign_in(provider(), name)
    assert raised.value.status_code == 403
    assert said in str(raised.value.log_message)


async def test_a_removed_name_is_out_whatever_the_provider_says() -> None:
    with pytest.raises(web.HTTPError, match="no longer"):
        await sign_in(provider(allow_all=True), "niska")


async def test_who_was_added_in_the_console_signs_in(db: Session) -> None:
    authenticator = provider()
    authenticator.add_user(known(db, "river"))
    assert (await sign_in(authenticator, "river"))["user_info"][ADMITTED] is False


async def test_a_rule_is_asked_anew_each_time(db: Session) -> None:
    open_door = provider(allow_all=True)
    found = await sign_in(open_door, "jayne")
    assert found["user_info"][ADMITTED] is True
    jayne = known(db, "jayne", **found["user_info"])
    open_door.add_user(jayne)
    assert "jayne" not in open_door.allowed_users

    closed = provider()
    closed.add_user(jayne)  # what JupyterHub does for everybody at its start
    with pytest.raises(web.HTTPError, match="jayne"):
        await sign_in(closed, "jayne")


def test_the_console_cannot_add_what_is_no_name(db: Session) -> None:
    with pytest.raises(ValueError, match="Invalid username"):
        provider().add_user(known(db, "a b"))


async def test_groups_of_the_list_stay() -> None:
    authenticator = provider(manage_groups=True)
    authenticator.groups = ["pilots"]
    found = await sign_in(authenticator, "zoe")
    assert found["groups"] == ["crew", "pilots"]
    assert found["user_info"][PROVIDER_GROUPS] == ["pilots"]


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (ProviderUnavailableError("away"), True),
        (RefusedError("gone"), False),
        (None, True),
        ({"name": "jayne"}, False),
    ],
    ids=["away", "refused", "cannot be asked", "not allowed any more"],
)
async def test_asked_again(answer: dict[str, Any] | Exception | None, result: bool) -> None:
    authenticator = provider()
    authenticator.answer = answer
    assert await authenticator.refresh_user(somebody("jayne")) is result


async def test_what_has_changed_is_written() -> None:
    authenticator = provider(manage_groups=True)
    authenticator.answer = {"name": "zoe", "groups": ["captains"]}
    found = await authenticator.refresh_user(somebody("zoe"))
    assert isinstance(found, dict)
    assert found["groups"] == ["captains", "crew"]


async def test_requests_at_the_same_time_share_one_answer() -> None:
    authenticator = provider()
    authenticator.answer = {"name": "zoe"}
    zoe = somebody("zoe")
    answers = await asyncio.gather(*(authenticator.refresh_user(zoe) for _ in range(20)))
    assert authenticator.asked == 1
    assert all(answer is answers[0] for answer in answers)


async def test_somebody_elses_request_asks_nothing() -> None:
    authenticator = provider()
    authenticator.answer = RefusedError("gone")
    handler = SimpleNamespace(_jupyterhub_user=SimpleNamespace(name="mal"))
    assert await authenticator.refresh_user(somebody("zoe"), handler) is True
    assert authenticator.asked == 0


async def test_who_has_signed_in_again_is_not_held_to_the_last_answer() -> None:
    authenticator = provider()
    authenticator.answer = RefusedError("gone")
    zoe = somebody("zoe")
    assert await authenticator.refresh_user(zoe) is False
    await sign_in(authenticator, "zoe")
    authenticator.answer = None
    assert await authenticator.refresh_user(zoe) is True


@pytest.mark.parametrize(("token", "result"), [(True, True), (False, False)], ids=["a token", "a cookie"])
async def test_who_has_never_signed_in_here_may_have_a_token_but_no_cookie(token: bool, result: bool) -> None:
    authenticator = provider()
    zoe = SimpleNamespace(name="zoe", user_info=None)
    handler = SimpleNamespace(_jupyterhub_user=zoe, _token_authenticated=token)
    assert await authenticator.refresh_user(zoe, handler) is result
    assert authenticator.asked == 0
