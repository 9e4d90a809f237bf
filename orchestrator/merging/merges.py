"""What the base holds of this mission: facts that a clone finds again whatever it has lost."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from mission.journal import Journal
from orchestrator.merging.words import committed, journalled
from policy.merged import (
    Merge,
    Recorded,
    Word,
    is_taken_back,
    merged,
    merged_twice,
    reverted,
    standing,
)
from tasks_md.model import Dialect
from workspace import base_index, base_log
from workspace.base_index import Index
from workspace.repository import Repository
from workspace.squash import one_line

_Found = TypeVar("_Found")


class Merges:
    """The merges on the base, as it was last fetched. For any thread.

    The base's history is read once, whatever process does it; when the base moves, only what is
    new. What people said is looked for only where a row that is asked about is merged.
    """

    def __init__(
        self,
        repository: Repository,
        journal: Journal,
        task_file: str,
        dialect: Dialect,
        *,
        index: Path,
    ) -> None:
        """
        Args:
            task_file: Its path in the repository, with forward slashes.
            index: Where what was read of the base is kept for later processes. It may be deleted.
        """
        self._index = index
        self._repository = repository
        self._journal = journal
        self._path = task_file
        self._dialect = dialect
        self._turn = threading.Lock()  # guards what follows
        self._tip: str | None = None  # the base's tip that was read up to
        self._commits: list[Recorded] = []
        self._ours: dict[str, bool] = {}  # whether a mission's path is a former one of ours

    def merged(self, tasks: Collection[str], *, unnamed: bool = False) -> Mapping[str, Merge]:
        """Those of `tasks` that the base holds, and nobody wants anew; the merge of each.

        Args:
            tasks: Rows of the mission.
            unnamed: Take merges that name no mission for ours. They may be of any.

        Raises:
            GitError: There is no base, or its history cannot be read.
        """
        found = self._of(tasks, self.standing(unnamed=unnamed))
        if not found:
            return {}
        return _by_row(tasks, merged(found, self._words(found)))

    def merged_twice(self, tasks: Collection[str]) -> Mapping[str, tuple[Merge, Merge]]:
        """Those of `tasks` that the base holds twice, though nobody asked for it.

        Raises:
            GitError: As `merged`.
        """
        found = self._of(tasks, self.standing())
        if not merged_twice(found):
            return {}
        return _by_row(tasks, merged_twice(found, self._words(found)))

    def since(self, task: str, base_commit: str | None) -> Merge | None:
        """The newest merge of a row that came to the base after `base_commit`.

        Raises:
            GitError: As `merged`.
        """
        found = self._of([task], self.standing())
        if not found or (base_commit is not None and self._holds(base_commit, found[-1].commit)):
            return None
        return found[-1]

    def taken_back(self, commit: str) -> bool:
        """Whether the base has reverted a commit, and not reverted that.

        Raises:
            GitError: As `merged`.
        """
        return is_taken_back(commit, self._read())

    def standing(self, *, unnamed: bool = False) -> Sequence[Merge]:
        """The merges of this mission that were not reverted, the oldest first.

        Raises:
            GitError: As `merged`.
        """
        return self._own(standing(self._read()), unnamed=unnamed)

    def reverted(self) -> Sequence[Merge]:
        """The merges of this mission that were reverted, the oldest first.

        Raises:
            GitError: As `merged`.
        """
        return self._own(reverted(self._read()))

    def _own(self, found: Sequence[Merge], *, unnamed: bool = False) -> Sequence[Merge]:
        ours = self._named_ours({one.mission for one in found})
        return [one for one in found if (ours[one.mission] if one.mission else unnamed)]

    def _words(self, merges: Sequence[Merge]) -> list[Word]:
        """What people said of the rows of these merges, after any of them."""
        return [
            *journalled(self._journal, merges),
            *committed(self._repository, merges, self._path, self._dialect),
        ]

    def _read(self) -> Sequence[Recorded]:
        git = self._repository.git
        with self._turn:
            tip = self._repository.base_tip()
            if tip != self._tip:
                first = self._tip is None
                kept = self._kept() if first else None
                if kept is not None:
                    self._tip, self._commits = kept.tip, kept.commits
                known = self._tip if self._tip is not None and self._is_behind(tip) else None
                new = (
                    base_log.read(git, tip)
                    if known is None
                    else base_log.read_after(git, known, tip)
                )
                self._commits = [*self._commits, *new] if known is not None else new
                self._tip = tip
                if first and tip != known and self._is_whole():
                    base_index.save(self._index, Index(tip=tip, commits=self._commits))
            return self._commits

    def _kept(self) -> Index | None:
        """What an earlier process read, where its commits are still here."""
        kept = base_index.load(self._index) if self._is_whole() else None
        return kept if kept is not None and self._repository.git.commit(kept.tip) else None

    def _is_whole(self) -> bool:
        """Whether the history is here from its beginning on."""
        return not (self._repository.common_dir / "shallow").exists()

    def _is_behind(self, tip: str) -> bool:
        """Whether what was read is part of the history of `tip`."""
        return tip == self._tip or self._holds(tip, str(self._tip))

    def _holds(self, descendant: str, commit: str) -> bool:
        return self._repository.git.is_ancestor(commit, of=descendant)

    def _of(self, tasks: Collection[str], merges: Sequence[Merge]) -> list[Merge]:
        wanted = {one_line(task) for task in tasks}
        return [one for one in merges if one.task in wanted]

    def _named_ours(self, missions: Collection[str]) -> Mapping[str, bool]:
        """Whether each of these paths is our task file's, now or before it was moved."""
        with self._turn:
            self._ours[one_line(self._path)] = True
            unknown = sorted(name for name in missions if name and name not in self._ours)
            if unknown:
                former = self._former(unknown)
                self._ours.update((name, name in former) for name in unknown)
            return dict(self._ours)

    def _former(self, paths: Sequence[str]) -> frozenset[str]:
        """Those of `paths` at which our task file was. Where a file still is, it is another's."""
        git, tip = self._repository.git, self._repository.base_tip()
        there = git.run("ls-tree", "-z", "--name-only", "--full-tree", tip, "--", *paths).fields
        gone = set(paths).difference(there)
        if not gone:
            return frozenset()
        moves = git.run(
            "log", "--follow", "-M", "--diff-filter=R", "--name-status", "-z", "--format=",
            "--end-of-options", tip, "--", self._path,
        ).fields  # fmt: skip
        return frozenset(gone.intersection(moves))


def _by_row(tasks: Collection[str], found: Mapping[str, _Found]) -> Mapping[str, _Found]:
    return {task: found[one_line(task)] for task in tasks if one_line(task) in found}
