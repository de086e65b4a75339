"""A workshop's password for all users: what it opens, what it never opens, and which ones are refused."""

from collections.abc import Callable

import pytest

from support import sign_in_contract
from support.deployment import PREFIX, Deployment
from support.shared_password import ADMIN_PASSWORD, PASSWORD, SECRETS_FILE, SharedPassword
from support.sign_in import ALLOWED, Answer

LONG = "x" * 10_000
WRONG_PASSWORDS = {
    "empty": "",
    "blank": " ",
    "wrong": "not the password",
    "shorter": PASSWORD[:-1],
    "capitals": PASSWORD.upper(),
    "a blank in front": f" {PASSWORD}",
    "accents": "pässwörd",
    "a zero byte": "\x00",
    "long": LONG,
    "long and Cyrillic": "ж" * 10_000,
}
NO_NAMES = ["", " ", "a da", "ada/bob", "{username}", "<b>ada</b>", LONG, "ж" * 10_000]


@pytest.fixture(scope="module")
def provider(make_deployment: Callable[..., Deployment]) -> SharedPassword:
    """The deployment, running."""
    return SharedPassword.start(make_deployment(f"{PREFIX}workshop"))


@pytest.mark.usefixtures("no_traceback")
class TestForm:
    """What the form answers."""

    @pytest.fixture
    def wrong(self, provider: SharedPassword) -> Answer:
        """The answer to a wrong password, which is that to everything else that is wrong."""
        answer = provider.answer("zoe", "a guess")
        assert (answer.status, "password" in answer.message) == (403, True)
        return answer

    def test_wrong_passwords(self, provider: SharedPassword, wrong: Answer) -> None:
        for password in WRONG_PASSWORDS.values():
            assert {provider.answer(name, password) for name in ("zoe", "admin")} == {wrong}, repr(password[:40])

    def test_what_is_no_name(self, provider: SharedPassword, wrong: Answer) -> None:
        for name in NO_NAMES:
            assert provider.answer(name, PASSWORD) == wrong, repr(name[:40])

    def test_a_name_that_is_not_listed_needs_the_password_to_learn_that(
        self, provider: SharedPassword, wrong: Answer
    ) -> None:
        assert provider.answer("badger", "a guess") == wrong
        assert provider.answer("badger", PASSWORD).status == 403
        assert "badger" not in provider.users()

    @pytest.mark.parametrize("name", ["admin", "ADMIN", "simon"])
    def test_administrators_have_a_password_of_their_own(
        self, provider: SharedPassword, wrong: Answer, name: str
    ) -> None:
        assert provider.answer(name, PASSWORD) == wrong
        assert provider.session(name).get("/hub/admin").status_code == 200

    def test_no_other_user_has_it(self, provider: SharedPassword, wrong: Answer) -> None:
        assert provider.answer("zoe", ADMIN_PASSWORD) == wrong

    def test_case_blanks_and_accents_of_names(self, provider: SharedPassword) -> None:
        assert provider.answer(" WASH ", PASSWORD) == ALLOWED
        provider.add("josé")
        assert provider.answer("josé", PASSWORD) == ALLOWED


class TestList(sign_in_contract.ListContract):
    def test_who_is_no_administrator_any_more_has_the_password_of_all(self, provider: SharedPassword) -> None:
        assert provider.answer("simon", ADMIN_PASSWORD).status == 403
        assert provider.answer("simon", PASSWORD) == ALLOWED

    def test_the_open_door_is_none_for_administrators(self, provider: SharedPassword) -> None:
        provider.use(JUPYTERHUB_ALLOW_ALL="true")
        assert "JUPYTERHUB_ALLOW_ALL=true" in provider.deployment.make("build").stderr
        assert provider.answer("admin", PASSWORD).status == 403
        assert provider.answer("newcomer", "a guess").status == 403
        assert provider.session("newcomer").get("/hub/admin").status_code == 403


# --- Settings ---

BOTH = ("SHARED_PASSWORD", "SHARED_ADMIN_PASSWORD")


@pytest.mark.parametrize(
    ("shared", "admin", "names"),
    [
        ("7chars!", "only thirty-one characters long", BOTH),
        ("kräftiger", "ein Passwort für alle, die hier etwas zu sagen haben", BOTH),
        (ADMIN_PASSWORD, ADMIN_PASSWORD, BOTH),
        ("", "", BOTH),
        (PASSWORD, "", BOTH[1:]),
    ],
    ids=["short", "accents", "the same", "missing", "one missing"],
)
def test_bad_passwords_are_refused_by_name_and_not_shown(
    provider: SharedPassword, shared: str, admin: str, names: tuple[str, ...]
) -> None:
    provider.write_secrets(shared, admin)
    try:
        output = provider.refusal()
    finally:
        provider.write_secrets()
    assert [
        name for name in names if not any(name in line and SECRETS_FILE in line for line in output.splitlines())
    ] == []
    assert [name for name in BOTH if name not in names and f"{name} " in output] == []
    assert [password for password in (shared, admin) if password and password in output] == []


def test_a_missing_file_is_asked_for_by_its_lines(provider: SharedPassword) -> None:
    (provider.deployment.root / SECRETS_FILE).unlink()
    try:
        output = provider.refusal()
    finally:
        provider.write_secrets()
    assert [name for name in BOTH if f"{name}=" not in output] == []


def test_a_password_in_env_is_warned_about(provider: SharedPassword) -> None:
    assert SECRETS_FILE in provider.warning("SHARED_PASSWORD", f"SHARED_PASSWORD='{PASSWORD}'")
