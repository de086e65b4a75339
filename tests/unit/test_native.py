"""The authenticator with a real database and real bcrypt, configured as the hub configures it."""

import asyncio
import statistics
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from jupyterhub import orm
from jupyterhub.apihandlers import APIHandler
from nativeauthenticator.orm import UserInfo
from sqlalchemy.orm import Session
from tornado import web
from traitlets.config import Config

from hub import configuration, paths
from hub.admin import __main__ as admin
from hub.sign_in import config as sign_in_config
from hub.sign_in.native import accounts
from hub.sign_in.native.authenticator import LOCKED, AccountAuthenticator
from hub.sign_in.native.first_sign_in import FirstLoginHandler
from hub.sign_in.native.handlers import REPLACED
from hub.sign_in.native.lockout import Lockout
from hub.users import userlist
from hub.users.roster import History

TOKENS = {"CONFIGPROXY_AUTH_TOKEN": "c" * 64, "JUPYTERHUB_HEALTH_TOKEN": "f" * 64}
REMOVED = "saffron"
WRONG = "not the password"
GOOD = "big damn heroes"

type Make = Callable[..., AccountAuthenticator]


class Clock:
    """Seconds that pass when the test says so."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def make(db: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Return a function that makes the authenticator for some settings, as the hub does."""
    monkeypatch.setattr(paths, "INITIAL_PASSWORDS", tmp_path / "initial-passwords")
    monkeypatch.setattr(paths, "HISTORY", tmp_path / "history.json")
    History(frozenset({"mal", "wash", REMOVED})).save(paths.HISTORY)

    def make(**given: str) -> AccountAuthenticator:
        config = Config()
        members = userlist.parse("mal admin\nwash\nkaylee\n")
        sign_in_config.configure(config, replace(configuration.settings(TOKENS | given), members=members))
        return config.JupyterHub.authenticator_class(config=config, _deprecated_db_session=db)

    return make


@pytest.fixture
def authenticator(make: Make, db: Session, hashed: bytes) -> AccountAuthenticator:
    """Return the authenticator; mal, wash and the removed one have accounts, river waits for approval."""
    for name in ("mal", "wash", REMOVED):
        db.add(orm.User(name=name))
        accounts.create(db, name, hashed)
    db.add(UserInfo(username="river", password=hashed, is_authorized=False))
    db.commit()
    return make()


async def sign_in(authenticator: AccountAuthenticator, name: str, password: str) -> str | None:
    """Send the form; return the name or None, or "locked" or "refused" for the two errors."""
    try:
        return await authenticator.authenticate(None, {"username": name, "password": password})
    except web.HTTPError as error:
        assert error.status_code == 403
        return "locked" if error.log_message == LOCKED else "refused"


@pytest.mark.parametrize("name", ["wash", "WASH"])
async def test_right_password(authenticator: AccountAuthenticator, password: str, name: str) -> None:
    assert await sign_in(authenticator, name, password) == "wash"


@pytest.mark.parametrize(
    "name",
    ["wash", "nobody", "river", REMOVED, "", "wash ", "wa\0sh", "w" * 100_000],
    ids=lambda text: ascii(text)[:30],
)
async def test_wrong_name_or_password(authenticator: AccountAuthenticator, name: str) -> None:
    assert await sign_in(authenticator, name, WRONG) is None


@pytest.mark.parametrize(
    "wrong", ["", "q" * 73, "q" * 100_000, "mal reynolds 2517\0", "mal reynolds 251", "\0"], ids=ascii
)
async def test_odd_passwords(authenticator: AccountAuthenticator, wrong: str) -> None:
    assert await sign_in(authenticator, "wash", wrong) is None


async def test_a_form_without_fields(authenticator: AccountAuthenticator) -> None:
    assert await authenticator.authenticate(None, {}) is None


async def test_who_waits_for_approval_is_told_so(authenticator: AccountAuthenticator, password: str) -> None:
    with pytest.raises(web.HTTPError, match="river has not been authorized") as raised:
        await authenticator.authenticate(None, {"username": "river", "password": password})
    assert raised.value.status_code == 403
    assert await sign_in(authenticator, "river", WRONG) is None, "only with the right password"


async def test_what_the_hub_makes_of_a_sign_in(authenticator: AccountAuthenticator, password: str) -> None:
    async def sign_in(name: str) -> dict | None:
        return await authenticator.get_authenticated_user(None, {"username": name, "password": password})

    mal, wash, removed = [await sign_in(name) for name in ("MAL", "wash", REMOVED)]
    assert mal is not None
    assert (mal["name"], mal["admin"]) == ("mal", True)
    assert wash is not None
    assert (wash["name"], wash["admin"]) == ("wash", None)
    assert removed is None


