"""What `make users`, `make password` and `make token` do."""

import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from jupyterhub import orm
from nativeauthenticator.orm import UserInfo
from sqlalchemy.orm import Session

from host.disk_use import Volume
from host.report import HostReport
from hub.servers.stale import Server
from hub.sign_in.native import accounts, passwords
from hub.sign_in.native.passwords import InitialPasswords
from hub.users import roster, userlist

REPOSITORY = Path(__file__).parents[2]


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


def test_rows(crew: Session) -> None:
    mal = orm.User.find(crew, "mal")
    mal.last_activity = datetime(2517, 9, 20, 20, 5, 59)
    crew.add(orm.Spawner(name="", user=mal, server=orm.Server()))
    crew.add(orm.Spawner(name="", user=orm.User.find(crew, "zoe")))
    crew.commit()
    assert list(people.rows(crew, {"zoe": "initial-of-zoe", "jayne": "old"}, {"wash"})) == [
        ("jayne", "", "", "", "", "", "old", "waits for approval"),
        ("mal", "admin", "captains crew", "2517-09-20 20:05", "running", "", "", ""),
        ("wash", "", "", "never", "", "", "", "removed from the userlist"),
        ("zoe", "", "crew", "never", "", "", "initial-of-zoe", ""),
    ]


def test_rows_where_the_gateway_wants_certificates(crew: Session) -> None:
    crew.add(orm.User(name="o.hara"))
    crew.commit()
    certificates = {"zoe": "", "o-2ehara": "client certificate expired on 2517-09-20", "wash": ""}
    host = HostReport(certificates=certificates)
    assert {row[0]: row[7] for row in people.rows(crew, {}, {"wash"}, host=host)} == {
        "jayne": "waits for approval",
        "mal": "no client certificate",
        "o.hara": "client certificate expired on 2517-09-20",
        "wash": "removed from the userlist",
        "zoe": "",
    }


def test_rows_have_what_the_docker_host_knows(crew: Session) -> None:
    host = HostReport(
        volumes={"zoe": [Volume("jupyterhub-user-zoe", 5 * 1024**2, 0)]},
        servers=[Server("zoe", "", ("older image", "older settings")), Server("zoe", "gpu", ("older image",))],
    )
    found = {row[0]: (row[5], row[7]) for row in people.rows(crew, {}, set(), host=host)}
    assert found["zoe"] == ("5M", "older image, older settings")
    assert found["mal"] == ("", "")


def test_a_server_under_a_name_counts_as_running(crew: Session) -> None:
    zoe = orm.User.find(crew, "zoe")
    crew.add_all([orm.Spawner(name="", user=zoe), orm.Spawner(name="gpu", user=zoe, server=orm.Server())])
    crew.commit()
    assert {row[0]: row[4] for row in people.rows(crew, {}, set())}["zoe"] == "running"


def test_table_leaves_empty_columns_out() -> None:
    lines = [("zoe", "", "", "never", "", "", "", ""), ("washburne", "", "crew", "never", "", "", "", "")]
    assert people.table(lines).splitlines() == [
        "name       groups  last activity (UTC)",
        "zoe                never",
        "washburne  crew    never",
    ]


def test_table_of_everything() -> None:
    line = tuple("abcdefgh")
    header, row = people.table([line]).splitlines()
    assert [header.index(title) for title in people.COLUMNS] == [row.index(cell) for cell in line]


@pytest.mark.parametrize("name", ["wash", "WASH", " wash "])
def test_set_password(crew: Session, tmp_path: Path, name: str) -> None:
    initial = InitialPasswords(tmp_path / "initial-passwords")
    first, second = (people.set_password(crew, name, initial) for _ in range(2))
    assert first != second
    assert initial.all() == {"wash": second}
    account = accounts.find(crew, "wash")
    assert account is not None
    assert passwords.matches(second, account.password)


def test_a_new_password_is_no_approval(crew: Session, tmp_path: Path) -> None:
    people.set_password(crew, "jayne", InitialPasswords(tmp_path))
    account = accounts.find(crew, "jayne")
    assert account is not None
    assert not account.is_authorized


@pytest.mark.parametrize("name", ["nobody", "", "wash kaylee"])
def test_set_password_of_nobody(crew: Session, tmp_path: Path, name: str) -> None:
    with pytest.raises(LookupError):
        people.set_password(crew, name, InitialPasswords(tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "owner"), [("", "mal"), ("wash", "wash"), ("WASH", "wash")])
def test_new_token(crew: Session, name: str, owner: str) -> None:
    token = people.new_token(crew, name)
    found = orm.APIToken.find(crew, token)
    assert found is not None
    assert found.user.name == owner
    assert found.scopes == ["inherit"]
    assert found.note == "make token"
    assert people.new_token(crew, name) != token


@pytest.mark.parametrize("name", ["nobody", "jayne"], ids=["unknown", "signed up, but no user yet"])
def test_new_token_of_nobody(crew: Session, name: str) -> None:
    with pytest.raises(LookupError):
        people.new_token(crew, name)


def test_new_token_without_an_administrator(db: Session) -> None:
    with pytest.raises(LookupError):
        people.new_token(db, "")


def test_a_password_of_whom() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hub.people", "password"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "make password USER=name" in done.stderr
    assert done.stdout == ""
