"""`make homes`, the part on the Docker host: what turns a user's volume that was the folder `work` into a home.

No file is moved or overwritten. Each volume gets what the notebook image has in its home and the volume has not, and a
link `work` to itself, so that paths with `/home/jovyan/work` stay valid.

As a program this module runs in a container of its own, as root, with each volume at /home/NAME, and with the image's
home as a tar in /home.tar.
"""

import errno
import os
import sys
import tarfile
from collections.abc import Iterator, Sequence
from itertools import batched
from pathlib import Path, PurePosixPath
from typing import IO

from docker.errors import ImageNotFound, NotFound
from docker.types import Mount

from host import volumes
from host.engine import Host
from hub import homes
from hub.errors import OperatorError

HOMES = Path("/home")
TAR = Path("/home.tar")
CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SYS_CHROOT"]
# Volumes for one container.
BATCH = 100


def complete(host: Host, _: Sequence[str] = ()) -> None:
    """Complete every user's volume; print a warning for each with which that does not work."""
    names = sorted(each["Name"] for each in volumes.listed(host))
    files = {str(TAR): image_home(host)}
    for batch in batched(names, BATCH, strict=False):
        mounts = [Mount(f"{HOMES}/{name}", name, type="volume", no_copy=True) for name in batch]
        done = host.module("host.homes", mounts=mounts, files=files, seconds=600, cap_add=CAPABILITIES)
        for line in (done.out + done.err).splitlines():
            print(f"WARNING: {line}", file=sys.stderr)


def image_home(host: Host) -> bytes:
    """What the notebook image has in its home, as a tar; nothing where it has none.

    Raises:
        OperatorError: the image is not on the Docker host.
    """
    image = host.found.hub.docker_notebook_image
    try:
        container = host.client.containers.create(image)
    except ImageNotFound:
        raise OperatorError(f"the notebook image {image} is not on the Docker host", "make notebook_image") from None
    try:
        return b"".join(container.get_archive(homes.HOME)[0])
    except NotFound:
        return b""
    finally:
        container.remove(v=True)


def complete_all(folder: Path, tar: Path) -> Iterator[str]:
    """`fill` each volume mounted in a folder by its name; yield a warning for each that cannot be filled."""
    for volume in sorted(folder.iterdir()):
        # With the volume as its root, no link of the user's leads a process out of it.
        if (child := os.fork()) == 0:
            os._exit(in_its_own_root(volume, tar))
        if code := os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
            yield f"the volume {volume.name} was not completed: {os.strerror(code) if code > 0 else 'killed'}"


def in_its_own_root(volume: Path, tar: Path) -> int:
    """`fill` a volume as the root of this process; the number of the error, 0 for none."""
    try:
        with tar.open("rb") as content:
            os.chroot(volume)
            os.chdir("/")
            fill(Path("/"), content)
    except (OSError, tarfile.TarError) as error:
        return getattr(error, "errno", None) or errno.EIO
    return 0


def fill(home: Path, content: IO[bytes]) -> None:
    """Give a folder its link `work`, and each entry of the tar that it has not; its owner owns them.

    Args:
        home: the folder.
        content: the tar, in which all lies below one folder; or nothing.
    """
    owner = home.stat()
    if not os.path.lexists(home / "work"):
        (home / "work").symlink_to(".")
        os.chown(home / "work", owner.st_uid, owner.st_gid, follow_symlinks=False)
    if not content.seek(0, os.SEEK_END):
        return
    content.seek(0)
    there = {entry.name for entry in home.iterdir()}
    with tarfile.open(fileobj=content) as tar:
        for member in tar:
            _, *path = PurePosixPath(member.name).parts
            if path and path[0] not in there:
                member.name = "/".join(path)
                member.uid, member.gid, member.uname, member.gname = owner.st_uid, owner.st_gid, "", ""
                tar.extract(member, home, numeric_owner=True, filter="fully_trusted")


if __name__ == "__main__":
    print(*complete_all(HOMES, TAR), sep="\n", end="")
