"""Going on with finished work that something outside held up, instead of paying for it again."""

from __future__ import annotations

from dataclasses import dataclass

from errors import GitError
from mission.journal import Attempt, Journal, Step
from mission.journal.kinds import Merged
from orchestrator.attempts.work import AgentWork
from orchestrator.merging.merges import Merges
from orchestrator.ports.display import Display
from policy.attempt import is_left_behind_the_agent
from workspace import changes, unfinished
from workspace.foreign import Tips, tips
from workspace.foreign import newest as changed
from workspace.repository import Repository
from workspace.worktree import Worktree

_NAMED = 5  # files in a message


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
        if not merged and is_left_behind_the_agent(last):
            step = Step.ANSWERED
        return self.journal.take_up_attempt(last.id, step=step)

    def with_added(self, attempt: Attempt) -> Attempt:
        """An attempt that was taken up, with what its branch holds by now.

        A person may have resolved a conflict on the branch, added to it, rebased it or set it back:
        here, or on the remote.

        Raises:
            GitError: Nobody can tell what is meant: the branch is at two places, or something is
                unfinished in its worktree.
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
        if last.branch is None or last.base_commit is None:
            return last.head
        worktree = self.agent_work.worktree_of(last, last.base_commit)
        if last.worktree is None:  # it began in another clone: the folder goes with its merge
            self.journal.update_attempt(last.id, worktree=str(worktree.path))
        _refuse_unfinished(last, worktree)
        found = tips(self.repository, last.branch)
        known = self.agent_work.beginning.known(last.branch)
        moved = Tips(
            here=found.here if found.here != last.head else None,
            there=found.there if found.there not in known else None,
        )
        try:
            newest = changed(self.repository, moved) or last.head
        except GitError as parted:
            raise GitError(
                f"{last.branch}: {parted.message}",
                hint=f"{parted.hint}; then `mission unblock {last.task}`",
            ) from parted
        if newest is not None and newest != changes.head(worktree):
            worktree.git.run("reset", "--quiet", "--hard", newest)
        return newest


def _refuse_unfinished(last: Attempt, worktree: Worktree) -> None:
    """Refuse to go on while a person is in the middle of something: it would not be merged, and
    would go with the worktree."""
    then = f"then `mission unblock {last.task}`"
    operation = unfinished.name_of(worktree)
    if operation is not None:
        raise GitError(
            f"a {operation} is unfinished in {worktree.path}",
            hint=f"Finish it there, or abort it; {then}",
        )
    state = changes.State.of(worktree)
    if not state.clean:
        files = ", ".join(state.paths[:_NAMED])
        raise GitError(
            f"{worktree.path} holds what is not committed: {files}",
            hint=f"Commit it there, or take it out; {then}",
        )
