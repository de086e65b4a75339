"""A user keeps their name, in the console and the API.

JupyterHub renames the row of its database alone: the files stay in the volume of the old name, its server runs on
without an owner, and its account stays behind.
"""

from typing import Any

from jupyterhub.apihandlers.users import UserAPIHandler
from jupyterhub.auth import Authenticator
from tornado import web

REASON = (
    "A user cannot be renamed: account, server and files belong to the name. Instead, add the new name, copy the "
    "files, and remove the old name. docs/people.md has the commands."
)


class UserHandler(UserAPIHandler):
    """JupyterHub's API of a user, which refuses a new name.

    The console sends the name with each change. JupyterHub 6.1.1 takes a name that is the same for no name at all: who
    was made an administrator there lost their name and could no longer sign in. No issue was found upstream. Try
    without from 2027-06-01 on: `test_the_console_changes_no_name` fails while this is needed.
    """

    def get_json_body(self) -> Any:
        """The body; that of a PATCH without the user's name.

        Raises:
            tornado.web.HTTPError: 400 when it has another name.
        """
        body = super().get_json_body()
        if self.request.method == "PATCH" and isinstance(body, dict) and isinstance(body.get("name"), str):
            normalized = self.authenticator.normalize_username
            if normalized(body.pop("name")) != normalized(self.path_args[0]):
                raise web.HTTPError(400, REASON)
        return body


class KeepsNames(Authenticator):
    """What each authenticator of this hub derives from: its pages come before those of JupyterHub."""

    def get_handlers(self, app: Any) -> list[tuple[str, type]]:
        """The authenticator's own pages, and the API of a user."""
        return [*super().get_handlers(app), (r"/api/users/([^/]+)", UserHandler)]
