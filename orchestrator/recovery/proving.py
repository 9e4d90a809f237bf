"""Rows that the base holds are done, whatever the file and the journal of this clone say."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Set
from dataclasses import dataclass
from typing import Protocol

from errors import MissionError
from mission.journal import Attempt, End, Journal
from mission.journal.kinds import Merged
from mission.state import Actor, Status
from mission.steps import AT_BASE
from orchestrator.loop.board import Board, StatusChange
from orchestrator.ports.display import Display
from orchestrator.publishing.issues import IssueBook
from policy.merged import Merge
from tasks_md.model import Plan


class FindsMerges(Protocol):
    """Knows what the base holds."""

    def merged(self, tasks: Collection[str]) -> Mapping[str, Merge]:
        """Those of `tasks` that the base holds, and nobody wants anew; the merge of each."""


@dataclass(frozen=True, kw_only=True)
class Proving:
    """Sets the rows that the base holds to done."""

    landed: FindsMerges
    journal: Journal
    display: Display
    issues: Callable[[Callable[[], Plan]], IssueBook]  # those that the rows of a plan name
    clear: Callable[[Attempt], None]  # removes an attempt's worktree
    base: str  # the branch's name

    def prove_merged(self, board: Board, held: Set[str]) -> None:
        """Set the rows to done that were merged, unless a person wanted them anew since.

        Left to take their own way to their end, which does what is left to do there: attempts that
        were cut off as they landed, and rows that a merge of this runner left blocked.

        Args:
            held: Rows whose agent cannot be ended; their worktrees stay.
        """
        undone = [task for task, status in board.statuses.items() if status is not Status.DONE]
        if not undone:
            return
        attempts = {one.task: one for one in self.journal.open_attempts()}
        proved = {
            task: merge
            for task, merge in self.landed.merged(undone).items()
            if not self._goes_on(board, task, merge, attempts)
        }
        for task, merge in proved.items():
            board.stage(as_merged(task, merge, by="found on the base"))
        board.write()
        for task, merge in proved.items():
            if task in attempts:
                self._supersede(attempts[task], merge, clears=task not in held)
            self.display.say(
                f"{task}: done (merged as {merge.commit[:10]}, attempt {merge.attempt}: found "
                "on "
                f"{self.base}, no agent starts)"
            )
        self._close_issues(board, proved)

    def _goes_on(
        self, board: Board, task: str, merge: Merge, attempts: Mapping[str, Attempt]
    ) -> bool:
        """Whether the attempt that made the merge is carried on, or waits for a person."""
        attempt = attempts.get(task)
        if attempt is not None:
            return attempt.step in AT_BASE and merge.attempt == str(attempt.number)
        last = self.journal.last_attempt(task)
        if last is None or last.end is not End.HELD_UP or board.status(task) is not Status.BLOCKED:
            return False
        return bool(self.journal.events(Merged, task=task, attempt=last.id))

    def _supersede(self, attempt: Attempt, merge: Merge, *, clears: bool) -> None:
        reason = f"its row was merged as {merge.commit[:10]}, attempt {merge.attempt}"
        self.journal.end_attempt(attempt.id, End.SUPERSEDED, reason)
        if clears and merge.attempt == str(attempt.number):
            self.clear(attempt)  # it is the same work: the journal is older than its merge

    def _close_issues(self, board: Board, proved: Mapping[str, Merge]) -> None:
        issues = self.issues(lambda: board.plan)
        for task, merge in proved.items():
            said = f"{task}, the last row for this issue, was merged as {merge.commit[:10]}."
            try:
                issues.finish(board.plan.task(task), said)
            except MissionError as error:
                issue = board.plan.task(task).issue
                self.display.say(f"{task}: {issue} may still be open: {error}")


def as_merged(task: str, merge: Merge, *, by: str) -> StatusChange:
    """The change that a merge on the base proves; `by` says how it came to light."""
    return StatusChange(
        task=task,
        status=Status.DONE,
        word=f"merged as {merge.commit[:10]}, attempt {merge.attempt}, {by}",
        actor=Actor.FACTS,
        reason=f"its merge {merge.commit[:10]} is on the base",
    )
