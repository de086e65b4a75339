"""The userlist put into effect in the hub's real database."""

import json
from pathlib import Path

import pytest
from jupyterhub import orm
from sqlalchemy.orm import Session

from hub.users import roster, userlist
from hub.users.roster import History


class Roster:
    """The lists of one deployment, one after the other."""

    def __init__(self, db: Session) -> None:
        self.db = db
        self.history = History()

    def apply(self, text: str) -> None:
        """Put a list into effect, as a start of the hub does."""
        members = userlist.parse(text)
        self.history = self.history.with_members(members)
        roster.apply(self.db, members, self.history)

    def user(self, name: str) -> orm.User:
        """Return a user as the database has it."""
        self.db.expire_all()
        user = orm.User.find(self.db, name)
        assert user is not None, f"the database has no user {name}"
        return user

    def groups(self, name: str) -> set[str]:
        """Return the names of a user's groups."""
        return {group.name for group in self.user(name).groups}

    def roles(self, name: str) -> set[str]:
        """Return the names of a user's roles."""
        return {role.name for role in self.user(name).roles}


@pytest.fixture
def rosters(db: Session) -> Roster:
    """Return a deployment whose list is put into effect for the first time."""
    return Roster(db)


def add_in_console(db: Session, name: str, admin: bool = False) -> orm.User:
    """Add somebody as an administrator does in the console."""
    user = orm.User(name=name, admin=admin)
    if admin:
        user.roles.append(orm.Role.find(db, "admin"))
    db.add(user)
    db.commit()
    return user


def test_new_names_appear(rosters: Roster) -> None:
    rosters.apply("zoe admin\nwash pilots crew\n")
    assert rosters.user("zoe").admin
    assert not rosters.user("wash").admin
    assert rosters.groups("zoe") == set()
    assert rosters.groups("wash") == {"pilots", "crew"}


def test_a_database_without_roles(tmp_path: Path) -> None:
    """At the first start the hub has not made its roles yet."""
    with orm.new_session_factory(f"sqlite:///{tmp_path}/jupyterhub.sqlite")() as db:
        Roster(db).apply("zoe admin\nwash pilots\n")
    with orm.new_session_factory(f"sqlite:///{tmp_path}/jupyterhub.sqlite")() as db:
        assert {user.name: user.admin for user in db.query(orm.User)} == {"zoe": True, "wash": False}
        assert [group.name for group in db.query(orm.Group)] == ["pilots"]


def test_a_new_name_may_do_what_every_user_may(rosters: Roster) -> None:
    """The hub gives the role only at a sign-in; before, no token or server of the user may do anything."""
    rosters.apply("zoe admin\nwash\n")
    assert rosters.roles("wash") == {"user"}
    assert "user" in rosters.roles("zoe")


def test_the_same_list_again_changes_nothing(rosters: Roster) -> None:
    rosters.apply("zoe admin\nwash pilots\n")
    token = rosters.user("wash").new_api_token()
    cookie = rosters.user("wash").cookie_id
    rosters.apply("zoe admin\nwash pilots\n")
    assert rosters.db.query(orm.User).count() == 2
    assert rosters.user("wash").cookie_id == cookie
    assert orm.APIToken.find(rosters.db, token) is not None
    assert rosters.groups("wash") == {"pilots"}


def test_who_was_removed_is_signed_out_everywhere(rosters: Roster) -> None:
    rosters.apply("zoe admin\nwash admin\n")
    wash = rosters.user("wash")
    wash.roles.append(orm.Role.find(rosters.db, "admin"))
    tokens = [wash.new_api_token(), wash.new_api_token()]
    cookie = wash.cookie_id
    others_token, others_cookie = rosters.user("zoe").new_api_token(), rosters.user("zoe").cookie_id

    rosters.apply("zoe admin\n")
    assert [orm.APIToken.find(rosters.db, token) for token in tokens] == [None, None]
    assert rosters.user("wash").cookie_id != cookie
    assert not rosters.user("wash").admin
    assert "admin" not in rosters.roles("wash")
    assert rosters.history.removed(userlist.parse("zoe admin\n")) == {"wash"}
    assert rosters.user("zoe").cookie_id == others_cookie
    assert orm.APIToken.find(rosters.db, others_token) is not None


def test_who_is_listed_again_comes_back(rosters: Roster) -> None:
    rosters.apply("zoe admin\nwash admin pilots\n")
    number = rosters.user("wash").id
    rosters.apply("zoe admin\n")
    rosters.apply("zoe admin\nwash admin pilots\n")
    assert rosters.user("wash").id == number
    assert rosters.user("wash").admin
    assert rosters.groups("wash") == {"pilots"}
    assert rosters.history.removed(userlist.parse("zoe admin\nwash\n")) == set()


def test_who_lost_admin_is_no_administrator(rosters: Roster) -> None:
    rosters.apply("zoe admin\nwash admin\n")
    wash = rosters.user("wash")
    wash.roles.append(orm.Role.find(rosters.db, "admin"))
    token = wash.new_api_token()
    rosters.apply("zoe admin\nwash\n")
    assert not rosters.user("wash").admin
    assert "admin" not in rosters.roles("wash")
    assert orm.APIToken.find(rosters.db, token) is not None, "a token has its owner's rights: it need not go"


