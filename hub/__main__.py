"""Start the hub: check everything, put the userlist into effect, then run JupyterHub in this process."""

import logging
import os
import sys

from jupyterhub import app, orm

from hub import configuration, errors, homes, paths
from hub.configuration import Configuration
from hub.errors import OperatorError
from hub.sign_in.native import accounts
from hub.sign_in.native.passwords import InitialPasswords
from hub.users import roster

log = logging.getLogger("hub")


def prepare() -> None:
    """Refuse to start with settings, files or a data volume that cannot be used; else apply the userlist.

    Raises:
        OperatorError: with a message for the administrator.
    """
    check_engine()
    check_data()
    # What is wrong with settings and files is said before the Engine is asked.
    for overlay in configuration.load(homes.completed(os.environ)).overlays:
        overlay.check_hub()
    homes.settle(os.environ, homes.places_on_host)
    found = configuration.of_this_process()
    for warning in found.warnings(os.environ):
        log.warning(warning)
    try:
        apply_userlist(found)
    except orm.DatabaseSchemaMismatch as error:
        raise OperatorError(str(error), "run the version of this deployment that wrote the data") from None


def check_engine() -> None:
    """See that the hub may use the Engine's socket, where it has one.

    Raises:
        OperatorError: it may not.
    """
    if paths.ENGINE.exists() and not os.access(paths.ENGINE, os.W_OK):
        raise OperatorError(
            f"the hub may not use the Docker Engine's socket, which belongs to the group {paths.ENGINE.stat().st_gid}; "
            f"the hub is in the groups {', '.join(map(str, sorted(os.getgroups())))}",
            "make up, which builds the hub with that group",
        )


def check_data() -> None:
    """See that the data volume can be used.

    Raises:
        OperatorError: it cannot.
    """
    if not os.access(paths.DATA, os.W_OK):
        raise OperatorError(
            f"{paths.DATA} is not writable for the hub (uid {os.getuid()})",
            f"docker run --rm -u root -v VOLUME:{paths.DATA} IMAGE chown -R jupyterhub: {paths.DATA}, where VOLUME is "
            "DATA_VOLUME_HOST and IMAGE is the hub's image",
        )


def apply_userlist(found: Configuration) -> None:
    """Write users, administrators, groups and accounts into the database as the userlist has them.

    An account that waits for approval is kept when its name was listed before and its user has used it: older versions
    let an administrator unauthorize any user. Anything else may be the sign-up of a stranger.
    """
    before = roster.History.load(paths.HISTORY)
    history = before.with_members(found.members)
    with orm.new_session_factory(paths.DATABASE)() as db:
        roster.apply(db, found.members, history, found.sign_in.admin_groups)
        initial = InitialPasswords(paths.INITIAL_PASSWORDS)
        own = before.names & (roster.seen(db) | initial.all().keys())
        accounts.void_sign_ups(db, found.members.keys() - own)
        if found.sign_in.has_accounts:
            chosen = found.sign_in.chosen_passwords(found.hub.jupyterhub_admin)
            accounts.ensure(db, found.members, initial, chosen)
    history.save(paths.HISTORY)


def main() -> None:
    """Entry point of the container."""
    os.umask(0o077)
    logging.basicConfig(level=logging.INFO, format="[%(levelname)1.1s %(name)s] %(message)s")
    errors.run(prepare)
    app.main(["--config", str(paths.CONFIG), *sys.argv[1:]])


if __name__ == "__main__":
    main()
