"""The commits that clones of a mission show to each other: their objects lie beside the repository.

What is made and fetched for `workspace.shared_refs` is in a folder of its own, of which git is told
by its variables, and goes with the process. So nobody sees any of it in the repository, nothing
piles up there, and no collection of garbage is due for it.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from errors import GitError
from workspace.identity import RUNNER, identity_now
from workspace.objects import Objects
from workspace.repository import Repository
from workspace.settings_file import settings_in
from workspace.store import Store
from workspace.tree_entries import TREE, Entry

# Of a commit that somebody made: all of its files, in bytes and in number, folders included.
MOST_BYTES, MOST_FILES = 64 << 20, 10_000
_LONGEST = 1 << 20  # bytes of such a commit by itself
_FOLDER = "shared-"  # ... and what follows is random
_LOCK = "lock"  # in the folder: whoever uses it holds it
_OLD = 86_400.0  # seconds: a folder that nobody holds was left by a process that was killed
_PATH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_PERSON = re.compile(r"(?P<name>[^<\n]*) <(?P<address>[^>\n]*)> (?P<at>\d{1,12}) [+-]\d{4}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Shared:
    """A commit as somebody pushed it. All of it is foreign text."""

    commit: str
    author: str  # name <address>
    at: int  # seconds since the epoch, by the author's clock
    message: str
    files: Mapping[str, bytes]  # by path, with forward slashes


class SharedObjects:
    """Those of one mission in this process. For any thread, one at a time."""

    def __init__(self, repository: Repository, *, state_dir: Path, tracked: bool) -> None:
        """
        Args:
            state_dir: The mission's own folder, which exists.
            tracked: Whether git keeps refs of its own of what it fetches and pushes for them: then
                they have to be where it looks.
        """
        self._repository = repository
        self._state_dir = state_dir
        self._tracked = tracked
        self._main = repository.common_dir / "objects"
        self._made: Path | None = None  # the folder of our own, once there is one
        self._held = -1  # its lock's descriptor

    def close(self) -> None:
        """Throw away what was made and fetched. What comes later begins anew."""
        if "_store" in self.__dict__:
            self._store.close()
        for kept in ("_store", "_objects"):
            self.__dict__.pop(kept, None)
        if self._made is not None:
            shutil.rmtree(self._made, ignore_errors=True)
            os.close(self._held)
            self._made = None

    @property
    def environment(self) -> dict[str, str]:
        """By these variables git finds what is ours, and puts there what it fetches."""
        own = self._objects.folder
        if own == self._main:
            return {}
        return {"GIT_OBJECT_DIRECTORY": str(own), _BESIDE: _as_entry(self._main)}

    @property
    def beside(self) -> dict[str, str]:
        """By these git finds what is ours too, and keeps its own where it always does."""
        own = self._objects.folder
        return {} if own == self._main else {_BESIDE: _as_entry(own)}

    def has(self, commit: str) -> bool:
        """Whether a commit is here.

        Raises:
            GitError: Git cannot be asked.
        """
        return self._store.find(commit) is not None

    def read(self, commit: str) -> Shared | None:
        """A commit; None: it is not here.

        Raises:
            GitError: It is no commit, or too big.
        """
        size = self._store.find(commit)
        if size is not None and size.size > _LONGEST:
            raise GitError(f"the commit {commit[:12]} has {size.size} bytes, without its files")
        found = self._store.read(commit)
        if found is None:
            return None
        head, _, message = found.content.decode(errors="replace").partition("\n\n")
        facts = dict(line.partition(" ")[::2] for line in reversed(head.split("\n")))
        person = _PERSON.fullmatch(facts.get("author", ""))
        if found.kind != "commit" or person is None:
            raise GitError(f"{commit[:12]} is no commit that says who wrote it")
        return Shared(
            commit=commit,
            author=f"{person['name']} <{person['address']}>",
            at=int(person["at"]),
            message=message,
            files=self._files(facts.get("tree", ""), commit),
        )

    def _files(self, tree: str, commit: str) -> dict[str, bytes]:
        entries = self._entries(tree, commit)
        sizes = [self._store.find(one.oid) for one in entries]
        blobs = [found for found in sizes if found is not None and found.kind == "blob"]
        if len(blobs) < len(entries) or sum(found.size for found in blobs) > MOST_BYTES:
            raise _unusual(commit)
        read = ((one.path, self._store.read(one.oid)) for one in entries)
        return {path: found.content for path, found in read if found is not None}

    def _entries(self, tree: str, commit: str) -> list[Entry]:
        """The files of a tree by their paths. No more is read than may be there: a few small trees
        that hold each other many times stand for any number of files."""
        files: list[Entry] = []
        folders, seen = [("", tree)], 0
        while folders:
            seen += len(folders)
            sizes = [self._store.find(oid) for _, oid in folders]
            known = [found for found in sizes if found is not None and found.kind == "tree"]
            if len(known) < len(folders) or sum(one.size for one in known) > MOST_BYTES:
                raise _unusual(commit)
            held = self._store.entries([oid for _, oid in folders])
            below = [
                replace(one, path=f"{folder}{one.path}")
                for (folder, _), its in zip(folders, held, strict=True)
                for one in its
            ]
            folders = [(f"{one.path}/", one.oid) for one in below if one.mode == TREE]
            files += [one for one in below if one.mode != TREE]
            if seen + len(files) + len(folders) > MOST_FILES:
                raise _unusual(commit)
        return files

    def make(self, files: Mapping[str, bytes], *, subject: str, parent: str | None = None) -> str:
        """The id of a commit with these files, by whoever git says that we are.

        Raises:
            OSError: It cannot be written.
        """
        who = f"{self.person} {int(time.time())} +0000"
        return self._objects.commit(
            self.tree(files),
            message=f"{subject}\n",
            author=who,
            committer=who,
            parents=() if parent is None else (parent,),
        )

    def tree(self, files: Mapping[str, bytes]) -> str:
        """The id of a tree with these files, by plain paths; there is at least one.

        Raises:
            OSError: It cannot be written.
        """
        objects = self._objects
        entries: list[Entry] = []
        below: dict[str, dict[str, bytes]] = {}
        for path, content in files.items():
            if not is_plain(path):
                raise ValueError(f"{path!r} is no plain path")
            name, _, rest = path.partition("/")
            if rest:
                below.setdefault(name, {})[rest] = content
            else:
                entries.append(Entry(path=name, mode="100644", oid=objects.blob(content)))
        entries += [
            Entry(path=name, mode=TREE, oid=self.tree(inside)) for name, inside in below.items()
        ]
        return objects.tree(entries)

    @cached_property
    def person(self) -> str:
        """Who works here, as git knows them: name <address>."""
        set_here = dict(settings_in(self._repository.common_dir / "config"))
        name, address = set_here.get("user.name"), set_here.get("user.email")
        if name and address and not any(key.startswith("author.") for key in set_here):
            return identity_now(f"{name} <{address}>").rpartition(" ")[0].rpartition(" ")[0]
        asked = self._repository.git.run("var", "GIT_AUTHOR_IDENT", check=False)
        found = _PERSON.fullmatch(asked.text)
        return f"{found['name']} <{found['address']}>" if found is not None else RUNNER

    @cached_property
    def _store(self) -> Store:
        return self._repository.git.store_with(self.environment)

    @cached_property
    def _objects(self) -> Objects:
        tip = self._repository.base_tip()
        if self._tracked:
            return Objects.like(tip, folder=self._main)
        self._remove_old()
        self._made = Path(tempfile.mkdtemp(prefix=_FOLDER, dir=self._state_dir))
        self._held = os.open(self._made / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._held, fcntl.LOCK_EX)
        return Objects.like(tip, folder=self._made)

    def _remove_old(self) -> None:
        for folder in self._state_dir.glob(f"{_FOLDER}*/"):
            with suppress(FileNotFoundError):
                # One that is long in use may have had no entry of its own for as long.
                if time.time() - folder.stat().st_mtime > _OLD and _is_free(folder / _LOCK):
                    shutil.rmtree(folder, ignore_errors=True)


def _is_free(lock: Path) -> bool:
    """Whether nobody holds a folder's lock. One without a lock was killed as it was made."""
    if not lock.exists():
        return True
    opened = os.open(lock, os.O_RDWR)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(opened)
    return True


def _unusual(commit: str) -> GitError:
    return GitError(f"the commit {commit[:12]} holds what no clone shows to others")


def is_plain(path: str) -> bool:
    """Whether a file may have this path."""
    return _PATH.fullmatch(path) is not None


_BESIDE = "GIT_ALTERNATE_OBJECT_DIRECTORIES"


def _as_entry(folder: Path) -> str:
    """A folder as the one entry of a list that colons part (git(1))."""
    text = str(folder)
    if os.pathsep not in text and not text.startswith('"'):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
