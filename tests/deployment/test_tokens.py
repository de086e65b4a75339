"""`make token` and `make password`: for scripts, so the answer is alone on stdout, and for whom it was asked."""

import re

import pytest

from support.deployment import Deployment
from support.people import Visitor, users


def test_make_token_prints_an_administrators_token_alone(deployment: Deployment) -> None:
    stdout = deployment.make("token").stdout
    assert re.fullmatch(r"\w{20,}\n", stdout)
    me = deployment.api("GET", "/user", token=stdout.strip()).json()
    assert (me["name"], me["admin"]) == ("admin", True)
    assert {user["name"] for user in deployment.api("GET", "/users", token=stdout.strip()).json()} > {"alice", "bob"}


@pytest.mark.parametrize("name", ["alice", "ALICE"])
def test_a_users_token_has_the_users_rights_only(deployment: Deployment, name: str) -> None:
    token = deployment.make("token", f"USER={name}").stdout.strip()
    paths = ("/users", "/users/alice", "/users/bob", "/groups")
    statuses = {path: deployment.api("GET", path, token=token).status_code for path in paths}
    assert statuses == {"/users": 403, "/users/alice": 200, "/users/bob": 404, "/groups": 403}
    assert deployment.api("POST", "/users/bob/server", token=token).status_code in {403, 404}


def test_make_password_prints_an_initial_password_alone(deployment: Deployment) -> None:
    stdout = deployment.make("password", "USER=Alice").stdout
    assert re.fullmatch(r"[a-z]{7}(-[a-z]{7}){3}\n", stdout)
    assert users(deployment)["alice"]["initial password"] == stdout.strip()
    assert Visitor(deployment.url).sign_in("alice", stdout.strip()) == ""


@pytest.mark.parametrize(
    ("command", "cure"),
    [
        (["password"], "make password USER=name"),
        (["password", "USER="], "make password USER=name"),
        (["password", "USER=nobody-at-all"], "'make users' shows"),
        (["token", "USER=nobody-at-all"], "'make users' shows"),
    ],
)
def test_a_name_that_is_missing_is_asked_for(deployment: Deployment, command: list[str], cure: str) -> None:
    result = deployment.make(*command, env={"USER": "alice"}, check=False)
    assert result.returncode != 0
    assert result.stdout == ""
    assert "FAIL:" in result.stderr
    assert cure in result.stderr
