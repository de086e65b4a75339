"""The rights of a user's server: those of an ordinary user, unless settings make it start as root.

The start script of the docker-stacks images, run as root, gives the user the number NB_UID, grants sudo, and then
becomes that user for good.
"""

from hub.settings.hub import HubSettings

# What the start script needs to change its user's number and the owner of files, and to become that user.
# Without KILL, sudo cannot pass on the Engine's signal: each stop took 10 s, and the server was killed. Without
# AUDIT_WRITE, sudo complains and goes on.
SWITCHING = ["AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "SETGID", "SETUID"]
# What installing Debian packages needs on top. Of the Engine's default set, NET_RAW is left out, with which one user
# could take over connections of another on their network, and so are MKNOD and SETPCAP.
ROOT = ["FSETID", "NET_BIND_SERVICE", "SETFCAP", "SYS_CHROOT"]


def starts_as_root(settings: HubSettings) -> bool:
    """Whether servers start as root, to become another user."""
    return bool(settings.switches_user)


def create_arguments(settings: HubSettings) -> dict[str, str]:
    """What the container is created with."""
    return {"user": "root"} if starts_as_root(settings) else {}


def environment(settings: HubSettings) -> dict[str, str]:
    """The variables that the start script reads; the user owns the home and a new volume, with any number."""
    if not starts_as_root(settings):
        return {}
    found = {"CHOWN_HOME": "yes", "CHOWN_EXTRA": settings.docker_notebook_dir}
    if settings.nb_uid:
        found["NB_UID"] = str(settings.nb_uid)
    if settings.nb_gid:
        found["NB_GID"] = str(settings.nb_gid)
    if settings.grant_sudo:
        found["GRANT_SUDO"] = "yes"
    return found


def rights(settings: HubSettings) -> dict[str, list[str]]:
    """The part of the Engine's HostConfig that is about rights.

    With no-new-privileges a process keeps what it has, so the start script can switch, but its user cannot become root
    again: without GRANT_SUDO it stays.
    """
    config = {"cap_drop": ["ALL"]}
    if starts_as_root(settings):
        config["cap_add"] = [*SWITCHING, *(ROOT if settings.grant_sudo else [])]
    if not settings.grant_sudo:
        config["security_opt"] = ["no-new-privileges"]
    return config
