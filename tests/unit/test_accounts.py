"""Accounts: everybody who is listed has one before the hub opens its port."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from stat import S_IMODE

import pytest
from jupyterhub import orm
from nativeauthenticator.orm import UserInfo
from sqlalchemy.orm import Session

from hub import __main__ as start
from hub import configuration, paths
from hub.configuration import Configuration
from hub.sign_in.native import accounts, passwords
from hub.sign_in.native.passwords import InitialPasswords
from hub.users import userlist
from support.settings import TOKENS


@pytest.fixture
def initial(tmp_path: Path) -> InitialPasswords:
    """Return a place for initial passwords."""
    return InitialPasswords(tmp_path / "initial-passwords")


def account(db: Session, name: str) -> UserInfo:
    """Return the account of a name, which has one."""
    found = accounts.find(db, name)
    assert found is not None, f"{name} has no account"
    return found


def test_everybody_gets_an_account_with_a_password_of_their_own(db: Session, initial: InitialPasswords) -> None:
    accounts.ensure(db, ["zoe", "wash@serenity.example"], initial)
    kept = initial.all()
    assert kept.keys() == {"zoe", "wash@serenity.example"}
    assert len(set(kept.values())) == 2
    for name, password in kept.items():
        assert account(db, name).is_authorized
        assert passwords.matches(password, account(db, name).password)
    assert S_IMODE(initial.directory.stat().st_mode) == 0o700
    assert {S_IMODE(file.stat().st_mode) for file in initial.directory.iterdir()} == {0o600}


@pytest.mark.parametrize("is_authorized", [True, False], ids=["authorised", "waiting"])
def test_an_account_that_is_there_is_authorised_and_keeps_its_password(
    db: Session, initial: InitialPasswords, hashed: bytes, is_authorized: bool
) -> None:
    db.add(UserInfo(username="wash", password=hashed, is_authorized=is_authorized))
    db.add(UserInfo(username="river", password=hashed, is_authorized=False))
    db.commit()
    accounts.ensure(db, ["wash"], initial, {"wash": "another password"})
    assert account(db, "wash").password == hashed
    assert account(db, "wash").is_authorized
    assert not account(db, "river").is_authorized
    assert initial.all() == {}


def test_once_made_an_account_keeps_its_password(db: Session, initial: InitialPasswords) -> None:
    accounts.ensure(db, ["wash"], initial)
    before = account(db, "wash").password, initial.all()
    accounts.ensure(db, ["wash"], initial)
    assert (account(db, "wash").password, initial.all()) == before
    assert db.query(UserInfo).count() == 1


def test_a_chosen_password_works_and_is_not_kept(db: Session, initial: InitialPasswords, password: str) -> None:
    accounts.ensure(db, ["mal", "zoe"], initial, {"mal": password, "somebody else": "not used"})
    assert passwords.matches(password, account(db, "mal").password)
    assert initial.all().keys() == {"zoe"}
    assert accounts.find(db, "somebody else") is None


def test_the_table_is_made_where_it_is_missing(db: Session, initial: InitialPasswords) -> None:
    UserInfo.__table__.drop(db.get_bind())
    accounts.ensure(db, [], initial)
    assert db.query(UserInfo).count() == 0


def test_find_sees_what_another_process_has_written(tmp_path: Path, hashed: bytes) -> None:
    sessions = orm.new_session_factory(f"sqlite:///{tmp_path}/jupyterhub.sqlite")
    with sessions() as hub, sessions() as make_password:
        accounts.create(hub, "wash", b"old")
        seen = account(hub, "wash")
        assert seen.password == b"old"
        accounts.set_password(make_password, account(make_password, "wash"), hashed)
        assert account(hub, "wash").password == hashed
        assert account(hub, "wash") is seen, "the session has remembered it"


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str) -> Configuration:
    """The settings of a hub whose data lies in a directory of the test."""
    monkeypatch.setattr(paths, "DATABASE", f"sqlite:///{tmp_path}/jupyterhub.sqlite")
    monkeypatch.setattr(paths, "HISTORY", tmp_path / "userlist-history.json")
    monkeypatch.setattr(paths, "INITIAL_PASSWORDS", tmp_path / "initial-passwords")
    return configuration.settings(TOKENS | {"JUPYTERHUB_ADMIN": "Mal", "JUPYTERHUB_ADMIN_PASSWORD": password})


def test_two_starts_of_the_hub(found: Configuration, password: str) -> None:
    start.apply_userlist(replace(found, members=userlist.parse("wash pilots\nzoe\n", "Mal")))
    start.apply_userlist(replace(found, members=userlist.parse("wash pilots\n", "Mal")))

    with orm.new_session_factory(paths.DATABASE)() as db:
        assert {user.name: user.admin for user in db.query(orm.User)} == {"wash": False, "zoe": False, "mal": True}
        assert passwords.matches(password, account(db, "mal").password)
    assert InitialPasswords(paths.INITIAL_PASSWORDS).all().keys() == {"wash", "zoe"}
    assert start.roster.History.load(paths.HISTORY).names == {"wash", "zoe", "mal"}


def test_a_thousand_names_take_seconds(found: Configuration) -> None:
    """Of the processor: it was more than 200 with a slow hash for each name, and 5 at each later start."""
    listed = replace(found, members=userlist.parse("".join(f"pupil{number} class\n" for number in range(1000)), "Mal"))

    def seconds() -> float:
        before = time.process_time()
        start.apply_userlist(listed)
        return time.process_time() - before

    assert seconds() < 6
    assert seconds() < 2
    initial = InitialPasswords(paths.INITIAL_PASSWORDS).all()
    assert initial.keys() == listed.members.keys() - {"mal"}
    assert len(set(initial.values())) == 1000
    with orm.new_session_factory(paths.DATABASE)() as db:
        assert passwords.matches(initial["pupil999"], account(db, "pupil999").password)


def test_a_sign_up_under_a_name_is_void_once_the_list_has_it(found: Configuration, hashed: bytes) -> None:
    start.apply_userlist(replace(found, members=userlist.parse("zoe\n", "Mal")))
    with orm.new_session_factory(paths.DATABASE)() as db:
        db.add(UserInfo(username="wash", password=hashed, is_authorized=False))
        db.commit()

    start.apply_userlist(replace(found, members=userlist.parse("zoe\nwash\n", "Mal")))

    initial = InitialPasswords(paths.INITIAL_PASSWORDS).all()
    with orm.new_session_factory(paths.DATABASE)() as db:
        assert account(db, "wash").is_authorized
        assert passwords.matches(initial["wash"], account(db, "wash").password)


@pytest.mark.parametrize("name", ["zoe", "mal"], ids=["an initial password", "a password of their own"])
def test_who_is_listed_and_was_locked_out_is_let_in_with_the_same_password(found: Configuration, name: str) -> None:
    listed = replace(found, members=userlist.parse("zoe\n", "Mal"))
    start.apply_userlist(listed)
    with orm.new_session_factory(paths.DATABASE)() as db:
        orm.User.find(db, "mal").last_activity = datetime.now(UTC)
        account(db, name).is_authorized = False
        db.commit()
        before = account(db, name).password
    start.apply_userlist(listed)
    with orm.new_session_factory(paths.DATABASE)() as db:
        assert (account(db, name).is_authorized, account(db, name).password) == (True, before)


def test_a_stranger_does_not_get_a_listed_name_whose_user_was_deleted(found: Configuration, hashed: bytes) -> None:
    """Older versions let visitors sign up under it: the hub must not authorise that account."""
    listed = replace(found, members=userlist.parse("zoe\n", "Mal"))
    start.apply_userlist(listed)
    with orm.new_session_factory(paths.DATABASE)() as db:
        db.delete(orm.User.find(db, "zoe"))
        db.delete(account(db, "zoe"))
        db.add(UserInfo(username="zoe", password=hashed, is_authorized=False))
        db.commit()
    InitialPasswords(paths.INITIAL_PASSWORDS).forget("zoe")
    start.apply_userlist(listed)
    with orm.new_session_factory(paths.DATABASE)() as db:
        assert account(db, "zoe").password != hashed
        assert account(db, "zoe").is_authorized
    assert InitialPasswords(paths.INITIAL_PASSWORDS).all().keys() == {"zoe"}
