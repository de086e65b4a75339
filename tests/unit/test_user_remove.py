"""Who is removed by `make user-remove`, and who is not."""

from typing import Any

import pytest

from host import user_remove
from hub.errors import OperatorError

ANNA: dict[str, Any] = {"name": "anna", "groups": ["7a"], "note": "removed from the userlist"}
BEN: dict[str, Any] = {"name": "ben", "groups": ["7a"], "note": ""}
ZOE: dict[str, Any] = {"name": "zoe", "groups": [], "note": "removed from the userlist"}
KNOWN = [ANNA, BEN, ZOE]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"USER": "Anna"}, ["anna"]),
        ({"GROUP": "7A"}, ["anna", "ben"]),
        ({"LEFT": "1"}, ["anna", "zoe"]),
        ({"USER": "o.hara"}, ["o.hara"]),  # a volume is all that is left
    ],
)
def test_who_is_meant(options: dict[str, str], found: list[str]) -> None:
    assert [user["name"] for user in user_remove.chosen(KNOWN, options, {"o-2ehara"})] == found


@pytest.mark.parametrize("options", [{"USER": "nobody"}, {"GROUP": "7b"}])
def test_nobody_is_an_error(options: dict[str, str]) -> None:
    with pytest.raises(OperatorError):
        user_remove.chosen(KNOWN, options, set())


def test_without_leavers_there_is_nothing_to_do() -> None:
    with pytest.raises(OperatorError):
        user_remove.chosen([BEN], {"LEFT": "1"}, set())


@pytest.mark.parametrize(
    ("written", "running", "fix"),
    [
        (["ben"], ["ben"], "delete the lines"),
        (["ben"], [], "delete the lines"),
        ([], ["ben"], "make build && docker compose up -d, then repeat"),
    ],
)
def test_listed_users_are_refused(written: list[str], running: list[str], fix: str) -> None:
    with pytest.raises(OperatorError, match="ben") as raised:
        user_remove.refuse_listed(["anna", "ben"], dict.fromkeys(written), running)
    assert fix in raised.value.fix
    user_remove.refuse_listed(["anna"], dict.fromkeys(written), running)
