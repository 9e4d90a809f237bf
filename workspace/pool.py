"""Folders of worktrees that are over: the next worktree begins with the files in one that are as
its commit has them, so that making it costs what differs.

Whoever worked in such a folder may have done anything to it, and to git's own files about it. So
of these none is used again: a worktree's record is made anew. Of the folder we remember, in our
memory alone, how each file was right after git had written it, down to the instant at which the
system last saw its inode change, which nobody else can set. What is not exactly so goes, before git
brings the folder to the commit. Where files are to vouch for something, each is read again too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

from workspace.alive import touched_by
from workspace.conversions import conversions
from workspace.git import Git
from workspace.git_files import delete, is_folder
from workspace.sifting import Files, delete_whole
from workspace.tree_entries import ATTRIBUTES, MISSING, Change

_IDLE = 8  # folders of a kind that wait; each is as large as a checkout


@dataclass(frozen=True, kw_only=True, slots=True)
class Warm:
    """A folder, and how git left it."""

    folder: Path
    full: bool  # whether it vouches for something
    tree: str  # the id of the tree that it held
    index: bytes  # git's index of it, from right after git wrote the files
    files: Files  # how they were then
    settings: str  # by which git had turned blobs into them
    fresh: frozenset[str] = frozenset()  # paths that git has to write for the tree it is to hold
    spared: frozenset[str] = frozenset()  # paths of folders that were not looked into


@dataclass(frozen=True, kw_only=True, slots=True)
class Pool:
    """Folders that wait, and what is known of those at work. For any thread of one process: of what
    another process left nobody remembers how it was, so it is removed."""

    place: Path  # holds those that wait
    common_dir: Path  # of their repository
    spared: Collection[
        str
    ] = ()  # folders of an agent's worktree that the next one gets as they are
    _at_work: dict[Path, Warm] = field(default_factory=dict)  # by folder
    _idle: tuple[deque[Warm], deque[Warm]] = field(default_factory=lambda: (deque(), deque()))

    def take(
        self, git: Git, *, full: bool, tree: str, changes: Callable[[str], list[Change]]
    ) -> Warm | None:
        """A folder in which nothing is left but files that are as `tree` has them; None: there is
        none. It is the caller's, wherever he moves it, until `note`.

        Args:
            git: In the worktree that gets it.
            full: Whether what is done in it will vouch for something.
            tree: The id of the tree that it is to hold.
            changes: What differs from another tree.
        """
        settings, idle = conversions(git, self.common_dir), self._idle[full]
        while idle:
            try:
                warm = idle.pop()
            except IndexError:  # another thread was quicker
                return None
            sifted = self._sifted(warm, tree, changes(warm.tree), settings)
            if sifted is not None:
                return sifted
        return None

    def _sifted(self, warm: Warm, tree: str, changes: list[Change], settings: str) -> Warm | None:
        converts = any(one.path.rpartition("/")[2] == ATTRIBUTES for one in changes)
        gone = {one.path for one in changes if one.new.mode == MISSING}
        changed = {one.path for one in changes}
        try:
            # Whoever was there as it came, and stayed, is there still.
            if converts or warm.settings != settings or touched_by(warm.folder) is not None:
                delete_whole(warm.folder)
                return None
            spared = () if warm.full else self.spared
            kept, passed = warm.files.sift(warm.folder, changed=changed, spared=spared)
        except (OSError, RecursionError):
            # It cannot be made clean, so it waits for `clear`, which says why if it cannot go.
            return None
        fresh = (warm.files.files.keys() | changed) - gone - kept.files.keys()
        return replace(warm, tree=tree, files=kept, fresh=frozenset(fresh), spared=passed)

    def note(self, git: Git, index: Path, tree: str, *, full: bool, warm: Warm | None) -> None:
        """Remember how git has just left a worktree's files, before anybody works on them.

        Args:
            git: In the worktree.
            index: The worktree's index.
            tree: The id of the tree that it holds.
            full: As `take` was told.
            warm: What `take` gave; None: git began with an empty folder.

        Raises:
            OSError: They cannot be read.
        """
        if any(index.parent.glob("sharedindex.*")):
            return  # half of the index would be missing
        path = git.folder
        files = (
            Files.of(path, whole=full) if warm is None else warm.files.with_new(path, warm.fresh)
        )
        self._at_work[path] = Warm(
            folder=path,
            full=full,
            tree=tree,
            index=index.read_bytes(),
            files=files,
            settings=conversions(git, self.common_dir),
        )

    def put(self, path: Path) -> bool:
        """Take away the folder of a worktree that is over, for another one; False: it stays, since
        nothing is known of it, or enough wait."""
        warm = self._at_work.pop(path, None)
        if warm is None or len(self._idle[warm.full]) >= _IDLE or not is_folder(path):
            return False
        folder = self.place / uuid4().hex
        try:
            self.place.mkdir(mode=0o700, exist_ok=True)
            path.rename(folder)
        except OSError:  # it is closed, and so cannot be taken elsewhere
            return False
        mark = folder / ".git"
        try:
            delete_whole(mark) if is_folder(mark) else delete(mark)
        except OSError:
            return True  # as in `_sifted`
        self._idle[warm.full].append(replace(warm, folder=folder))
        return True

    def clear(self) -> None:
        """Remove all that waits, and what a process left that was killed.

        Raises:
            OSError: Something cannot be removed.
        """
        for idle in self._idle:
            idle.clear()
        if self.place.is_symlink() or self.place.exists():
            delete_whole(self.place)
