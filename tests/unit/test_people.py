"""What `make users`, `make password` and `make token` do."""

from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pytest
from jupyterhub import orm
from nativeauthenticator.orm import UserInfo
from sqlalchemy.orm import Session

from host import users as table
from host.servers import Server
from host.volumes import Volume
from hub.admin import __main__ as admin
from hub.admin import users
from hub.errors import OperatorError
from hub.sign_in.native import accounts, passwords
from hub.sign_in.native.passwords import InitialPasswords
from hub.users import roster, userlist

CERTIFICATES = import_module("examples.kernel-gateway.certificate_volumes")


@pytest.fixture
def crew(db: Session, hashed: bytes) -> Session:
    """Return the database with three users, and one who has signed up."""
    members = userlist.parse("zoe crew\nmal admin captains crew\nwash\n")
    roster.apply(db, members, roster.History().with_members(members))
    for name in members:
        accounts.create(db, name, hashed)
    db.add(UserInfo(username="jayne", password=hashed, is_authorized=False))
    db.commit()
    return db


def test_what_the_hub_knows(crew: Session) -> None:
    mal = orm.User.find(crew, "mal")
    mal.last_activity = datetime(2517, 9, 20, 20, 5, 59)
    crew.add(orm.Spawner(name="", user=mal, server=orm.Server()))
    crew.add(orm.Spawner(name="", user=orm.User.find(crew, "zoe")))
    crew.commit()
    rows = users.rows(crew, {"zoe": "initial", "jayne": "old"}, {"wash"})
    found = {row.pop("name"): tuple(row.values()) for row in rows}
    assert found == {
        "jayne": (False, [], "", False, "old", "waits for approval"),
        "mal": (True, ["captains", "crew"], "2517-09-20 20:05", True, "", ""),
        "wash": (False, [], "never", False, "", "removed from the userlist"),
        "zoe": (False, ["crew"], "never", False, "initial", ""),
    }


def test_a_server_under_a_name_counts_as_running(crew: Session) -> None:
    zoe = orm.User.find(crew, "zoe")
    crew.add_all([orm.Spawner(name="", user=zoe), orm.Spawner(name="gpu", user=zoe, server=orm.Server())])
    crew.commit()
    assert {row["name"]: row["running"] for row in users.rows(crew, {}, set())}["zoe"]


def test_a_row_has_what_the_docker_host_knows(crew: Session) -> None:
    zoe = next(row for row in users.rows(crew, {}, set()) if row["name"] == "zoe")
    owned = [Volume("jupyterhub-user-zoe", 5 * 1024**2, 0)]
    assert table.row(zoe, owned, ["", "older image"]) == ("zoe", "", "crew", "never", "", "5M", "", "older image")
    removed = zoe | {"note": "removed"}
    assert table.row(removed, owned, ["older image"])[7] == "removed"


def test_notes_of_servers_are_said_once() -> None:
    servers = [Server("zoe", "", ("older image", "older settings")), Server("zoe", "gpu", ("older image",))]
    assert list(table.server_notes("zoe", servers)) == ["older image", "older settings"]
    assert list(table.server_notes("mal", servers)) == []


def test_a_volume_from_before_a_limit_is_noted() -> None:
    limited, unlimited = Volume("a", 4, 1024), Volume("b", 4, 0)
    assert list(table.host_notes(1024, [limited])) == []
    assert list(table.host_notes(1024, [limited, unlimited])) == ["volume older than DISK_LIMIT"]


def test_volumes_without_a_user_are_listed() -> None:
    left = {"zoe": [Volume("jupyterhub-user-zoe", 1024**2, 0), Volume("jupyterhub-user-zoe--gpu", 1024**2, 0)]}
    assert table.left_over(left).splitlines()[1:] == ["  jupyterhub-user-zoe  1M", "  jupyterhub-user-zoe--gpu  1M"]
    assert table.left_over({}) == ""


def test_notes_of_certificates() -> None:
    ends = {"zoe": "2517-01-01T00:00:00+00:00", "o-2ehara": "2026-09-20T00:00:00+00:00", "wash": ""}
    notes = CERTIFICATES.notes_of(ends, datetime(2026, 9, 1, tzinfo=UTC))
    assert notes == {"zoe": "", "o-2ehara": "client certificate until 2026-09-20"}
    assert "expired on 2026-09-20" in CERTIFICATES.notes_of(ends, datetime(2026, 10, 1, tzinfo=UTC))["o-2ehara"]
    of_overlays = [{"": "no client certificate"} | notes]
    found = {name: next(table.overlay_notes(name, of_overlays)) for name in ("zoe", "o.hara", "wash")}
    assert found == {"zoe": "", "o.hara": "client certificate until 2026-09-20", "wash": "no client certificate"}


