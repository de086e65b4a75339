"""Start the hub: check everything, put the userlist into effect, then run JupyterHub in this process."""

from __future__ import annotations

import logging
import os
import sys

from jupyterhub import app, orm

from hub import paths
from hub.profiles import profiles
from hub.servers import system_users
from hub.settings import folders
from hub.settings.yaml_list import FileError
from hub.sign_in.native import accounts
from hub.sign_in.native.passwords import InitialPasswords
from hub.sign_in.settings import NativeSettings, SignInSettings
from hub.users import roster, userlist

log = logging.getLogger("hub")


def prepare() -> None:
    """Refuse to start with settings, files or a data volume that cannot be used; else apply the userlist.

    Raises:
        SystemExit: with a message for the operator.
    """
    try:
        values, sign_in = settings.load(os.environ)
        members = userlist.load(paths.USERLIST, values.jupyterhub_admin)
        profiles.load(paths.PROFILES)
        folders.load(paths.FOLDERS, values.compose_project_name, members)
        system_users.check(values, os.environ)
    except settings.SettingsError as error:
        sys.exit(f"FAIL: {error}\n      To mend it: correct them, then run 'make up'.")
    except userlist.UserlistError as error:
        sys.exit(f"FAIL: the userlist cannot be used:\n{error}\n      To mend it: correct it, then run 'make up'.")
    except FileError as error:
        sys.exit(f"FAIL: {error.filename} cannot be used:\n{error}\n      To mend it: correct it, then run 'make up'.")
    for warning in settings.warnings(os.environ):
        log.warning(warning)
    if not os.access(paths.DATA, os.W_OK):
        sys.exit(
            f"FAIL: {paths.DATA} is not writable for the hub (uid {os.getuid()}).\n      To mend it: "
            f"docker run --rm -u root -v VOLUME:{paths.DATA} IMAGE chown -R jupyterhub: {paths.DATA}, "
            "where VOLUME is DATA_VOLUME_HOST and IMAGE the hub's."
        )
    apply_userlist(values.jupyterhub_admin, sign_in, members)


def apply_userlist(administrator: str, sign_in: SignInSettings, members: dict[str, userlist.Member]) -> None:
    """Users, administrators, groups and accounts as the userlist has them."""
    before = roster.History.load(paths.HISTORY)
    history = before.with_members(members)
    with orm.new_session_factory(paths.DATABASE)() as db:
        roster.apply(db, members, history, sign_in.admin_groups)
        accounts.void_sign_ups(db, members.keys() - before.names)
        if isinstance(sign_in, NativeSettings):
            password = sign_in.jupyterhub_admin_password
            chosen = {administrator.lower(): password.get_secret_value()} if administrator and password else {}
            accounts.ensure(db, members, InitialPasswords(paths.INITIAL_PASSWORDS), chosen)
    history.save(paths.HISTORY)


def main() -> None:
    """Entry point of the container."""
    os.umask(0o077)
    logging.basicConfig(level=logging.INFO, format="[%(levelname)1.1s %(name)s] %(message)s")
    try:
        prepare()
    except orm.DatabaseSchemaMismatch as error:
        sys.exit(f"FAIL: {error}\n      To mend it: run the version of this deployment that the data is from.")
    app.main(["--config", str(paths.CONFIG), *sys.argv[1:]])


if __name__ == "__main__":
    main()
