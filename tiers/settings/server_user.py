"""As whom a server runs: Postgres refuses to run as root, and no server needs to."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from errors import TierError

# The first that exists: the account that distributions make for Postgres, else the one for nobody.
CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerUser:
    """An account without privileges. `uid` is -1 where we are one already."""

    name: str
    uid: int = -1
    gid: int = -1

    @staticmethod
    def current() -> ServerUser:
        """The account that servers are started as by this process.

        Raises:
            TierError: We are root and no unprivileged account exists.
        """
        if os.geteuid() != 0:
            return ServerUser(name=pwd.getpwuid(os.geteuid()).pw_name)
        for name in CANDIDATES:
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return ServerUser(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
        raise TierError(
            "No unprivileged account to run servers as",
            hint="Create an account named `postgres`, or do not run as root",
        )

    @property
    def switches(self) -> bool:
        """Whether the account differs from ours."""
        return self.uid >= 0

    @property
    def process_arguments(self) -> dict[str, Any]:
        """The keyword arguments with which `subprocess` starts a child as this account."""
        if not self.switches:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def reaches(self, path: Path) -> bool:
        """Whether every folder down to `path` lets this account through, as the mode bits say.

        The part of `path` that does not exist yet is what we would create, so it does not count.
        """
        if not self.switches:
            return True
        return all(self._enters(folder) for folder in _existing_folders(path.absolute()))

    def make_folder(self, path: Path) -> None:
        """Create `path`, private to this account."""
        path.mkdir(parents=True, exist_ok=True)
        self.take(path)
        path.chmod(0o700)

    def take(self, path: Path) -> None:
        """Make this account the owner of one file or folder."""
        if self.switches:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def write_private(self, path: Path, text: str) -> None:
        """Write a file that only this account can read, from its first byte on."""
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        self.take(path)

    def copy_tree(self, source: Path, target: Path) -> None:
        """Copy a folder; the copy belongs to this account."""
        shutil.copytree(source, target, symlinks=True)
        for folder, _, files in os.walk(target):
            self.take(Path(folder))
            for file in files:
                self.take(Path(folder, file))

    def _enters(self, folder: Path) -> bool:
        facts = folder.stat()
        if facts.st_uid == self.uid:
            return bool(facts.st_mode & stat.S_IXUSR)
        if facts.st_gid == self.gid:
            return bool(facts.st_mode & stat.S_IXGRP)
        return bool(facts.st_mode & stat.S_IXOTH)


def _existing_folders(path: Path) -> Iterator[Path]:
    for folder in (path, *path.parents):
        if folder.is_dir():
            yield folder.resolve()
            yield from folder.resolve().parents
            return
