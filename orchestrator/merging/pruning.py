"""Branches of merged rows are deleted, here and on the remote."""

from __future__ import annotations

from dataclasses import dataclass

from errors import ForgeError, GitError, StoppedError
from forges.pulls import PullRequests
from mission.config import MissionConfig
from mission.journal import Attempt, Journal
from mission.journal.kinds import BranchStays
from orchestrator.merging.pulling import Pulling
from orchestrator.ports.display import Display
from orchestrator.workplace.finished import Work
from workspace import branches
from workspace.repository import Repository


@dataclass(frozen=True, kw_only=True)
class Pruning:
    """Deletes what a merge has made needless. What it cannot delete it names: nothing depends on
    it."""

    pulling: Pulling
    pulls: PullRequests | None
    config: MissionConfig
    journal: Journal
    repository: Repository
    display: Display

    def prune(self, attempt: Attempt) -> None:
        """Delete the branch of a row whose merge is confirmed and whose worktree is gone.

        Raises:
            StoppedError: A stop was requested while the remote was waited for.
        """
        if self.config.merge.keep_branches:
            return
        work, repository = Work.of(attempt), self.repository
        here = branches.delete_branch(repository, work.branch, work.head)
        try:
            if self.pulls is not None:
                self.pulling.clear_pull(self.pulls, attempt)
                there = True  # what stays there was said
            else:
                there = branches.delete_remote_branch(repository, work.branch, work.head)
        except (GitError, ForgeError) as error:
            if not self._stays(attempt):
                self.display.say(f"{attempt.task}: {work.branch} is merged and stays: {error}")
                self._note(attempt, work, str(error))
            return
        if self._stays(attempt):
            self._note(attempt, work, "")
        for place, deleted in (("here", here), (f"on {repository.remote}", there)):
            if not deleted:
                self.display.say(
                    f"{attempt.task}: {work.branch} {place} is in use, or has new commits, and is "
                    "kept"
                )

    def prune_stayed(self) -> None:
        """Try once more to delete the branches that could not be deleted in earlier runs, and were
        named then."""
        for event in self.journal.newest(BranchStays):
            last = self.journal.last_attempt(str(event.task))
            earlier = event.run != self.journal.run
            if event.what.why and earlier and last is not None and last.id == event.attempt:
                try:
                    self.prune(last)
                except StoppedError:
                    return

    def _stays(self, attempt: Attempt) -> bool:
        """Whether its branch could not be deleted so far."""
        noted = self.journal.events(BranchStays, attempt=attempt.id)
        return bool(noted) and noted[-1].what.why != ""

    def _note(self, attempt: Attempt, work: Work, why: str) -> None:
        what = BranchStays(branch=work.branch, why=why)
        self.journal.record(what, task=attempt.task, attempt=attempt.id)
