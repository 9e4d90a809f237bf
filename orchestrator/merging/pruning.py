"""Branches of merged rows are deleted, here and on the remote."""

from __future__ import annotations

from dataclasses import dataclass

from errors import ForgeError, GitError
from forges.pulls import PullRequests
from mission.config import MissionConfig
from mission.journal import Attempt
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
            self.display.say(f"{attempt.task}: {work.branch} is merged and stays: {error}")
            return
        for place, deleted in (("here", here), (f"on {repository.remote}", there)):
            if not deleted:
                self.display.say(
                    f"{attempt.task}: {work.branch} {place} is in use, or has new commits, and is "
                    "kept"
                )
