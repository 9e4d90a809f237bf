"""Commits that our task file has seen, though the checkout need not have followed them.

The status commits that were made here, which are noted before they are pushed, whatever dies then;
and the last commit that was taken in.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from tasks_md.parse import encode
from workspace.repository import Repository


@dataclass(frozen=True, kw_only=True)
class OwnCommits:
    """Commits that our task file has seen."""

    repository: Repository
    task_file: str

    def note_publishing(self, commit: str, *, base: str, checked_out: str) -> None:
        """Before a status commit on `base` is pushed: it is ours, and may arrive there at any time.

        Forgets those that the checkout has, of the newest on the base; `forget_published` the rest.
        """
        git = self.repository.git
        commands = [f"update {self._folder()}{commit} {commit}"]
        if git.store is not None:
            for earlier in git.store.newest(base):
                name = f"{self._folder()}{earlier}"
                if git.commit(name) is not None and git.is_ancestor(earlier, of=checked_out):
                    commands.append(f"delete {name}")
        git.move_refs(*commands)

    def forget_published(self, *, base: str, checked_out: str) -> None:
        """As a run begins: forget the status commits that the checkout has, and those that can
        arrive no more, since the base is not where their push expected it."""
        git = self.repository.git
        commands = []
        for name, earlier, parent in self._noted(self._folder()):
            waits = parent == base
            counts = git.is_ancestor(earlier, of=base) and not git.is_ancestor(
                earlier, of=checked_out
            )
            if not (waits or counts):
                commands.append(f"delete {name}")
        if commands:
            git.move_refs(*commands)

    def note_taken_in_commit(self, commit: str) -> None:
        """Our task file builds on `commit` now, which nothing else here says."""
        self.repository.git.move_refs(f"update {self.taken_in_ref()} {commit}")

    def note_copied_commit(self, commit: str) -> None:
        """The plan's copy (`mission.plan_copy`) builds on `commit` now."""
        git, ref = self.repository.git, self.copied_ref()
        if git.commit(ref) != commit:
            git.move_refs(f"update {ref} {commit}")

    def copied_ref(self) -> str:
        """The ref of what the plan's copy builds on: all checkouts share both."""
        return f"refs/mission-runner/plan/{self._name()}"

    def newest_noted(self, *, beyond: str) -> str | None:
        """The last noted commit that the base holds, as it was last heard, and `beyond` does
        not."""
        git, newest, tip = self.repository.git, None, self.repository.base_tip()
        for commit in self._noted_since(beyond, tip):
            there = git.is_ancestor(commit, of=tip)
            fits = there and not git.is_ancestor(commit, of=beyond)
            if fits and (newest is None or git.is_ancestor(newest, of=commit)):
                newest = commit
        return newest

    def _noted_since(self, beyond: str, tip: str) -> list[str]:
        """The noted commits that `tip` may hold and `beyond` does not."""
        git = self.repository.git
        new = git.line_between(beyond, tip)
        if new is None:
            return [commit for _, commit, _ in self._noted(self._folder(), self.taken_in_ref())]
        named = [self.taken_in_ref(), *(f"{self._folder()}{commit}" for commit in new)]
        return [commit for name in named if (commit := git.commit(name)) is not None]

    def _noted(self, *patterns: str) -> list[tuple[str, str, str]]:
        """Ref, commit and parent of each."""
        shown = "--format=%(refname)%00%(objectname)%00%(parent)%00"
        fields = iter(self.repository.git.run("for-each-ref", shown, *patterns).fields)
        return [
            (name.lstrip("\n"), commit, parent)
            for name, commit, parent in zip(fields, fields, fields, strict=True)
        ]

    def taken_in_ref(self) -> str:
        """The ref of what was taken in last."""
        return f"refs/worktree/mission-runner/absorbed/{self._name()}"

    def _folder(self) -> str:
        return f"refs/worktree/mission-runner/published/{self._name()}/"

    def _name(self) -> str:
        """Each checkout has refs of its own (gitrevisions(7), refs/worktree), and each task
        file."""
        return hashlib.sha256(encode(self.task_file)).hexdigest()[:16]