async def test_a_password_of_another_process_counts_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hashed: bytes, password: str
) -> None:
    monkeypatch.setattr(paths, "INITIAL_PASSWORDS", tmp_path / "initial-passwords")
    sessions = orm.new_session_factory(f"sqlite:///{tmp_path}/jupyterhub.sqlite")
    with sessions() as hub, sessions() as make_password:
        accounts.create(hub, "wash", hashed)
        authenticator = AccountAuthenticator(_deprecated_db_session=hub)
        assert await sign_in(authenticator, "wash", password) == "wash"
        new = admin.set_password(make_password, "wash", authenticator.initial_passwords)
        assert await sign_in(authenticator, "wash", password) is None
        assert await sign_in(authenticator, "wash", new) == "wash"


@pytest.mark.parametrize("name", ["wash", "nobody"])
async def test_five_attempts_then_ten_minutes_none(
    authenticator: AccountAuthenticator, password: str, name: str
) -> None:
    clock = Clock()
    authenticator.lockout = Lockout(clock)
    assert [await sign_in(authenticator, name, WRONG) for _ in range(7)] == [None] * 5 + ["locked"] * 2
    assert await sign_in(authenticator, name, password) == "locked"
    assert await sign_in(authenticator, name.upper(), password) == "locked"
    clock.now += 600
    assert await sign_in(authenticator, name, password) == ("wash" if name == "wash" else None)


async def test_attempts_at_the_same_time(authenticator: AccountAuthenticator) -> None:
    results = await asyncio.gather(*(sign_in(authenticator, "wash", WRONG) for _ in range(8)))
    assert sorted(results, key=str) == [None] * 5 + ["locked"] * 3


async def test_a_new_password_unlocks(authenticator: AccountAuthenticator, db: Session) -> None:
    for _ in range(6):
        authenticator.lockout.admit("wash", accounts.find(db, "wash").password)
    assert await sign_in(authenticator, "wash", WRONG) == "locked"
    new = admin.set_password(db, "wash", authenticator.initial_passwords)
    assert await sign_in(authenticator, "wash", new) == "wash"


async def test_long_names_do_not_fill_the_memory(authenticator: AccountAuthenticator) -> None:
    await sign_in(authenticator, "nobody", WRONG)
    tracemalloc.start()
    try:
        for number in range(4):
            await sign_in(authenticator, f"{number}" + "x" * 1_000_000, WRONG)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1_000_000


@pytest.mark.parametrize("name", ["wash", "inara"], ids=["own password", "initial password"])
async def test_an_unknown_name_takes_as_much_work_as_a_known_one(
    authenticator: AccountAuthenticator, name: str
) -> None:
    """Seconds of the processor, not of the clock: other programs do not disturb them."""
    await authenticator.add_user(orm.User(name="inara"))

    async def work(name: str) -> float:
        before = time.process_time()
        await sign_in(authenticator, name, WRONG)
        return time.process_time() - before

    await work("warm up")
    known, unknown = zip(*[(await work(name), await work(f"nobody{number}")) for number in range(3)], strict=True)
    assert 0.5 < statistics.median(unknown) / statistics.median(known) < 2


@pytest.mark.parametrize("what", ["sign in", "sign up", "change password", "has password"])
async def test_the_hub_does_other_things_meanwhile(
    authenticator: AccountAuthenticator, db: Session, password: str, what: str
) -> None:
    match what:
        case "sign in":
            doing = sign_in(authenticator, "wash", password)
        case "sign up":
            doing = authenticator.sign_up("inara", password)
        case "change password":
            doing = authenticator.change_password("wash", password)
        case _:
            doing = authenticator.has_password("wash", password)
    task = asyncio.ensure_future(doing)
    turns = 0
    while not task.done():
        await asyncio.sleep(0)
        turns += 1
    await task
    assert turns > 100, "a check in the event loop leaves it a handful of turns"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("mal", "already in use"),  # listed, an administrator
        ("kaylee", "already in use"),  # listed; the user was deleted in the console
        ("wash", "already in use"),
        ("WASH", "already in use"),
        (" wash ", "already in use"),
        (REMOVED, "already in use"),  # removed from the userlist
        ("river", "already in use"),  # waits for approval
        ("", "cannot"),
        ("   ", "cannot"),
        ("jayne cobb", "cannot"),
        ("jayne,cobb", "cannot"),
        ("jayne/cobb", "cannot"),
        ("..", "cannot"),
        ("%2e%2e", "cannot"),
        ("jayne\nmal", "cannot"),
        ("jayne\tcobb", "cannot"),
        ("jayne\x1b[2J", "cannot"),  # would act on the terminal that `make users` prints to
        ("jayne\x00", "cannot"),
        ("j" * 129, "longer than"),
        ("ë" * 100, "longer than"),  # escaped, it does not fit into the name of a volume: no server could start
    ],
    ids=lambda text: ascii(text)[:30],
)
async def test_names_that_nobody_can_sign_up_under(
    authenticator: AccountAuthenticator, db: Session, name: str, reason: str
) -> None:
    before = {info.username: info.password for info in db.query(UserInfo)}
    complaint, message = await authenticator.sign_up(name, GOOD)
    assert complaint is not None
    assert reason in complaint
    assert message == ""
    assert {info.username: info.password for info in db.query(UserInfo)} == before


