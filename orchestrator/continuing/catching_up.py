"""File, branches and attempts, as another clone left them: before recovery looks at them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from errors import MissionError
from mission.journal import Attempt, End, Event, Journal, Step
from mission.journal.kinds import AgentEnded, StatusSet, WentOn
from mission.state import Actor, Status
from mission.steps import AT_BASE
from orchestrator.continuing.branches import LeftBranches
from orchestrator.loop.board import Board
from orchestrator.loop.notes import with_word
from orchestrator.ports.display import Display
from orchestrator.workers.sending import pushed_by_workers
from tasks_md.edit import CellChange, current
from tasks_md.model import Dialect, Plan, Task
from tasks_md.parse import decode, parse
from tasks_md.plan_file import PlanFile
from workspace import status_commit
from workspace.alive import end_leftover
from workspace.file_log import edits
from workspace.repository import Repository

GONE = "its machine is gone; what it had not pushed is not there"
# Statuses without a word of the runner in the notes.
_PLAIN = frozenset({Status.NOT_STARTED, Status.IN_PROGRESS})


@dataclass(frozen=True, kw_only=True)
class CatchingUp:
    """Does what is left once another clone's record is in the journal."""

    journal: Journal
    file: PlanFile
    repository: Repository
    task_file: str  # its path in the repository
    dialect: Dialect
    branches: LeftBranches
    display: Display

    def catch_up(self, board: Board) -> None:
        """Go on from what another clone left, if that was not done yet. Killed anywhere, it is done
        again to the same end.

        Raises:
            GitError: The remote cannot be reached, or the repository refuses.
            TaskFileError: The task file cannot be written.
        """
        taken = self.journal.events(WentOn)
        if not taken or taken[-1].what.caught_up:
            return
        since = max((one.id for one in taken if one.what.caught_up), default=0)
        rows = {row for one in taken if one.id > since for row in one.what.rows}
        elsewhere = frozenset(one.id for one in self.journal.runs() if one.elsewhere)
        self._follow_work(rows, elsewhere, [one.branch for one in board.plan.tasks])
        self._write_statuses(board, elsewhere)
        self.journal.record(replace(taken[-1].what, caught_up=True))

    def _follow_work(
        self, rows: set[str], elsewhere: frozenset[int], named: list[str | None]
    ) -> None:
        """Have the branches here that the other clone pushed; end what it had not pushed."""
        last = {one.task: one for one in self.journal.attempts()}
        left = [one for one in self.journal.open_attempts() if one.id != last[one.task].id]
        busy = {one.task for one in left if not self._give_up(one)}
        told = [one for task, one in last.items() if task in rows and task not in busy]
        merged = [one for one in told if one.end is End.SUCCESS]
        theirs = [one for one in told if one.run in elsewhere and one not in merged]
        self.branches.clear(merged)
        self.branches.follow(theirs, of_rows=named)
        for one in theirs:
            if self._is_lost(one):
                self._end_lost(one)
            elif one.step is Step.ENDED and one.head is None and self._has_left(one):
                # It goes on behind its agent, in a folder that is made for it here.
                folder = self.branches.worktrees.path(one.task, one.number)
                self.journal.update_attempt(one.id, worktree=str(folder))

    def _give_up(self, attempt: Attempt) -> bool:
        """End an attempt of ours behind which another clone went on; False: its agent does not end,
        and recovery says so."""
        alive = attempt.pid is not None and attempt.pid_started is not None
        if alive and not end_leftover(attempt.pid or 0, attempt.pid_started or 0.0):
            return False
        self.journal.end_attempt(attempt.id, End.SUPERSEDED, "another clone went on with its row")
        return True

    def _is_lost(self, attempt: Attempt) -> bool:
        """Whether what is left of an attempt was on the other machine alone."""
        if attempt.step in AT_BASE or attempt.end is End.SUCCESS:
            return False  # the base says what became of it
        if attempt.step is Step.STARTED:
            return True
        if attempt.step is Step.ANSWERED:
            return not self._has_left(attempt)
        if attempt.step is Step.ENDED and attempt.head is None:
            return False
        if attempt.branch is None:
            return attempt.step is not Step.ENDED and attempt.step is not Step.UNFINISHED
        return attempt.head is not None and self.repository.git.commit(attempt.head) is None

    def _has_left(self, attempt: Attempt) -> bool:
        """Whether what the agent of an attempt left behind its end is here: a worker pushed it, or
        it is in the journal."""
        if attempt.branch is None:
            ends = self.journal.events(AgentEnded, task=attempt.task, attempt=attempt.id)
            return any(one.what.answer for one in ends)
        pushed = pushed_by_workers(self.journal, attempt)
        return bool(pushed) and self.repository.git.commit(pushed[-1]) is not None

    def _end_lost(self, attempt: Attempt) -> None:
        if attempt.step is Step.ENDED:  # nobody can deliver it any more
            self.journal.update_attempt(attempt.id, head=None, worktree=None)
        else:
            self.journal.end_attempt(attempt.id, End.INTERRUPTED, GONE)
        self.display.say(f"{attempt.task}: attempt {attempt.number} begins anew: {GONE}")

    def _write_statuses(self, board: Board, elsewhere: frozenset[int]) -> None:
        """Have the file say what the other clone had written and not published, unless a person
        has set the row since."""
        board.reread()
        changes: list[CellChange] = []
        behind = {
            row.id: event
            for event in self.journal.newest(StatusSet)
            if event.run in elsewhere
            and (row := board.plan.by_id.get(event.task or "")) is not None
            and row.status != event.what.new
        }
        by_people = self._set_by_people(behind)
        for task, event in behind.items():
            row = board.plan.by_id[task]
            if row.status == by_people.get(task) or not self._is_passed(row):
                self.display.say(f"{task}: stays {row.status}, which a person has set")
                continue
            changes += _cells(row, event)
        if changes:
            self.file.apply(changes)
            board.reread()

    def _is_passed(self, row: Task) -> bool:
        """Whether the row's status is one that the runner went on from."""
        changes = self.journal.events(StatusSet, task=row.id)
        return any(row.status in (one.what.old, one.what.new) for one in changes)

    def _set_by_people(self, rows: Mapping[str, object]) -> Mapping[str, str]:
        """What commits of people made of rows on the base since their last attempt began."""
        found: dict[str, str] = {}
        for task in rows:
            last = self.journal.last_attempt(task)
            since = None if last is None else last.base_commit
            if since is not None and self.repository.git.commit(since) is not None:
                for status in self._edited(task, since):
                    found.setdefault(task, status)
        return found

    def _edited(self, task: str, since: str) -> Iterator[str]:
        """What people's commits after `since` set a row to, the newest first."""
        for edit in edits(
            self.repository.git,
            since=since,
            until=self.repository.base_tip(),
            paths=[self.task_file],
            trailer=status_commit.TRAILER,
        ):
            now = self._status(edit.after, task)
            before = {self._status(text, task) for text in edit.before}
            if not edit.trailer and now is not None and now not in before:
                yield now

    def _status(self, text: bytes | None, task: str) -> str | None:
        plan = self.plan_of(text)
        row = None if plan is None else plan.by_id.get(task)
        return None if row is None else row.status

    def plan_of(self, text: bytes | None) -> Plan | None:
        """A version of the task file; None where there is none that can be read."""
        if text is None:
            return None
        try:
            return parse(decode(text), path=self.task_file, dialect=self.dialect)
        except MissionError:
            return None


def _cells(row: Task, event: Event[StatusSet]) -> Iterator[CellChange]:
    """What makes a row say what it said in the other clone."""
    status = event.what.new
    yield CellChange(task=row.id, column="status", value=status, expect=row.status)
    if "notes" in row.cells:
        plain = status in _PLAIN or event.what.by == Actor.PERSON
        notes = with_word(row.notes, "" if plain else event.what.reason)
        if notes != row.notes:
            yield CellChange(task=row.id, column="notes", value=notes, expect=current(row, "notes"))
