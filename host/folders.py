"""folders.yaml on the Docker host: whether its folders are there, and the volumes, with the right owners.

As a program this module runs in a container of its own, as root, with each volume at /folder/NAME.
"""

import os
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

from docker.errors import NotFound
from docker.types import Mount

from host.engine import COMPOSE_PROJECT, Host
from hub.errors import FileError
from hub.servers.volumes import KEPT
from hub.settings import host_paths
from hub.settings.folders import FILENAME, VOLUME_GID

FOLDER = Path("/folder")
# Group and owner write, and what is made in it gets its group.
MODE = 0o2775
# POSIX ACLs as the kernel keeps them (linux/posix_acl_xattr.h): a version, then tag, permissions and number of each.
ACL_VERSION = 2
ACL_NOBODY = 0xFFFFFFFF
ACL_ENTRIES = ((0x01, 7), (0x04, 7), (0x20, 5))  # owner rwx, group rwx, others r-x
CAPABILITIES = ["CHOWN", "FOWNER", "FSETID"]


def check(host: Host) -> None:
    """See that each folder of the Docker host is there, and may be given to users.

    Raises:
        FileError: one is not.
    """
    wanted = {folder.source: folder.line for folder in host.found.folders if folder.on_host}
    if not wanted:
        return
    places = (host.found.host.docker_socket, host.client.info()["DockerRootDir"])
    problems = []
    for path, line in wanted.items():
        if reason := host_paths.complaint(path, places):
            problems.append(f"{FILENAME}:{line}: host is {path!r} ({reason}); expected a folder of data.")
        elif host.sees(path, "/folder", "[ -d /folder ]").code:
            problems.append(f"{FILENAME}:{line}: {path} is not a folder of the Docker host; make it there.")
    if problems:
        raise FileError(FILENAME, problems)


def make(host: Host) -> Iterator[str]:
    """Make the volumes that are missing, and give them to the user of the notebook image; yield what to say."""
    volumes = list(dict.fromkeys(folder.source for folder in host.found.folders if not folder.on_host))
    if not volumes:
        return
    for volume in volumes:
        try:
            host.client.volumes.get(volume)
        except NotFound:
            host.client.volumes.create(volume, driver_opts=KEPT, labels={COMPOSE_PROJECT: host.project})
            yield f"Made the volume {volume}"
    uid = host.user_of(host.found.hub.docker_notebook_image)
    mounts = [Mount(f"{FOLDER}/{volume}", volume, no_copy=True) for volume in volumes]
    done = host.module("host.folders", str(uid), mounts=mounts, cap_add=CAPABILITIES)
    yield from (f"WARNING: {line}" for line in (done.out + done.err).splitlines())


def own_all(folder: Path, uid: int) -> Iterator[str]:
    """`own` each volume mounted in a folder by its name; yield a warning for each that has one."""
    for volume in sorted(folder.iterdir()):
        if warning := own(volume, uid):
            yield f"the volume {volume.name} {warning}"


def own(folder: Path, uid: int) -> str:
    """Give a volume that is as the Engine makes it to the servers' user and group; leave any other alone.

    The default ACL makes what one member of the group creates writable for the others, whatever their umask is.
    Its last step is the one that is looked for, so that an interrupted one is done again.

    Returns:
        A warning, or nothing.
    """
    state = folder.stat()
    if state.st_uid or state.st_gid:
        return ""
    if any(folder.iterdir()):
        return "belongs to root and is not empty: it stays as it is, and no user can write there"
    warning = ""
    try:
        os.setxattr(folder, "system.posix_acl_default", default_acl())
    except OSError as error:
        warning = f"takes no ACL ({error.strerror}): one user's files in it may be read-only for others"
    folder.chmod(MODE)
    os.chown(folder, uid, VOLUME_GID)
    return warning


def default_acl() -> bytes:
    """The ACL for what is made in a folder."""
    entries = (struct.pack("<HHI", tag, rights, ACL_NOBODY) for tag, rights in ACL_ENTRIES)
    return struct.pack("<I", ACL_VERSION) + b"".join(entries)


if __name__ == "__main__":
    print(*own_all(FOLDER, int(sys.argv[1])), sep="\n", end="")
