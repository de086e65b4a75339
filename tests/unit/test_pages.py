"""Pages that differ from JupyterHub's: each of its pages has one of ours, and all of them can be shown."""

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader

ROOT = Path(__file__).parents[2]
THEIRS = Path(sys.prefix, "share", "jupyterhub", "templates")
OURS = [ROOT / "hub" / "sign_in" / "native" / "templates", ROOT / "hub" / "pages"]
# As JupyterHub loads them: `templates/` is its own folder.
PAGES = Environment(
    autoescape=True,
    loader=ChoiceLoader([PrefixLoader({"templates": FileSystemLoader(THEIRS)}), FileSystemLoader([*OURS, THEIRS])]),
)
BOB = SimpleNamespace(name="bob", escaped_name="bob", admin=False, json_escaped_name="bob", spawner=SimpleNamespace())
SERVER = SimpleNamespace(name="", active=False)
ALWAYS = {
    "static_url": lambda path, **_: path,
    "base_url": "/hub/",
    "login_url": "/hub/login",
    "url": "/hub/spawn?_xsrf=a%7Cb%3D",
    "xsrf": "a|b=",
    "user": BOB,
    "owner": BOB,
    "spawner": SERVER,
    "default_server": SERVER,
    "authenticator": SimpleNamespace(request_otp=False),
    "oauth_client": SimpleNamespace(),
    "status_code": 404,
    "user_name": "bob",
    "spawner_options_form": "<fieldset></fieldset>",
}


def shown(name: str, **values: object) -> tuple[str, str]:
    """The title of a page, and its main part as it stands in the source."""
    text = PAGES.get_template(name).render(ALWAYS | values)
    (title,) = re.findall("<title>(.*?)</title>", text, re.DOTALL)
    (main,) = re.findall("<main.*?</main>", text, re.DOTALL)
    return " ".join(title.split()), main


@pytest.mark.parametrize("name", sorted(path.name for path in THEIRS.glob("*.html") if path.name != "page.html"))
def test_every_page_has_a_title_and_a_main_part(name: str) -> None:
    title, main = shown(name)
    assert re.fullmatch(r"\w.* - JupyterHub", title)
    assert main.count("<h1") >= 1


@pytest.mark.parametrize("status", [400, 403, 404, 405, 500, 503])
@pytest.mark.parametrize(("user", "way"), [(BOB, "/hub/home"), (None, "/hub/login")], ids=["signed in", "signed out"])
def test_an_error_says_what_it_is_and_leads_on(status: int, user: object, way: str) -> None:
    title, main = shown("error.html", status_code=status, user=user, message="", status_message=None)
    assert f'href="{way}"' in main
    assert f"Error {status}" in main
    assert "None" not in title + main


def test_a_message_of_an_error_stands_there_once_and_as_text() -> None:
    message = "Ask <b>Ms Schmidt</b>."
    _, main = shown("error.html", status_code=403, message=message, status_message=message)
    assert main.count("Ask &lt;b&gt;Ms Schmidt&lt;/b&gt;.") == 1
    _, main = shown("error.html", status_code=403, message="not authorized with current scopes; requires [admin-ui]")
    assert "scopes" not in main


def test_the_token_of_a_form_is_not_in_its_address() -> None:
    _, main = shown("spawn.html")
    assert 'action="/hub/spawn"' in main
    assert '<input type="hidden" name="_xsrf" value="a|b=">' in main


def test_the_login_page_says_whom_to_ask() -> None:
    _, main = shown("login.html", login_help="Ask Ms <Schmidt>", user=None)
    assert "Ask Ms &lt;Schmidt&gt;" in main
    _, main = shown("login.html", login_help="", user=None)
    assert "Forgot" not in main