def test_table_leaves_empty_columns_out() -> None:
    lines = [("zoe", "", "", "never", "", "", "", ""), ("washburne", "", "crew", "never", "", "", "", "")]
    assert table.table(lines).splitlines() == [
        "name       groups  last activity (UTC)",
        "zoe                never",
        "washburne  crew    never",
    ]


def test_table_of_everything() -> None:
    line = tuple("abcdefgh")
    header, row = table.table([line]).splitlines()
    assert [header.index(title) for title in table.COLUMNS] == [row.index(cell) for cell in line]


def test_csv_has_all_columns_and_no_formula() -> None:
    lines = [
        ("zoe", "admin", "=HYPERLINK(1) crew", "never", "", "1M", "", 'says "a, b"'),
        ("wash", "", "@x", "never", "", "", "-1", "+2"),
    ]
    assert table.as_csv(lines).split("\n") == [
        "name,admin,groups,last_activity,server,files,initial_password,note",
        'zoe,admin,\'=HYPERLINK(1) crew,never,,1M,,"says ""a, b"""',
        "wash,,'@x,never,,,'-1,'+2",
    ]
    assert len(table.CSV_COLUMNS) == len(table.COLUMNS)


def test_users_of_a_group() -> None:
    users = [{"name": "zoe", "groups": ["crew"]}, {"name": "wash", "groups": ["crew", "été"]}]
    found = {group: [user["name"] for user in table.of_group(users, group)] for group in ("", "Crew", "e\u0301té")}
    assert found == {"": ["zoe", "wash"], "Crew": ["zoe", "wash"], "e\u0301té": ["wash"]}
    with pytest.raises(OperatorError, match="'pilots'") as raised:
        table.of_group(users, "pilots")
    assert "crew" in raised.value.fix


@pytest.mark.parametrize("name", ["wash", "WASH", " wash "])
def test_set_password(crew: Session, tmp_path: Path, name: str) -> None:
    initial = InitialPasswords(tmp_path / "initial-passwords")
    first, second = (admin.set_password(crew, name, initial) for _ in range(2))
    assert first != second
    assert initial.all() == {"wash": second}
    account = accounts.find(crew, "wash")
    assert account is not None
    assert passwords.matches(second, account.password)


def test_a_new_password_authorises_a_listed_name(crew: Session, tmp_path: Path) -> None:
    admin.set_password(crew, "jayne", InitialPasswords(tmp_path), {"jayne", "kaylee"})
    assert accounts.find(crew, "jayne").is_authorized


def test_a_listed_name_without_an_account_gets_one(crew: Session, tmp_path: Path) -> None:
    """Its user was deleted in the console."""
    password = admin.set_password(crew, "Kaylee", InitialPasswords(tmp_path), {"jayne", "kaylee"})
    assert accounts.find(crew, "kaylee").is_authorized
    assert passwords.matches(password, accounts.find(crew, "kaylee").password)


def test_administrators_who_can_sign_in(crew: Session) -> None:
    assert users.administrators(crew) == {"mal"}
    accounts.find(crew, "mal").is_authorized = False
    crew.commit()
    assert users.administrators(crew) == set()
    assert users.administrators(crew, native=False) == {"mal"}


def test_a_new_password_is_no_approval(crew: Session, tmp_path: Path) -> None:
    admin.set_password(crew, "jayne", InitialPasswords(tmp_path))
    account = accounts.find(crew, "jayne")
    assert account is not None
    assert not account.is_authorized


@pytest.mark.parametrize("name", ["nobody", "", "wash kaylee"])
def test_set_password_of_nobody(crew: Session, tmp_path: Path, name: str) -> None:
    with pytest.raises(admin.UnknownUserError):
        admin.set_password(crew, name, InitialPasswords(tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "owner"), [("", "mal"), ("wash", "wash"), ("WASH", "wash")])
def test_new_token(crew: Session, name: str, owner: str) -> None:
    token = admin.new_token(crew, name)
    found = orm.APIToken.find(crew, token)
    assert found is not None
    assert found.user.name == owner
    assert found.scopes == ["inherit"]
    assert found.note == "make token"
    assert admin.new_token(crew, name) != token


@pytest.mark.parametrize("name", ["nobody", "jayne"], ids=["unknown", "signed up, but no user yet"])
def test_new_token_of_nobody(crew: Session, name: str) -> None:
    with pytest.raises(admin.UnknownUserError):
        admin.new_token(crew, name)


def test_new_token_without_an_administrator(db: Session) -> None:
    with pytest.raises(admin.UnknownUserError):
        admin.new_token(db, "")