def test_who_lost_a_group_leaves_it(rosters: Roster) -> None:
    rosters.apply("zoe admin pilots\nwash pilots crew\n")
    rosters.apply("zoe admin pilots\nwash crew\n")
    assert rosters.groups("wash") == {"crew"}
    assert rosters.groups("zoe") == {"pilots"}


def test_a_group_that_nobody_is_listed_in_any_more_is_left(rosters: Roster) -> None:
    rosters.apply("zoe admin\nwash pilots\n")
    rosters.apply("zoe admin\nwash\n")
    assert rosters.groups("wash") == set()


def test_groups_made_in_the_console_stay(rosters: Roster) -> None:
    rosters.apply("zoe admin\nwash pilots\n")
    wash = rosters.user("wash")
    wash.groups.append(orm.Group(name="chess"))
    rosters.db.commit()
    rosters.apply("zoe admin\nwash\n")
    assert rosters.groups("wash") == {"chess"}


def test_a_group_that_exists_already_is_joined(rosters: Roster) -> None:
    rosters.db.add(orm.Group(name="pilots"))
    rosters.db.commit()
    rosters.apply("zoe admin\nwash pilots\n")
    assert rosters.groups("wash") == {"pilots"}
    assert rosters.db.query(orm.Group).count() == 1


def test_people_who_were_never_listed_stay_as_they_are(rosters: Roster) -> None:
    user = add_in_console(rosters.db, "inara", admin=True)
    user.groups.append(orm.Group(name="pilots"))
    token, cookie = user.new_api_token(), user.cookie_id
    rosters.apply("zoe admin\nwash pilots\n")
    rosters.apply("zoe admin\n")
    inara = rosters.user("inara")
    assert inara.admin
    assert inara.cookie_id == cookie
    assert rosters.roles("inara") == {"admin"}
    assert rosters.groups("inara") == {"pilots"}
    assert orm.APIToken.find(rosters.db, token) is not None


def test_somebody_of_the_console_may_be_listed_later(rosters: Roster) -> None:
    add_in_console(rosters.db, "inara", admin=True)
    rosters.apply("zoe admin\ninara envoys\n")
    assert not rosters.user("inara").admin
    assert rosters.roles("inara") <= {"user"}
    assert rosters.groups("inara") == {"envoys"}


def test_who_was_removed_and_deleted_does_not_come_back(rosters: Roster) -> None:
    rosters.apply("zoe admin\nwash\n")
    rosters.db.delete(rosters.user("wash"))
    rosters.db.commit()
    rosters.apply("zoe admin\n")
    assert [user.name for user in rosters.db.query(orm.User)] == ["zoe"]


def test_history_remembers_everybody_and_every_group() -> None:
    history = History().with_members(userlist.parse("zoe admin\nwash pilots\n"))
    history = history.with_members(userlist.parse("zoe admin crew\n"))
    assert history == History(frozenset({"zoe", "wash"}), frozenset({"pilots", "crew"}))


def test_history_is_kept_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    assert History.load(path) == History()
    for text in ("zoë admin\nwash pilots\n", "zoë admin crew\n"):
        history = History.load(path).with_members(userlist.parse(text))
        history.save(path)
        assert History.load(path) == history
    assert json.loads(path.read_text()) == {"names": ["wash", "zoë"], "groups": ["crew", "pilots"]}
    assert list(tmp_path.iterdir()) == [path], "nothing else is left in the directory"


def test_history_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    old = History(frozenset({"zoe"}), frozenset())
    old.save(path)
    in_the_way = path.with_suffix(".partial")
    in_the_way.mkdir()
    with pytest.raises(OSError, match="partial"):
        History(frozenset({"zoe", "wash"}), frozenset()).save(path)
    assert History.load(path) == old


def test_what_a_crash_left_of_the_history_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    path.with_suffix(".partial").write_text('{"names": ["zo')
    assert History.load(path) == History()
    History(frozenset({"zoe"})).save(path)
    assert History.load(path).names == {"zoe"}


def test_administrators_by_group_stay_as_long_as_the_setting_has_the_group(db: Session) -> None:
    for name in ("zoe", "jayne"):
        marks = {roster.ADMIN_GROUPS: ["captains"], roster.PROVIDER_GROUPS: ["captains", "crew"]}
        db.add(orm.User(name=name, admin=True, user_info=marks))
    db.commit()
    members = userlist.parse("mal admin\nzoe\n")
    history = roster.History().with_members(members)

    def admins(groups: set[str]) -> set[str]:
        roster.apply(db, members, history, groups)
        return {user.name for user in db.query(orm.User) if user.admin}

    assert admins({"captains", "others"}) == {"mal", "zoe", "jayne"}
    assert admins({"others"}) == {"mal"}


def test_a_group_that_the_provider_has_too_is_left_to_it(db: Session) -> None:
    members = userlist.parse("mal admin crew\nzoe\n")
    crew = orm.Group(name="crew")
    zoe = orm.User(name="zoe", user_info={roster.PROVIDER_GROUPS: ["crew"]}, groups=[crew])
    wash = orm.User(name="wash", groups=[crew])
    db.add_all([zoe, wash])
    db.commit()
    listed = userlist.parse("mal admin crew\nzoe\nwash\n")
    roster.apply(db, listed, roster.History().with_members(members | listed))
    assert {user.name for user in crew.users} == {"mal", "zoe"}
