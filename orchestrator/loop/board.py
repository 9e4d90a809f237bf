"""What the loop knows of the task file, and the one place where a run writes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from errors import RowConflictError
from mission.journal import Journal
from mission.journal.kinds import StatusSet
from mission.state import Actor, Status, transition
from orchestrator.loop.notes import with_word
from tasks_md.edit import CellChange
from tasks_md.graph import Graph
from tasks_md.model import STATUSES, Plan, Task
from tasks_md.plan_file import PlanFile
from tasks_md.ready import ReadyRows


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
class Edits:
    """What somebody else changed in the file."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]  # rows whose cells differ

    def __str__(self) -> str:
        named = (("added", self.added), ("removed", self.removed), ("changed", self.changed))
        parts = [
            f"{word} {', '.join(names[:5])}" + (" …" if len(names) > 5 else "")
            for word, names in named
            if names
        ]
        return "; ".join(parts) or "no row differs"


_Staged = Sequence[tuple[StatusChange, Status]]  # changes, each with the status before it


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """What one write of the file carries."""

    staged: _Staged
    cells: Sequence[CellChange]


class Board:
    """The plan, the status of every row, and which rows are ready.

    Changes are staged first, so that one write of the file carries all that one step of the loop
    decides; what is ready follows the staged changes at once.
    """

    def __init__(self, file: PlanFile, journal: Journal) -> None:
        self._file = file
        self._journal = journal
        self._staged: list[tuple[StatusChange, Status]] = []
        self._in_flight: _Staged = ()  # taken by a batch, and not in the file yet
        self._load(file.read())

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
        self._ready = ReadyRows(self.graph, self.statuses)

    def status(self, task: str) -> Status | None:
        """A row's status; None if there is no such row, or its status is no word of ours."""
        return self.statuses.get(task)

    def is_written(self, milestone: str) -> bool:
        """Whether the file says everything that is decided about a milestone's rows.

        A decided row that somebody took away may have been one of them: its write will tell.
        """
        decided = {change.task for change, _ in (*self._in_flight, *self._staged)}
        rows = [self.plan.by_id.get(name) for name in decided]
        return all(row is not None and row.milestone != milestone for row in rows)

    def task(self, name: str) -> Task:
        """A row as it will be once everything that is decided is written."""
        row = self.plan.task(name)
        decided = [c for c, _ in (*self._in_flight, *self._staged) if c.task == row.id]
        if not decided:
            return row
        words = [change.word for change in decided if change.word is not None]
        notes = with_word(row.notes, words[-1]) if words else row.notes
        return replace(row, status=str(decided[-1].status), notes=notes)

    def ready(self) -> Iterator[str]:
        """What could start now, in dispatch order."""
        return iter(self._ready)

    def count_ready(self) -> int:
        """How many rows could start now."""
        return len(self._ready)

    def progress(self, live: Iterable[Task]) -> list[dict[str, str]]:
        """A line a milestone, for people. `live` are the rows that are under way."""
        named: dict[str, list[str]] = {}
        for task in live:
            named.setdefault(task.milestone, []).append(task.id)
        return [
            {
                "milestone": milestone.id,
                "done": f"{self.done[milestone.id]}/{len(milestone.tasks)}",
                "live": ", ".join(named.get(milestone.id, ())),
            }
            for milestone in self.plan.milestones
            if milestone.tasks
        ]

    def reread(self) -> Edits | None:
        """Read the file again if somebody else changed it; None if nobody did.

        Not while a batch is being written: what is staged stays staged.
        """
        plan = self._file.read()
        if plan.lines == self.plan.lines:
            return None
        old = {task.id: _texts(task) for task in self.plan.tasks}
        new = {task.id: _texts(task) for task in plan.tasks}
        self._load(plan)
        self._follow(self._staged)
        return Edits(
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
        self._ready.set(task, status)

    def _follow(self, staged: _Staged) -> None:
        """Let the statuses say again what is decided and not in the file yet."""
        for change, _ in staged:
            if change.task in self.statuses:  # else its row is gone, which the next write finds
                self._set(change.task, self.statuses[change.task], change.status)

    def write(self) -> None:
        """Write what is staged, and wait for it.

        Raises:
            RowConflictError: A row's status is not what its change was decided on. Nothing was
                written.
        """
        batch = self.batch()
        if batch is None:
            return
        try:
            plan = self._file.apply(batch.cells)
        except RowConflictError as conflict:
            batch = self.again(batch, conflict)
            plan = self._file.apply(batch.cells)
        with self._journal.together():
            self.written(batch, plan)

    def batch(self) -> Batch | None:
        """Take what is staged, for one write of the file. None: nothing is."""
        if not self._staged:
            return None
        self._in_flight, self._staged = self._staged, []
        return Batch(staged=self._in_flight, cells=self._cells(self._in_flight))

    def again(self, batch: Batch, conflict: RowConflictError) -> Batch:
        """The batch for the file as somebody has edited it: their other cells stay.

        Raises:
            RowConflictError: They set the status of a row that the batch is about.
        """
        self._load(self._file.read())
        if any(self.statuses.get(task) is not now for task, now in _in_file(batch.staged).items()):
            raise conflict
        self._follow(batch.staged)
        self._follow(self._staged)
        return Batch(staged=batch.staged, cells=self._cells(batch.staged))

    def written(self, batch: Batch, plan: Plan) -> None:
        """The file holds the batch, and is `plan` now: journal the changes."""
        self._in_flight = ()
        if plan.tables is self.plan.tables:
            self.plan = plan  # the same rows, with our cells set
        else:
            self._load(plan)
            self._follow(self._staged)
        for change, before in batch.staged:
            status = StatusSet(
                old=before.value,
                new=change.status.value,
                by=change.actor.value,
                reason=change.reason or change.word or "",
            )
            self._journal.record(status, task=change.task, attempt=change.attempt)

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
