"""The slips of `make slips`: what stands on them, as HTML and as PDF."""

import io
import tarfile
from types import SimpleNamespace
from typing import Any, cast

import pytest

from host import slips, slips_pdf
from host.engine import Host
from host.slips import Slip
from hub import configuration
from hub.errors import OperatorError
from support.settings import environment

PASSWORD = "bakutem-sofipar-demizun-tugokes"
USERS = [
    {"name": "anna", "groups": ["7a"], "initial_password": PASSWORD, "note": ""},
    {"name": "ben", "groups": ["7a"], "initial_password": "", "note": ""},
    {"name": "zoë", "groups": [], "initial_password": PASSWORD, "note": ""},
    {"name": "left", "groups": ["7a"], "initial_password": PASSWORD, "note": "removed from the userlist"},
]


def host(users: list[dict[str, Any]] = USERS, sign_in: str = "native", **settings: str) -> Host:
    found = configuration.settings(environment(sign_in) | {"PUBLIC_HOST": "hub.school.example"} | settings)
    return cast(Host, SimpleNamespace(found=found, hub_users=lambda: {"users": users}))


def test_a_slip() -> None:
    assert slips.slip(host(LOGIN_HELP="Ask Ms Schmidt"), USERS[0]) == Slip(
        (("Address", "https://hub.school.example"), ("User name", "anna"), ("Password", PASSWORD)),
        (slips.CHANGE, "Forgot it? Ask Ms Schmidt"),
    )
    assert slips.slip(host(NATIVE_CHANGE_INITIAL_PASSWORD="true"), USERS[0]).notes == (slips.CHANGE_FIRST,)
    assert slips.slip(host(), USERS[1]).lines[2] == ("Password", slips.OWN)
    other = slips.slip(host(sign_in="shared-password"), USERS[0])
    assert len(other.lines) == 2


def test_an_address_for_this_machine_alone_is_refused() -> None:
    with pytest.raises(OperatorError) as raised:
        slips.slip(host(PUBLIC_HOST=""), USERS[0])
    assert "PUBLIC_HOST" in raised.value.fix
    assert slips.slip(host(PUBLIC_HOST="localhost"), USERS[0]).lines[0] == ("Address", "https://localhost")


@pytest.mark.parametrize(
    ("group", "user", "names"),
    [("", "", ["anna", "ben", "zoë"]), ("7A", "", ["anna", "ben"]), ("", "Ben", ["ben"]), ("7a", "ben", ["ben"])],
)
def test_who_gets_a_slip(group: str, user: str, names: list[str]) -> None:
    assert [each["name"] for each in slips.chosen(USERS, group, user)] == names


@pytest.mark.parametrize(("group", "user"), [("7b", ""), ("", "nobody"), ("7a", "zoë"), ("", "left")])
def test_without_anybody_there_is_no_page(group: str, user: str) -> None:
    with pytest.raises(OperatorError):
        slips.chosen(USERS, group, user)


def test_names_are_escaped_in_the_page() -> None:
    page = slips.page("JupyterHub", [Slip((("User name", "<b>&"),), ())])
    assert "&lt;b&gt;&amp;" in page


def test_ten_slips_are_a_page_of_the_pdf() -> None:
    pages = [slips_pdf.document("JupyterHub", [Slip((("User name", "zoë"),), ("(a) note",))] * n) for n in (1, 10, 11)]
    assert [page.count(b"/MediaBox") for page in pages] == [1, 1, 2]


def test_letters_that_the_pdf_does_not_have() -> None:
    assert slips_pdf.unprintable(["zoë", "Œuvre €"]) == ""
    assert slips_pdf.unprintable(["мария", "王"]) == "мария王"


def test_what_is_written_is_for_the_owner_alone(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    slips.run(host(), ["GROUP=7a"])
    out, err = capfdbinary.readouterr()
    with tarfile.open(fileobj=io.BytesIO(out)) as tar:
        assert {member.name: member.mode for member in tar} == {"slips-7a.html": 0o600, "slips-7a.pdf": 0o600}
    assert b"rm slips-7a.html slips-7a.pdf" in err


def test_without_its_letters_there_is_no_pdf(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    slips.run(host([USERS[0] | {"name": "мария"}]), [])
    out, err = capfdbinary.readouterr()
    with tarfile.open(fileobj=io.BytesIO(out)) as tar:
        assert tar.getnames() == ["slips-all.html"]
    assert b"no PDF" in err
