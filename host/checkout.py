"""What scripts/host sends of the checkout: one tar, so that the Docker host may be another machine."""

import io
import json
import re
import tarfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, Self

from hub.errors import OperatorError, Problem, SettingsError

# What the operator writes: `make build` copies it into images, and Docker follows no link out of the build's files.
WRITTEN = ("userlist", "profiles.yaml", "folders.yaml", "logo.*", "secrets/jupyterhub.*", "secrets/*ca.crt")
# TLS chooses a file of proxy/, which Compose looks for before anything else can be checked.
TLS_FILE = re.compile(r"/proxy/tls-(.*)\.yml: no such file")


class Checkout:
    """The files of the checkout, and what Compose makes of them.

    Attributes:
        root: the folder with the files; those given on the command line are in its folder `given`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._made: dict[str, str] = {}

    @classmethod
    def receive(cls, stdin: BinaryIO, root: Path) -> Self:
        """Unpack the tar on `stdin` into the folder `root`."""
        with tarfile.open(fileobj=stdin, mode="r|") as tar:
            tar.extractall(root, filter="tar")
        return cls(root)

    @cached_property
    def compose(self) -> dict[str, Any]:
        """What `docker compose config --format json` prints.

        Raises:
            OperatorError: Compose could not read its files.
        """
        text = (self.root / "compose.json").read_text()
        if text:
            return json.loads(text)
        error = (self.root / "compose.error").read_text().strip()
        if unknown := TLS_FILE.search(error):
            text = f"TLS (.env or the shell) is {unknown[1]!r}; expected on or off."
            raise SettingsError([Problem("TLS", "value", text)])
        raise OperatorError(
            "Compose cannot use docker-compose.yml with these settings", "correct the setting in .env", lines=[error]
        )

    @property
    def environment(self) -> dict[str, str]:
        """The environment that Compose would give to the hub; it writes `$` as `$$`."""
        variables = self.compose["services"]["hub"]["environment"]
        return {name: value.replace("$$", "$") for name, value in variables.items() if value} | self._made

    def add(self, files: Mapping[str, bytes], variables: Mapping[str, str]) -> None:
        """Take files that were made, and the variables in them, as if they had come with the others."""
        self._made |= variables
        for path, content in files.items():
            target = self.root / path
            target.parent.mkdir(exist_ok=True)
            target.touch(mode=0o600)
            target.write_bytes(content)

    def given(self, name: str) -> bytes:
        """A file that was given as `--file NAME=PATH`; empty where it was not."""
        path = self.root / "given" / name
        return path.read_bytes() if path.exists() else b""

    def refuse_links(self) -> None:
        """See that no file that goes into an image is a link.

        Raises:
            OperatorError: one is.
        """
        for path in (found for pattern in WRITTEN for found in self.root.glob(pattern)):
            if path.is_symlink():
                name = path.relative_to(self.root)
                raise OperatorError(
                    f"{name} is a link, which Docker cannot follow", "copy the file itself", show=f"ls -l {name}"
                )


def packed(files: Mapping[str, bytes], mode: int = 0o600) -> bytes:
    """A tar with these files; links of the receiving side are not followed.

    Args:
        files: contents by path.
        mode: of each.
    """
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path, content in files.items():
            member = tarfile.TarInfo(path.lstrip("/"))
            member.size, member.mode = len(content), mode
            tar.addfile(member, io.BytesIO(content))
    return archive.getvalue()
