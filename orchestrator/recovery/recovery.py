"""After a crash: journal, git and file are made to agree before anything is dispatched."""

from __future__ import annotations

from dataclasses import dataclass

from mission.journal import Attempt, Journal
from mission.journal.kinds import StatusSet
from mission.state import Actor, Status
from orchestrator.loop.board import Board, StatusChange
from orchestrator.ports.display import Display
from orchestrator.recovery.proving import Proving
from policy.attempt import Turn, after_crash, keeps_approval
from workspace.alive import end_leftover


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """Makes journal, git and file agree before anything is dispatched."""

    proving: Proving
    journal: Journal
    display: Display

    def end_crashed_runs(self) -> list[str]:
        """End, in the journal, the runs that died without a word; the engine's names of them, empty
        where it had not told."""
        crashed = [run for run in self.journal.open_runs() if run.id != self.journal.run]
        for run in crashed:
            self.journal.end_run(run.id, "crashed")
        return [run.engine_run or "" for run in crashed]

    def reconcile(self, board: Board) -> Recovered:
        """Bring the file in line with what the base and the journal know.

        The journal decides what had finished: an attempt whose agent had ended is carried on from
        there, at once where its row says `in-progress`, else in the row's turn; one whose agent was
        cut off is given back and starts again with its worktree as it is. Git decides what had
        merged: what the base holds is done, and the merge queue looks for an attempt's trailers
        before it merges."""
        held = frozenset(
            attempt.task for attempt in self.journal.open_attempts() if not self._has_ended(attempt)
        )
        self.proving.prove_merged(board, held)
        open_ones = [one for one in self.journal.open_attempts() if one.task not in held]
        found = [self._left_by_a_crash(board, attempt) for attempt in open_ones]
        left = tuple(attempt for attempt in found if attempt is not None)
        kept = held | {attempt.task for attempt in left}
        for task, status in list(board.statuses.items()):
            if status is Status.IN_PROGRESS and task not in kept:
                self._give_back(board, task)
        board.write()
        return Recovered(left=left, held=held)

    def _has_ended(self, attempt: Attempt) -> bool:
        """Whether an attempt's agent is gone, after asking it to go if it outlived the runner."""
        if attempt.pid is None or attempt.pid_started is None:
            return True
        if end_leftover(attempt.pid, attempt.pid_started):
            return True
        self.display.say(
            f"{attempt.task}: held back, process {attempt.pid} of attempt {attempt.number} is "
            "still at "
            f"work in {attempt.worktree} and does not end; end it, and run again"
        )
        return False

    def _left_by_a_crash(self, board: Board, attempt: Attempt) -> Attempt | None:
        """The attempt, if it goes on at once; else it has ended, or waits for its row's turn."""
        row = board.status(attempt.task)
        after = after_crash(attempt, row, set_back=self._was_set_back(attempt))
        if after is Turn.IN_TURN:
            return None
        if after is not Turn.NOW:
            self.journal.end_attempt(attempt.id, after, "the runner was stopped")
            return None
        if keeps_approval(attempt, row):
            self.display.say(f"{attempt.task}: carries on, it was approved")
            return attempt
        self.display.say(f"{attempt.task}: carries on, its work was {attempt.stage}")
        return self.journal.withdraw_approval(attempt.id) if attempt.approved else attempt

    def _was_set_back(self, attempt: Attempt) -> bool:
        """Whether the file does not say any more that the row is in progress, which it said for
        this attempt: somebody edited it. Where it never said so, the file had not followed the loop
        yet."""
        changes = self.journal.events(StatusSet, task=attempt.task)
        last = changes[-1] if changes else None
        return (
            last is not None and last.attempt == attempt.id and last.what.new == Status.IN_PROGRESS
        )

    def _give_back(self, board: Board, task: str) -> None:
        if self.journal.last_attempt(task) is None or self._is_a_persons(task):
            self.display.say(
                f"{task}: in-progress, but not by this runner; left alone "
                f"(`mission set {task} not-started` hands it over)"
            )
            return
        board.stage(
            StatusChange(
                task=task, status=Status.NOT_STARTED, word="", reason="given back after a stop"
            )
        )

    def _is_a_persons(self, task: str) -> bool:
        """Whether it was a person who set the row in progress."""
        changes = self.journal.events(StatusSet, task=task)
        return bool(changes) and (
            changes[-1].what.by == Actor.PERSON and changes[-1].what.new == Status.IN_PROGRESS
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Recovered:
    """What earlier runs left."""

    left: tuple[Attempt, ...]  # attempts to carry on
    held: frozenset[str]  # rows whose agent cannot be ended: nothing may start in its worktree
