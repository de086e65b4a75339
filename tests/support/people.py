"""People without a browser: the hub's forms filled in by a program, and the table that `make users` prints."""

import re
from html import unescape

import requests

from support.deployment import Deployment

HTTP_SECONDS = 60
XSRF_FIELD = re.compile(r'name="_xsrf" value="([^"]+)"')
LOGIN_ERROR = re.compile(r'<p class="login_error">\s*(.*?)\s*</p>', re.DOTALL)
ALERT = re.compile(r'<div class="alert [^"]*" role="alert">\s*(?:<p>)?\s*(.*?)\s*(?:</p>|</div>)', re.DOTALL)


class Visitor:
    """Somebody with cookies of their own who reads the hub's pages and sends its forms, as a browser would.

    Paths start with /hub or /user; redirects are answers, too, and are not followed.
    """

    def __init__(self, url: str) -> None:
        """Nobody is signed in yet; `url` has no slash at the end."""
        self.url = url
        self.session = requests.Session()
        self.session.verify = False

    def get(self, path: str, headers: dict[str, str] | None = None) -> requests.Response:
        """Open a page."""
        return self.session.get(f"{self.url}{path}", headers=headers, timeout=HTTP_SECONDS, allow_redirects=False)

    def xsrf(self, path: str) -> str:
        """The token hidden in the form at `path`."""
        page = self.get(path)
        found = XSRF_FIELD.search(page.text)
        assert found, f"no form at {path}: {page.status_code}"
        return found[1]

    def post(self, path: str, fields: dict[str, str], xsrf: str = "") -> requests.Response:
        """Send the form at `path`, with the token of a page opened earlier or else of one opened now."""
        return self.session.post(
            f"{self.url}{path}",
            data=fields | {"_xsrf": xsrf or self.xsrf(path)},
            timeout=HTTP_SECONDS,
            allow_redirects=False,
        )

    def sign_in(self, name: str, password: str, xsrf: str = "") -> str:
        """Send the login form; returns the refusal, empty when the hub has let the visitor in."""
        response = self.post("/hub/login", {"username": name, "password": password}, xsrf)
        if response.status_code == 302:
            return ""
        assert response.status_code == 403, f"{response.status_code}: {response.text}"
        return refusal(response)

    def sign_up(self, name: str, password: str, confirmation: str | None = None) -> str:
        """Send the sign-up form, the password twice unless another `confirmation` is given; returns the answer."""
        fields = {
            "username": name,
            "signup_password": password,
            "signup_password_confirmation": password if confirmation is None else confirmation,
        }
        response = self.post("/hub/signup", fields)
        assert response.status_code == 200, f"{response.status_code}: {response.text}"
        return alert(response)

    def signed_in(self) -> bool:
        """Whether the hub shows its home page, or else asks for a login."""
        response = self.get("/hub/home")
        if response.status_code == 302:
            assert "/hub/login" in response.headers["Location"]
        return response.status_code == 200


def refusal(response: requests.Response) -> str:
    """The message above the login form; an AssertionError when the response is something else."""
    found = LOGIN_ERROR.search(response.text)
    assert found, f"no login form with a message: {response.status_code}: {response.text}"
    return unescape(found[1])


def alert(response: requests.Response) -> str:
    """The answer above a form of NativeAuthenticator."""
    found = ALERT.search(response.text)
    assert found, f"the page has no answer: {response.text}"
    return unescape(found[1])


def users(deployment: Deployment) -> dict[str, dict[str, str]]:
    """What `make users` prints: for each name the cells of its line by the heads of their columns."""
    head, *lines = deployment.make("users").stdout.partition("\n\n")[0].splitlines()
    columns = [(found[0], found.start()) for found in re.finditer(r"\S+(?: \S+)*", head)]
    ends = [start for _, start in columns[1:]] + [None]
    table = [
        {title: line[start:end].strip() for (title, start), end in zip(columns, ends, strict=True)} for line in lines
    ]
    return {row["name"]: row for row in table}