async def test_a_user_without_an_account_cannot_be_taken_over(authenticator: AccountAuthenticator, db: Session) -> None:
    db.add(orm.User(name="inara"))
    db.commit()
    complaint, _ = await authenticator.sign_up("inara", GOOD)
    assert complaint is not None
    assert accounts.find(db, "inara") is None


async def test_a_removed_name_is_not_free_even_when_its_account_is_deleted(make: Make, db: Session) -> None:
    complaint, _ = await make().sign_up(REMOVED, GOOD)
    assert complaint is not None
    assert accounts.find(db, REMOVED) is None


@pytest.mark.parametrize(
    ("password", "reason"),
    [("serenit", "at least 8"), ("q" * 73, "72 bytes"), ("ë" * 37, "72 bytes"), ("password", "most common")],
    ids=["7 characters", "73 bytes", "74 bytes", "common"],
)
async def test_passwords_that_are_not_good_enough(
    authenticator: AccountAuthenticator, db: Session, hashed: bytes, password: str, reason: str
) -> None:
    complaint, _ = await authenticator.sign_up("jayne", password)
    assert complaint is not None
    assert reason in complaint
    assert accounts.find(db, "jayne") is None
    changed = await authenticator.change_password("wash", password)
    assert changed is not None
    assert reason in changed
    assert accounts.find(db, "wash").password == hashed


@pytest.mark.parametrize(
    ("demo", "result", "told"), [("false", "refused", "administrator's approval"), ("true", "jayne", "sign in now")]
)
async def test_sign_up(make: Make, demo: str, result: str, told: str) -> None:
    authenticator = make(NATIVE_OPEN_SIGNUP=demo)
    reason, message = await authenticator.sign_up(" Jayne ", GOOD)
    assert reason is None
    assert told in message
    assert await sign_in(authenticator, "jayne", GOOD) == result


async def test_two_sign_up_at_once_under_the_same_name(authenticator: AccountAuthenticator, db: Session) -> None:
    results = await asyncio.gather(
        authenticator.sign_up("jayne", "vera is a gun"), authenticator.sign_up("Jayne", "a cunning hat")
    )
    assert [reason is None for reason, _ in results].count(True) == 1
    assert db.query(UserInfo).filter_by(username="jayne").count() == 1


async def test_change_password_forgets_the_initial_one(authenticator: AccountAuthenticator, password: str) -> None:
    authenticator.initial_passwords.keep("wash", password)
    assert await authenticator.has_password("Wash", password)
    assert await authenticator.change_password("Wash", "too bad") is not None
    assert authenticator.initial_passwords.all() == {"wash": password}
    assert await authenticator.change_password("Wash", GOOD) is None
    assert authenticator.initial_passwords.all() == {}
    assert await sign_in(authenticator, "wash", password) is None
    assert await sign_in(authenticator, "wash", GOOD) == "wash"


async def test_the_form_to_change_a_password_is_no_way_round_the_lock(
    authenticator: AccountAuthenticator, password: str
) -> None:
    assert [await authenticator.has_password("wash", WRONG) for _ in range(5)] == [False] * 5
    assert not await authenticator.has_password("wash", password)
    assert await sign_in(authenticator, "wash", password) == "locked"
    assert not await authenticator.has_password("nobody", password)


async def test_add_user_makes_an_account(authenticator: AccountAuthenticator, db: Session) -> None:
    await authenticator.add_user(orm.User(name="inara"))
    initial = authenticator.initial_passwords.all()
    assert initial.keys() == {"inara"}
    assert await sign_in(authenticator, "inara", initial["inara"]) == "inara"
    await authenticator.add_user(orm.User(name="inara"))
    assert authenticator.initial_passwords.all() == initial


async def test_the_hub_does_other_things_while_many_users_are_added(authenticator: AccountAuthenticator) -> None:
    async def add() -> None:
        for number in range(50):
            await authenticator.add_user(orm.User(name=f"pupil{number}"))

    task = asyncio.ensure_future(add())
    turns = 0
    while not task.done():
        await asyncio.sleep(0)
        turns += 1
    await task
    assert turns > 50, "at least one for each of them"


