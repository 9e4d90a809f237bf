"""Branches of rows that another clone went on with: here as they are on the remote."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from errors import GitError, UsageError
from mission.journal import Attempt, Journal
from orchestrator.ports.display import Display
from orchestrator.workplace.finished import author_of
from workspace import changes
from workspace.branches import is_checked_out
from workspace.repository import Repository
from workspace.worktree import ExistingWorktree
from workspace.worktrees import Worktrees

_AT_ONCE = 200  # branches a command names


@dataclass(frozen=True, kw_only=True)
class LeftBranches:
    """Brings branches here, and clears the way for them. Nothing that was committed is lost."""

    journal: Journal
    repository: Repository
    worktrees: Worktrees
    display: Display

    def follow(self, attempts: Sequence[Attempt], *, of_rows: Collection[str | None]) -> None:
        """Have the commits of these attempts' branches here, as far as they are on the remote, and
        the branches at them that are the rows' by our own file: others are somebody's.

        A folder in which an attempt of ours worked at such a row goes, with what it left committed
        below `refs/mission-runner/kept`: the row has gone on without it.

        Args:
            of_rows: The branches that the task file names.

        Raises:
            GitError: The remote cannot be reached.
        """
        named = {
            one.branch: one.task
            for one in attempts
            if one.branch is not None and self._may_be(one.branch)
        }
        there = self._on_the_remote(sorted(named))
        self._fetch(sorted(there))
        folders = self.worktrees.existing() if named else ()
        for branch, task in named.items():
            self._clear(folders, task, branch)
            if branch in of_rows:
                self._move(branch, there.get(branch))

    def clear(self, merged: Sequence[Attempt]) -> None:
        """Remove the folders in which attempts of ours worked at rows that are done by now."""
        folders = self.worktrees.existing() if merged else ()
        for one in merged:
            self._clear(folders, one.task, one.branch)

    def _may_be(self, name: str) -> bool:
        try:
            self.repository.check_branch_name(name)
        except UsageError:
            return False  # nothing that a runner would have worked on
        return True

    def _on_the_remote(self, names: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for at in range(0, len(names), _AT_ONCE):
            refs = [f"refs/heads/{name}" for name in names[at : at + _AT_ONCE]]
            listed = self.repository.git.text("ls-remote", str(self.repository.remote), *refs)
            for line in listed.splitlines():
                commit, _, ref = line.partition("\t")
                if ref in refs:
                    found[ref.removeprefix("refs/heads/")] = commit
        return found

    def _fetch(self, names: Sequence[str]) -> None:
        remote = self.repository.remote
        for at in range(0, len(names), _AT_ONCE):
            with self.repository.lock():
                self.repository.git.run(
                    "fetch", "--quiet", "--no-tags", "--no-recurse-submodules",
                    "--no-write-fetch-head", str(remote),
                    *(f"+refs/heads/{one}:refs/remotes/{remote}/{one}"
                      for one in names[at : at + _AT_ONCE]),
                )  # fmt: skip

    def _clear(self, folders: Sequence[ExistingWorktree], task: str, branch: str | None) -> None:
        """Remove the folders of our attempts at a row; what is in them becomes commits first."""
        attempts = self.journal.attempts(task)
        number_of = {
            self.worktrees.path(task, number): number
            for number in range(1, max((one.number for one in attempts), default=0) + 1)
        }
        for folder in folders:
            number = number_of.get(folder.path)
            if number is None or folder.head is None:
                continue
            try:
                self._remove(folder, task, number, branch)
            except GitError as error:
                self.display.say(f"{task}: {folder.path} stays as it is: {error}")

    def _remove(self, folder: ExistingWorktree, task: str, number: int, branch: str | None) -> None:
        worktree = self.worktrees.ensure(
            task, number, branch=folder.branch, base_commit=str(folder.head)
        )
        if folder.branch is not None:
            changes.commit_leftovers(
                worktree, message="Work that was cut off", author=author_of("mission-runner")
            )
        head = changes.head(worktree)
        if folder.branch != branch and not self._is_known(head):
            self._keep(branch or folder.path.name, head)
        self.worktrees.remove(worktree)

    def _is_known(self, commit: str) -> bool:
        git = self.repository.git
        return git.is_ancestor(commit, of=self.repository.base_tip())

    def _move(self, branch: str, tip: str | None) -> None:
        """Let the branch here be where the remote's is; what only we have is kept below a ref. Not
        one that somebody has checked out: their files would look as if they had undone the rest."""
        git, ref = self.repository.git, f"refs/heads/{branch}"
        here = git.commit(ref)
        if tip is None or here is None or here == tip:
            return
        if is_checked_out(self.repository, branch):
            self.display.say(
                f"{branch}: is checked out here, and stays at {here[:12]}; on "
                f"{self.repository.remote} it is at {tip[:12]}"
            )
            return
        if not git.is_ancestor(here, of=tip):
            self._keep(branch, here)
        git.move_refs(f"update {ref} {tip} {here}")

    def _keep(self, branch: str, commit: str) -> None:
        name = f"refs/mission-runner/kept/{branch}-{commit[:12]}"
        self.repository.git.move_refs(f"update {name} {commit}")
        self.display.say(f"{branch}: commits that only this clone has are kept as {name}")
