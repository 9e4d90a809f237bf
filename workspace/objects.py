"""Objects of a repository, written without a process (gitrepository-layout(5))."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from workspace.tree_entries import TREE, Entry

_READ_ONLY = 0o444


@dataclass(frozen=True, kw_only=True, slots=True)
class Objects:
    """A folder of objects: a repository's own, or one that git is told of beside it."""

    folder: Path
    algorithm: str  # that names them: sha1 or sha256

    @classmethod
    def like(cls, oid: str, *, folder: Path) -> Self:
        """Objects that are named as this one is."""
        return cls(folder=folder, algorithm="sha256" if len(oid) == 64 else "sha1")

    def blob(self, content: bytes) -> str:
        """The id of a file's content, which is stored.

        Raises:
            OSError: It cannot be written.
        """
        return self._put("blob", content)

    def tree(self, entries: Iterable[Entry]) -> str:
        """The id of the tree with these entries, in whatever order, none twice.

        Raises:
            OSError: It cannot be written.
        """
        parts = [(_place(entry), entry) for entry in entries]
        return self._put("tree", b"".join(_packed(entry) for _, entry in sorted(parts, key=_first)))

    def commit(
        self, tree: str, *, message: str, author: str, committer: str, parents: Iterable[str] = ()
    ) -> str:
        """The id of a commit, which is stored.

        Args:
            author: Name, address and time, as git stores them: `A <a@b> 1764288000 +0000`.
            committer: The same.

        Raises:
            OSError: It cannot be written.
        """
        lines = [f"tree {tree}", *(f"parent {one}" for one in parents)]
        lines += [f"author {author}", f"committer {committer}", "", message]
        return self._put("commit", "\n".join(lines).encode(errors="surrogateescape"))

    def _put(self, kind: str, content: bytes) -> str:
        data = b"%s %d\0%s" % (kind.encode(), len(content), content)
        oid = hashlib.new(self.algorithm, data, usedforsecurity=False).hexdigest()
        place = self.folder / oid[:2] / oid[2:]
        if not place.exists():
            self._write(place, zlib.compress(data, 1))
        return oid

    def _write(self, place: Path, data: bytes) -> None:
        """There with all its bytes, or not at all; in a folder that others may use as `folder`."""
        if not place.parent.exists():
            place.parent.mkdir(exist_ok=True)
            place.parent.chmod(self.folder.stat().st_mode & 0o7777)
        handle, name = tempfile.mkstemp(prefix="tmp_obj_", dir=place.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                os.fchmod(file.fileno(), _READ_ONLY)
            Path(name).replace(place)
        except BaseException:
            Path(name).unlink()
            raise


def _first(pair: tuple[bytes, Entry]) -> bytes:
    return pair[0]


def _place(entry: Entry) -> bytes:
    """What git sorts by: as if the name of each folder ended with a slash."""
    name = f"{entry.path}/" if entry.mode == TREE else entry.path
    return name.encode(errors="surrogateescape")


def _packed(entry: Entry) -> bytes:
    name = entry.path.encode(errors="surrogateescape")
    return b"%s %s\0%s" % (entry.mode.lstrip("0").encode(), name, bytes.fromhex(entry.oid))
