"""What `make build` does about folders.yaml: check it, and give the volumes to those who shall write there.

Usage:
    tar -c userlist folders.yaml | python -m hub.servers.folder_volumes list ADMINISTRATOR PROJECT
    python -m hub.servers.folder_volumes own UID          as root, with each volume at /folder/NAME
    python -m hub.servers.folder_volumes look             exit 1 unless what is mounted at /folder is a folder
"""

from __future__ import annotations

import io
import os
import struct
import sys
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

from hub.settings import folders, host_paths
from hub.settings.folders import FILENAME, VOLUME_GID, Folder
from hub.settings.yaml_list import FileError
from hub.users import userlist
from hub.users.userlist import Member

FOLDER = Path("/folder")
# Group and owner write, and what is made in it gets its group.
MODE = 0o2775
# POSIX ACLs as the kernel keeps them (linux/posix_acl_xattr.h): a version, then tag, permissions and number of each.
ACL_VERSION = 2
ACL_NOBODY = 0xFFFFFFFF
ACL_ENTRIES = ((0x01, 7), (0x04, 7), (0x20, 5))  # owner rwx, group rwx, others r-x


def check(archive: bytes, administrator: str = "", *places: str) -> list[str]:
    """Check folders.yaml in a tar with it and the userlist.

    Args:
        archive: the tar.
        administrator: JUPYTERHUB_ADMIN.
        places: what of the Docker host nobody may get, beside what is the same everywhere.

    Returns:
        A sentence for everything that works, but probably not as it was meant.

    Raises:
        FileError, UserlistError: one of them cannot be used.
    """
    content, members = _files(archive, administrator)
    problems = [
        f"{FILENAME}:{folder.line}: host is {folder.source!r} ({reason}); expected a folder of data."
        for folder in folders.parse(content, "project", members)
        if folder.on_host and (reason := host_paths.complaint(folder.source, places))
    ]
    if problems:
        raise FileError("\n".join(problems))
    return folders.warnings(content, members)


def listing(archive: bytes, administrator: str, project: str) -> list[str]:
    """A line for every volume, `volume NAME`, and for every folder of the Docker host, `host PATH`."""
    content, members = _files(archive, administrator)
    found: list[Folder] = folders.parse(content, project, members)
    return list(dict.fromkeys(f"{'host' if each.on_host else 'volume'} {each.source}" for each in found))


def own_all(folder: Path, uid: int) -> list[str]:
    """`own` each volume mounted in a folder by its name; a line for each that something is to be said about."""
    said = {volume.name: own(volume, uid) for volume in sorted(folder.iterdir())}
    return [f"the volume {name} {warning}" for name, warning in said.items() if warning]


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
        return "belongs to root and has something in it: it stays as it is, and nobody can write there"
    warning = ""
    try:
        os.setxattr(folder, "system.posix_acl_default", default_acl())
    except OSError as error:
        warning = f"takes no ACL ({error.strerror}): people's files in it may be read-only for others"
    folder.chmod(MODE)
    os.chown(folder, uid, VOLUME_GID)
    return warning


def default_acl() -> bytes:
    """The ACL for what is made in a folder."""
    entries = (struct.pack("<HHI", tag, rights, ACL_NOBODY) for tag, rights in ACL_ENTRIES)
    return struct.pack("<I", ACL_VERSION) + b"".join(entries)


def _files(archive: bytes, administrator: str) -> tuple[bytes, Mapping[str, Member]]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        files = {
            member.name.removeprefix("./"): file.read()
            for member in tar
            if (file := tar.extractfile(member)) is not None
        }
    return files[FILENAME], userlist.parse(userlist.decode(files["userlist"]), administrator)


VERBS: dict[str, Callable[..., str]] = {
    "list": lambda *arguments: "\n".join(listing(sys.stdin.buffer.read(), *arguments)),
    "own": lambda uid: "\n".join(own_all(FOLDER, int(uid))),
    "look": lambda: "" if FOLDER.is_dir() else sys.exit("it is a file"),
}


def main(verb: str, *arguments: str) -> None:
    """Entry point: print what the verb returns."""
    if said := VERBS[verb](*arguments):
        print(said)


if __name__ == "__main__":
    main(*sys.argv[1:])
