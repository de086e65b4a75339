"""LDAPAuthenticator with certificate checks, timeouts and messages; it does not block the hub."""

import asyncio
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import ldap3
from jupyterhub.handlers import BaseHandler
from ldap3.core import results
from ldap3.core.exceptions import LDAPException, LDAPNoSuchObjectResult
from ldap3.utils.conv import escape_filter_chars
from ldapauthenticator import LDAPAuthenticator
from ldapauthenticator.ldapauthenticator import TlsStrategy
from traitlets import List, Unicode

from hub.sign_in import tls
from hub.sign_in.form import FormAuthenticator
from hub.sign_in.known import ProviderUnavailableError, RefusedError, page_error
from hub.users import userlist
from hub.users.roster import ADMIN_GROUPS, PROVIDER_GROUPS

CONNECT_SECONDS = 5
ANSWER_SECONDS = 10
# Threads that may wait for the directory: enough for a class that signs in while the directory hangs.
WORKERS = 32
# LDAP results that refuse the name or the password (RFC 4511, appendix A); all others are errors of the directory.
REFUSALS = {
    results.RESULT_INVALID_CREDENTIALS,
    results.RESULT_NO_SUCH_OBJECT,
    results.RESULT_INVALID_DN_SYNTAX,
    results.RESULT_INAPPROPRIATE_AUTHENTICATION,
    results.RESULT_INSUFFICIENT_ACCESS_RIGHTS,
    results.RESULT_UNWILLING_TO_PERFORM,
    results.RESULT_CONSTRAINT_VIOLATION,
}


class CheckedTls(ldap3.Tls):
    """TLS with Python's checks: ldap3 itself checks no certificate, and knows no IP addresses in certificates."""

    def wrap_socket(self, connection: ldap3.Connection, do_handshake: bool = False) -> None:
        """Encrypt the socket, which raises ssl.SSLError where the certificate is not valid for the server's name."""
        connection.socket = tls.context().wrap_socket(connection.socket, server_hostname=connection.server.host)


class DirectoryAuthenticator(FormAuthenticator, LDAPAuthenticator):
    """The users of a directory."""

    admin_groups = List(Unicode(), help="DNs of groups whose members are administrators.").tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="ldap")

    async def authenticate(self, handler: BaseHandler, data: dict[str, str]) -> dict[str, Any] | None:
        """The user who has filled in the form; None when the directory refuses the name or the password.

        Raises:
            tornado.web.HTTPError: 503 with a message for the form when the directory is unavailable.
        """
        name = data.get("username", "").strip()
        # No character with a meaning in a DN or a filter reaches the directory; nor, without a search, a letter that it
        # may match with another one, such as é with e, because its answer has no name then.
        if userlist.complaint(name) or not (self.lookup_dn or name.isascii()):
            return None
        asked = {"username": name, "password": data.get("password", "")}
        try:
            model = await self._in_worker(
                lambda: asyncio.run(super(DirectoryAuthenticator, self).authenticate(None, asked))
            )
        except ProviderUnavailableError as error:
            self.log.error("The directory is unavailable: %s", error)
            raise page_error(503, "The directory is unavailable. Try again later.") from error
        if model:
            self._with_admin(model)
            self._note_groups(handler, model)
        return model

    async def ask_again(self, user: Any, handler: BaseHandler | None) -> dict[str, Any] | None:
        """See ProviderAuthenticator. Only a search finds a user without the password."""
        if not self.lookup_dn:
            model = {"name": user.name, "auth_state": {"ldap_groups": self._known_groups(user)}}
        else:
            model = await self._in_worker(lambda: self._looked_up(user.name))
        return self._with_admin(model)

    def provider_groups(self, auth_model: dict[str, Any]) -> list[str]:
        """The groups of the settings that a user is a member of."""
        return (auth_model["auth_state"] or {})["ldap_groups"]

    def get_connection(self, userdn: str | None, password: str | None) -> ldap3.Connection | None:
        """A connection that is signed in as `userdn`, or None when the directory refuses name or password.

        Raises:
            ProviderUnavailableError: the directory is unavailable.
        """
        server = ldap3.Server(
            self.server_address,
            port=self.server_port,
            use_ssl=self.tls_strategy == TlsStrategy.on_connect,
            tls=CheckedTls(validate=ssl.CERT_REQUIRED),
            get_info=ldap3.NONE,
            connect_timeout=CONNECT_SECONDS,
        )
        connection = ldap3.Connection(
            server, user=userdn, password=password, check_names=False, receive_timeout=ANSWER_SECONDS, read_only=True
        )
        connection.open()
        if self.tls_strategy == TlsStrategy.before_bind:
            connection.start_tls(read_server_info=False)
        if connection.bind():
            # A search that fails does not mean that the user is unknown.
            connection.raise_exceptions = userdn == self.lookup_dn_search_user
            return connection
        description = connection.result["description"]
        connection.unbind()
        if userdn == self.lookup_dn_search_user:
            raise ProviderUnavailableError(f"the directory refuses LDAP_LOOKUP_USER: {description}")
        if connection.result["result"] not in REFUSALS:
            raise ProviderUnavailableError(f"the directory reports {description}")
        return None

    def resolve_username(self, username_supplied_by_user: str) -> tuple[str | None, str | None]:
        """Name and DN that the search finds; braces in the DN are doubled, because LDAPAuthenticator formats it."""
        name, dn = super().resolve_username(username_supplied_by_user)
        return name, dn and dn.replace("{", "{{").replace("}", "}}")

    def _looked_up(self, name: str) -> dict[str, Any]:
        found, dn = super().resolve_username(name)
        if found is None or dn is None:
            raise RefusedError("the directory no longer has the name")
        # It raises an error where it is refused.
        connection: Any = self.get_connection(self.lookup_dn_search_user, self.lookup_dn_search_password)
        groups = [group for group in self.allowed_groups or [] if self._is_member(connection, group, dn, found)]
        connection.unbind()
        return {"name": name, "auth_state": {"ldap_groups": groups}}

    def _is_member(self, connection: ldap3.Connection, group: str, dn: str, name: str) -> bool:
        member = self.group_search_filter.format(userdn=escape_filter_chars(dn), uid=escape_filter_chars(name))
        try:
            return connection.search(group, member, ldap3.BASE, attributes=self.group_attributes)
        except LDAPNoSuchObjectResult:
            return False

    def _note_groups(self, handler: BaseHandler, model: dict[str, Any]) -> None:
        """Save the groups of a known user, also when the user is refused now because of leaving a group."""
        user = handler and handler.find_user(self.normalize_username(model["name"]))
        if user and user.user_info:
            groups = self.provider_groups(model)
            user.user_info = user.user_info | {
                PROVIDER_GROUPS: groups,
                ADMIN_GROUPS: [group for group in groups if group in self.admin_groups],
            }
            user.admin = model.get("admin", user.admin)
            handler.db.commit()

    def _known_groups(self, user: Any) -> list[str]:
        known = (user.user_info or {}).get(PROVIDER_GROUPS, [])
        return [group for group in known if group in (self.allowed_groups or [])]

    def _with_admin(self, model: dict[str, Any]) -> dict[str, Any]:
        if self.admin_groups:
            listed = self.normalize_username(model["name"]) in self.admin_users
            model["admin"] = listed or not set(self.admin_groups).isdisjoint(self.provider_groups(model))
        return model

    async def _in_worker[T](self, function: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._workers, function)
        except (LDAPException, OSError) as error:
            raise ProviderUnavailableError(tls.reason(error)) from error