@pytest.mark.parametrize(
    ("name", "asked_by", "reason"),
    [
        ("wash", "mal", "the userlist has this name"),
        ("mal", "mal", "the userlist has this name"),
        ("inara", "inara", "cannot unauthorize yourself"),
        ("inara", "mal", None),
        ("river", "mal", None),
    ],
)
async def test_who_stays_authorised(
    authenticator: AccountAuthenticator, name: str, asked_by: str, reason: str | None
) -> None:
    await authenticator.add_user(orm.User(name="inara"))
    refused = authenticator.refusal(authenticator.get_user(name), asked_by)
    assert reason in refused if reason and refused else refused is reason


async def test_the_last_administrator_stays_authorised(authenticator: AccountAuthenticator, db: Session) -> None:
    for name in ("inara", "book"):
        user = orm.User(name=name, admin=True)
        db.add(user)
        await authenticator.add_user(user)
    assert authenticator.refusal(authenticator.get_user("inara"), "book") is None
    authenticator.get_user("book").is_authorized = False
    db.commit()
    refused = authenticator.refusal(authenticator.get_user("inara"), "a service")
    assert refused is not None
    assert "last administrator" in refused


@pytest.mark.parametrize(("name", "authorised"), [("wash", True), ("river", False)])
async def test_add_user_leaves_an_account_alone(
    authenticator: AccountAuthenticator, db: Session, hashed: bytes, name: str, authorised: bool
) -> None:
    await authenticator.add_user(orm.User(name=name))
    account = accounts.find(db, name)
    assert account is not None
    assert (account.password, account.is_authorized) == (hashed, authorised)
    assert authenticator.initial_passwords.all() == {}


async def test_somebody_signs_up_while_an_administrator_adds_the_name(
    authenticator: AccountAuthenticator, db: Session
) -> None:
    signing_up = asyncio.create_task(authenticator.sign_up("inara", GOOD))
    await asyncio.sleep(0)
    user = orm.User(name="inara")
    db.add(user)
    db.commit()
    await authenticator.add_user(user)
    reason, _ = await signing_up
    assert reason is not None
    assert db.query(UserInfo).filter_by(username="inara").count() == 1
    assert await sign_in(authenticator, "inara", authenticator.initial_passwords.all()["inara"]) == "inara"


@pytest.mark.parametrize("name", ["..", "a b", "a/b"])
async def test_add_user_refuses_odd_names(authenticator: AccountAuthenticator, name: str) -> None:
    with pytest.raises(ValueError, match="Invalid username"):
        await authenticator.add_user(orm.User(name=name))
    assert authenticator.initial_passwords.all() == {}


async def test_delete_user_deletes_the_account(authenticator: AccountAuthenticator, db: Session) -> None:
    user = orm.User(name="inara")
    await authenticator.add_user(user)
    authenticator.delete_user(user)
    assert accounts.find(db, "inara") is None
    assert authenticator.initial_passwords.all() == {}


@pytest.mark.parametrize("given", ["true", "false"])
def test_sign_up_follows_the_settings(make: Make, given: str) -> None:
    assert make(NATIVE_SIGNUP=given).enable_signup is (given == "true")
    assert make(NATIVE_OPEN_SIGNUP=given).open_signup is (given == "true")


def test_every_page_that_is_replaced_is_there(make: Make) -> None:
    handlers = dict(make().get_handlers(None))
    assert {path: handlers.get(path) for path in REPLACED} == REPLACED


def test_the_page_for_initial_passwords_is_a_setting(make: Make) -> None:
    on = dict(make(NATIVE_CHANGE_INITIAL_PASSWORD="true").get_handlers(None))
    off = dict(make().get_handlers(None))
    assert on[r"/login"] is FirstLoginHandler
    assert on.keys() - off.keys() == {"/initial-password"}


@pytest.mark.parametrize(("setting", "has_to"), [("true", True), ("false", False)])
def test_who_has_to_choose_a_password(make: Make, setting: str, has_to: bool) -> None:
    authenticator = make(NATIVE_CHANGE_INITIAL_PASSWORD=setting)
    authenticator.initial_passwords.keep("wash", GOOD)
    assert (authenticator.has_to_choose("wash"), authenticator.has_to_choose("mal")) == (has_to, False)
    authenticator.initial_passwords.forget("wash")
    assert not authenticator.has_to_choose("wash")


@pytest.mark.parametrize("setting", ["true", "false"])
async def test_an_initial_password_is_good_for_a_token_unless_it_has_to_be_changed(
    make: Make, db: Session, setting: str
) -> None:
    authenticator = make(NATIVE_CHANGE_INITIAL_PASSWORD=setting)
    accounts.ensure(db, ["wash"], authenticator.initial_passwords)
    fields = {"username": "wash", "password": authenticator.initial_passwords.all()["wash"]}
    api = APIHandler.__new__(APIHandler)
    if setting == "true":
        with pytest.raises(web.HTTPError, match="choose a password of your own"):
            await authenticator.authenticate(api, fields)
    else:
        assert await authenticator.authenticate(api, fields) == "wash"
