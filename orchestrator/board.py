"""What the loop knows of the task file, and the one place where a run writes it."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from mission.errors import RowConflictError
from mission.journal import EventKind, Journal
from mission.state import Actor, Status, transition
from orchestrator.notes import with_word
from tasks_md.edit import CellChange
from tasks_md.graph import Frontier, Graph
from tasks_md.model import STATUSES, Plan, Task
from tasks_md.writer import StatusWriter


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusChange:
    """A row's new status, and the runner's word in its notes."""

    task: str
    status: Status
    word: str | None = None  # None: the notes stay as they are; empty: the word goes
    actor: Actor = Actor.RUNNER
    attempt: int | None = None  # the journal's id of the attempt that led to it
    reason: str = ""  # for the journal


@dataclass(frozen=True, kw_only=True, slots=True)
class TakenUp:
    """What somebody else changed in the file."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]  # rows whose cells differ


_Staged = list[tuple[StatusChange, Status]]  # changes, each with the status before it


class Board:
    """The plan, the status of every row, and which rows are ready.

    Changes are staged first, so that one write of the file carries all that one step of the loop
    decides; what is ready follows the staged changes at once.
    """

    def __init__(self, writer: StatusWriter, journal: Journal, run: int) -> None:
        self._writer = writer
        self._journal = journal
        self._run = run
        self._staged: _Staged = []
        self._load(writer.read())

    def _load(self, plan: Plan) -> None:
        self.plan = plan
        self.statuses = {
            task.id: Status(task.status) for task in plan.tasks if task.status in STATUSES
        }
        self.counts = Counter(self.statuses.values())
        self.done = Counter(
            task.milestone for task in plan.tasks if self.statuses.get(task.id) is Status.DONE
        )  # by milestone
        self.graph = Graph.of(plan)
        self._frontier = Frontier(self.graph, self.statuses)
        order = self.graph.dispatch_order(self.statuses)
        self._rank = {task: rank for rank, task in enumerate(order)}
        self._ready = [self._rank[task] for task in self._frontier.ready()]
        self._order = order

    def status(self, task: str) -> Status | None:
        """A row's status; None if there is no such row, or its status is no word of ours."""
        return self.statuses.get(task)

    def ready(self) -> Iterator[str]:
        """What could start now, in dispatch order."""
        return (self._order[rank] for rank in self._ready)

    def count_ready(self) -> int:
        """How many rows could start now."""
        return len(self._ready)

    def take_up(self) -> TakenUp | None:
        """Read the file again if somebody else changed it; None if nobody did."""
        plan = self._writer.read()
        if plan.lines == self.plan.lines:
            return None
        old = {task.id: _texts(task) for task in self.plan.tasks}
        new = {task.id: _texts(task) for task in plan.tasks}
        self._load(plan)
        return TakenUp(
            added=tuple(name for name in new if name not in old),
            removed=tuple(name for name in old if name not in new),
            changed=tuple(name for name in new if name in old and new[name] != old[name]),
        )

    def stage(self, change: StatusChange) -> None:
        """Take `change` into the next write.

        Raises:
            TransitionError: The state machine does not allow it.
        """
        before = self.statuses[change.task]
        transition(change.task, before, change.status, change.actor)
        self._staged.append((change, before))
        self._set(change.task, before, change.status)

    def _set(self, task: str, before: Status, status: Status) -> None:
        self.statuses[task] = status
        self.counts[before] -= 1
        self.counts[status] += 1
        milestone = self.plan.task(task).milestone
        self.done[milestone] += (status is Status.DONE) - (before is Status.DONE)
        newly = self._frontier.change(task, status)
        rank = self._rank[task]
        at = bisect_left(self._ready, rank)
        if at < len(self._ready) and self._ready[at] == rank:
            del self._ready[at]
        for one in newly:
            insort(self._ready, self._rank[one])

    def write(self) -> bool:
        """Write what is staged with one write of the file, then journal it. False: nothing was.

        Raises:
            RowConflictError: A row's status is not what its change was decided on. Nothing was
                written.
        """
        if not self._staged:
            return False
        staged, self._staged = self._staged, []
        try:
            plan = self._writer.apply(self._cells(staged))
            taken_up = None
        except RowConflictError:
            # Somebody may have edited other cells of a row only: then the change still stands.
            taken_up = self.take_up()
            if any(self.statuses.get(task) is not now for task, now in _in_file(staged).items()):
                raise
            plan = self._writer.apply(self._cells(staged))
        if taken_up is None and plan.tables is self.plan.tables:
            self.plan = plan  # the same rows, with our cells set
        else:
            self._load(plan)
        for change, before in staged:
            self._journal.record(
                EventKind.STATUS,
                run=self._run,
                task=change.task,
                attempt=change.attempt,
                old=str(before),
                new=str(change.status),
                by=str(change.actor),
                reason=change.reason or change.word or "",
            )
        return True

    def _cells(self, staged: _Staged) -> list[CellChange]:
        """What to write: of several changes of one row the last status, and the last word."""
        words = {change.task: change.word for change, _ in staged if change.word is not None}
        targets = {change.task: change.status for change, _ in staged}
        cells = []
        for task, before in _in_file(staged).items():
            value = str(targets[task])
            cells.append(CellChange(task=task, column="status", value=value, expect=str(before)))
            row = self.plan.task(task)
            if task in words and "notes" in row.cells:
                notes = with_word(row.notes, words[task])
                if notes != row.notes:
                    cells.append(
                        CellChange(task=task, column="notes", value=notes, expect=row.notes)
                    )
        return cells


def _in_file(staged: _Staged) -> dict[str, Status]:
    """The statuses that the first change of each row was decided on."""
    return {change.task: before for change, before in reversed(staged)}


def _texts(task: Task) -> dict[str, str]:
    return {name: cell.text for name, cell in task.cells.items()}
