"""Going on with finished work that something outside held up, instead of paying for it again."""

from __future__ import annotations

from dataclasses import dataclass

from mission.journal import Attempt, Journal, Step
from mission.journal.kinds import Merged
from orchestrator.attempts.work import AgentWork
from orchestrator.merging.merges import Merges
from orchestrator.ports.display import Display
from workspace import changes
from workspace.repository import Repository


@dataclass(frozen=True, kw_only=True)
class Resuming:
    """Attempts that are taken up again."""

    agent_work: AgentWork
    journal: Journal
    repository: Repository
    landed: Merges
    display: Display

    def take_up(self, last: Attempt) -> Attempt:
        """The attempt again, from where its agent had ended; or behind its merge, if that
        stands."""
        merged = any(
            not self.landed.taken_back(event.what.commit)
            for event in self.journal.events(Merged, task=last.task, attempt=last.id)
        )
        step = Step.MERGED if merged else Step.WORKED
        return self.journal.take_up_attempt(last.id, step=step)

    def with_added(self, attempt: Attempt) -> Attempt:
        """An attempt that was taken up, with what its branch holds by now.

        A person may have resolved a conflict on the branch, or added to it, here or on the remote.
        """
        newest = self._newest(attempt)
        if newest != attempt.head and attempt.approved:
            added = self.repository.git.text("rev-list", "--count", f"{attempt.head}..{newest}")
            self.display.say(
                f"{attempt.task}: approved with commits ({added}) that {attempt.branch} got since "
                "its "
                f"agent ended: git log {str(attempt.head)[:10]}..{str(newest)[:10]}"
            )
        return self.journal.update_attempt(attempt.id, head=newest)

    def _newest(self, last: Attempt) -> str | None:
        """The tip of the branch, here or on the remote, whichever holds the other."""
        git, remote = self.repository.git, self.repository.remote
        if last.branch is None or last.base_commit is None:
            return last.head
        tips = [last.head, git.commit(f"refs/heads/{last.branch}")]
        if remote is not None:
            there = f"refs/remotes/{remote}/{last.branch}"
            fetched = git.run(  # not through FETCH_HEAD, which is another row's by now
                "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", remote,
                f"+refs/heads/{last.branch}:{there}", check=False,
            )  # fmt: skip
            if fetched.code == 0:
                tips.append(git.commit(there))
        newest = last.head
        for tip in tips:
            if tip is not None and (newest is None or git.is_ancestor(newest, of=tip)):
                newest = tip
        worktree = self.agent_work.worktree_of(last, last.base_commit)
        if newest is not None and newest != changes.head(worktree):
            worktree.git.run("merge", "--quiet", "--ff-only", newest)
        return newest
