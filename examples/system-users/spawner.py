"""JUPYTERHUB_SPAWNER=docker-system-user: servers with the Docker host's accounts and home directories.

The hub is a container, which does not know the host's accounts: examples/system-users mounts the host's /etc there,
the folder, because `useradd` replaces the files in it. DockerSpawner's SystemUserSpawner, whose settings these are,
asks the hub's own /etc/passwd, and lets the Engine make a missing home directory, for root.
"""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.types import Mount
from traitlets import Unicode

from hub.servers.failures import StartError
from hub.servers.spawner import HubDockerSpawner
from hub.settings import host_paths

# Where docker-compose.yml beside this file mounts the Docker host's /etc.
HOST_ETC = Path("/host/etc")
# Debian's UID_MIN: accounts below it are those of the system.
FIRST_UID = 1000
NOBODY = 65534


@dataclass(frozen=True)
class Account:
    """An account of the Docker host."""

    name: str
    uid: int
    gid: int
    groups: frozenset[int]


def find(etc: Path, name: str) -> Account:
    """The account of that name.

    Args:
        etc: where the host's `passwd` and `group` lie; read at each call, so that new accounts are found.
        name: the user's name, as it is.

    Raises:
        StartError: there is none, or it is an account of the system.
    """
    if name in (".", "..") or {"/", "{", "}"} & set(name):
        raise StartError("account", f"{name!r} cannot be an account of the Docker host.")
    ids = [
        (int(uid), int(gid))
        for account, _, uid, gid, *_ in _lines(etc / "passwd")
        if account == name and gid.isdecimal()
    ]
    if not ids:
        raise StartError(
            "account",
            f"{name} has no account on the Docker host.",
            f"An administrator can make it there: sudo useradd --create-home {shlex.quote(name)}",
        )
    uid, gid = ids[0]
    if uid < FIRST_UID or uid == NOBODY or gid == 0:
        what = f"{name} is an account of the Docker host's system ({uid}:{gid}), so no server may run as it."
        raise StartError("account", what)
    member_of = {int(number) for _, _, number, members, *_ in _lines(etc / "group") if name in members.split(",")}
    return Account(name, uid, gid, frozenset(member_of - {0}))


def _lines(path: Path) -> Iterator[list[str]]:
    """The lines of `passwd` or `group`, split; comments and the `+` of NIS are left out."""
    for line in path.read_text(errors="replace").splitlines():
        words = line.split(":")
        if len(words) >= 4 and words[2].isdecimal():
            yield words


class SystemUserSpawner(HubDockerSpawner):
    """Each user's server in a container of its own, with uid, gid, groups and home directory of their account."""

    host_homedir_format = Unicode("/home/{username}", help="where home directories are on the host").tag(config=True)
    account: Account | None = None

    @property
    def host_homedir(self) -> str:
        """The user's home directory on the Docker host."""
        return self.host_homedir_format.format(username=self.user.name)

    @property
    def groups_added(self) -> set[int]:
        """Those of the folders, and of the account."""
        return super().groups_added | (self.account.groups if self.account else set())

    def get_env(self) -> dict[str, Any]:
        """The environment, with the account in the variables that the Jupyter project's images know."""
        environment = super().get_env()
        if self.account:
            environment |= {
                "HOME": self.notebook_dir,
                "USER": self.account.name,
                "NB_USER": self.account.name,
                "NB_UID": str(self.account.uid),
                "NB_GID": str(self.account.gid),
            }
        return environment

    async def start(self) -> tuple[str, int]:
        """Start the container as the account of this moment.

        Raises:
            StartError: there is none, or as in HubDockerSpawner.
        """
        self.account = find(HOST_ETC, self.user.name)
        if reason := host_paths.complaint(self.host_homedir):
            raise StartError("account", f"{self.host_homedir} cannot be a home directory: {reason}.")
        self.notebook_dir = f"/home/{self.user.name}"
        self.extra_create_kwargs |= {
            "user": f"{self.account.uid}:{self.account.gid}",
            "working_dir": self.notebook_dir,
        }
        return await super().start()

    @property
    def mount_binds(self) -> list[Mount]:
        """The home directory, and the folders below it."""
        return [Mount(self.notebook_dir, self.host_homedir, type="bind"), *super().mount_binds]

    def missing_on_host(self, path: str) -> tuple[str, str]:
        """The message when the Docker host has no folder `path`, and its fix; a home directory is the account's."""
        if path != self.host_homedir or not self.account:
            return super().missing_on_host(path)
        return (
            f"The home directory {path} is not on the Docker host.",
            "An administrator can make it there: "
            f"sudo install -d -m 700 -o {self.account.uid} -g {self.account.gid} {shlex.quote(path)}",
        )
