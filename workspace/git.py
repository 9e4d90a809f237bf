"""Git in one folder, as the rest of the project asks it: what a kept process can answer, that one
does; all else is a command of its own (`workspace.git_command`)."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Self

from errors import GitError
from workspace.git_command import GitCommand, GitOutput, reason
from workspace.git_locks import PATIENCE, PAUSE, GitLocks, Places, lock_in_the_way, refusal
from workspace.objects import Objects
from workspace.refs import Refs, packed_refs
from workspace.store import Store

# The newest option in use is `merge-tree --write-tree`.
OLDEST = (2, 38)
_UPDATE_REF = ("update-ref", "-m", "mission-runner", "--stdin")


@dataclass(frozen=True, slots=True)
class Git(GitCommand):
    """Git in one folder, with the processes that are kept there to be asked."""

    store: Store | None = None  # answers about objects without another process; see `keeping`
    refs: Refs | None = None  # moves refs without another process

    def keeping(self, own_dir: Path, common_dir: Path) -> Self:
        """Git that keeps a process that is asked about objects, and one that moves refs; `close`
        ends them.

        Args:
            own_dir: As `own_dir` finds it.
            common_dir: The git folder that all worktrees share.
        """
        view = partial(packed_refs, common_dir)
        store = self.store or Store(self._cat_file, lambda: own_dir, view=view)
        refs = Refs(self._update_ref, view)
        return replace(self, store=store, refs=refs, locks=GitLocks(common_dir))

    def close(self) -> None:
        """End what is kept. What is asked later starts it again."""
        for kept in (self.store, self.refs):
            if kept is not None:
                kept.close()

    @contextmanager
    def objects(self) -> Iterator[Store]:
        """What answers questions about objects: what is kept, or else one for the time."""
        if self.store is not None:
            yield self.store
            return
        store = Store(self._cat_file, self.own_dir)
        try:
            yield store
        finally:
            store.close()

    @contextmanager
    def asked(self) -> Iterator[Self]:
        """Git that answers several questions about objects with one process."""
        with self.objects() as store:
            yield replace(self, store=store)

    def store_with(self, environment: Mapping[str, str]) -> Store:
        """What answers questions about objects that git finds by these variables."""
        asks = ("cat-file", "--batch-command")
        return Store(
            lambda: self._started(asks, stderr=subprocess.DEVNULL, environment=environment),
            self.own_dir,
        )

    def written(self, like: str) -> Objects:
        """What stores new objects, which are named as the one that `like` is the id of."""
        own = self.store.git_dir if self.store is not None else self.own_dir()
        link = own / "commondir"  # of a worktree: where the folder is that all of them share
        shared = own / link.read_text().strip() if link.is_file() else own
        return Objects.like(like, folder=shared / "objects")

    def _cat_file(self) -> subprocess.Popen[bytes]:
        return self._started(("cat-file", "--batch-command"), stderr=subprocess.DEVNULL)

    def _update_ref(self) -> subprocess.Popen[bytes]:
        return self._started(_UPDATE_REF, stderr=subprocess.STDOUT)

    def is_ancestor(self, commit: str, *, of: str) -> bool:
        """Whether a commit is another one, or part of its history.

        Raises:
            GitError: There is no such commit.
        """
        if self.store is not None:
            one, other = self.commit(commit), self.commit(of)
            near = self.store.is_ancestor(one, of=other) if one and other else None
            if near is not None:
                return near
        return commit == of or self.fits("merge-base", "--is-ancestor", commit, of)

    def commit(self, revision: str) -> str | None:
        """The full id of the commit that a revision names, None if it names none."""
        peeled = f"{revision}^{{commit}}"
        if self.store is not None:
            with suppress(GitError):  # where it cannot be asked, another process can
                found = self.store.find(peeled)
                return found.oid if found is not None else None
        named = ("rev-parse", "--verify", "--quiet", "--end-of-options", peeled)
        output = self.run(*named, check=False)
        return output.text if output.code == 0 else None

    def tree(self, commit: str) -> str:
        """The id of a commit's tree: what it holds, whatever its history.

        Raises:
            GitError: There is no such commit.
        """
        peeled = f"{commit}^{{tree}}"
        found = self.store.find(peeled) if self.store is not None else None
        if found is not None:
            return found.oid
        return self.text("rev-parse", "--verify", "--end-of-options", peeled)

    def line_between(self, since: str, until: str) -> list[str] | None:
        """The commits after `since` up to `until`, the newest first; None: they are many, or not in
        one line, or that is not known without another process."""
        if self.store is None:
            return None
        start, end = self.commit(since), self.commit(until)
        return self.store.line(start, end) if start and end else None

    def move_refs(self, *commands: str) -> None:
        """Carry out commands of `git update-ref --stdin`, all of them or none.

        Raises:
            GitError: Git refuses, or ended, and nobody can tell.
        """
        refused = self.try_refs(*commands)
        if refused:
            where = self.git_dir or self.folder
            raise refusal(
                f"git update-ref: {refused}",
                refused,
                folder=where,
                places=Places(own=self.own_places()),
            )

    def try_refs(self, *commands: str) -> str:
        """As `move_refs`.

        Returns:
            Why git refuses them, without credentials; empty: they were carried out.

        Raises:
            GitError: Git ended, and nobody can tell.
        """
        if self.refs is not None:
            said = self._move(self.refs, *commands)
            return said and reason(GitOutput(stdout="", stderr=said, code=128))
        moved = self.run(*_UPDATE_REF, input="".join(f"{one}\n" for one in commands), check=False)
        return reason(moved) if moved.code else ""

    def _move(self, refs: Refs, *commands: str) -> str:
        deadline = time.monotonic() + PATIENCE
        with self._noted(_UPDATE_REF):
            while (said := refs.move(*commands)) and lock_in_the_way(said) is not None:
                if time.monotonic() > deadline:
                    break
                time.sleep(PAUSE)
        return said

    def merge_base(self, one: str, other: str) -> str:
        """Where two commits parted; the first of them if they share no history."""
        if self.is_ancestor(one, of=other):
            return one
        return self.run("merge-base", one, other, check=False).text or one
