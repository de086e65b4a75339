"""The folders that a user's server gets, decided at each start by the groups that the user is in then."""

import re
from typing import Any

from docker.errors import APIError, NotFound
from docker.types import Mount
from traitlets import List

from hub.servers.activity import ActiveDockerSpawner
from hub.servers.failures import StartError
from hub.settings.folders import Folder, groups_of

# What the Engine says when it creates a container for a folder that is not there, and when it starts one where a file
# lies in the way.
_NOT_THERE = re.compile(r"bind source path does not exist: (.+)")
_IN_THE_WAY = re.compile(r'to rootfs at "([^"]+)".*not a directory')


class MountingDockerSpawner(ActiveDockerSpawner):
    """The folders in a server's container."""

    folders = List(help="the folders of folders.yaml").tag(config=True)

    @property
    def folders_of_user(self) -> list[tuple[Folder, bool]]:
        """The folders that the user gets now, each with whether they may write."""
        who = groups_of(self.user.name, (group.name for group in self.user.groups), self.user.admin)
        return [(folder, folder.is_writable_for(who)) for folder in self.folders if folder.is_for(who)]

    @property
    def groups_added(self) -> set[int]:
        """The numbers of the groups that the server's processes are in, beside that of the image's user."""
        return {folder.gid for folder, _ in self.folders_of_user if folder.gid}

    @property
    def mount_binds(self) -> list[Mount]:
        """What is mounted into the server: the user's volume, and the folders."""
        folders = [_mount(folder, writable, self.notebook_dir) for folder, writable in self.folders_of_user]
        return [*super().mount_binds, *folders]

    async def create_object(self) -> Any:
        """Create the container with the folders of this moment.

        The Engine would make a missing volume, for root alone, so look for it before.

        Raises:
            StartError: a folder is not there.
        """
        for folder, _ in self.folders_of_user:
            if not folder.on_host:
                await self._look_for(folder)
        try:
            return await super().create_object()
        except APIError as error:
            if found := _NOT_THERE.search(str(error.explanation)):
                raise StartError("folder", *self.missing_on_host(found[1])) from None
            raise

    async def start_object(self) -> None:
        """Start the container; say so where a file of the user's keeps a folder from being mounted."""
        try:
            await super().start_object()
        except APIError as error:
            if found := _IN_THE_WAY.search(str(error.explanation)):
                raise StartError(
                    "folder",
                    f"A file is called {found[1]}, where a shared folder has to be.",
                    "An administrator can move that file: docs/folders.md says how.",
                ) from None
            raise

    def missing_on_host(self, path: str) -> tuple[str, str]:
        """What to say when the Docker host has no folder `path`, and the fix."""
        return f"The folder {path} is not on the Docker host.", "An administrator has to make it there."

    async def _look_for(self, folder: Folder) -> None:
        try:
            await self.docker("inspect_volume", folder.source)
        except NotFound:
            raise StartError(
                "folder",
                f"The volume {folder.source} of the folder {folder.name} is not on the Docker host.",
                "An administrator has to run 'make build'.",
            ) from None


def _mount(folder: Folder, writable: bool, directory: str) -> Mount:
    """A mount, which fails where the folder of the host is missing."""
    target = f"{directory}/{folder.name}"
    if folder.on_host:
        return Mount(target, folder.source, type="bind", read_only=not writable)
    # A new volume is what it is, not a copy of what the image has in that place.
    return Mount(target, folder.source, type="volume", read_only=not writable, no_copy=True)
