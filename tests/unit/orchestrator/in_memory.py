"""A run without git, without files and without a clock: the loop with the shipped fakes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from errors import DiskError
from mission.config import MissionConfig
from mission.journal import Attempt, End, Journal
from mission.state import Status
from orchestrator.admission.admission import Admission
from orchestrator.admission.budgeting import Budget
from orchestrator.admission.rests import Rests
from orchestrator.loop.board import Board
from orchestrator.loop.closing import Closing
from orchestrator.loop.dispatch import Dispatcher
from orchestrator.loop.events import Event
from orchestrator.loop.holds import HoldsInMemory
from orchestrator.loop.inbox import Inbox
from orchestrator.loop.loop import Loop
from orchestrator.loop.writing import Writing
from orchestrator.ports.assignment import Assignment, Todo
from orchestrator.ports.carrier import ScriptedCarrier
from orchestrator.ports.display import RecordingDisplay
from orchestrator.ports.ends import TaskEnd
from orchestrator.ports.engine import ThreadEngine
from tasks_md.model import Plan
from tasks_md.plan_file import PlanInMemory
from workspace.process import Stop
from workspace.redact import Redactor

HEAD = """\
## Milestone 1 — One (M)

| id | status | description | agent | branch | depends_on | estimate | notes |
| --- | --- | --- | --- | --- | --- | --- | --- |
"""


def table(*rows: tuple[str, str], status: str = "not-started") -> str:
    """A task file of these rows, each with what it depends on."""
    return HEAD + "".join(
        f"| {name} | {status} | Do it | worker | feat/{name.lower()} | {after or '—'} | 1K | |\n"
        for name, after in rows
    )


class Time:
    """A clock that goes on by itself, five minutes a look: who waits for a time is there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looks = 0
        self.set = timedelta()  # by a person

    def now(self) -> datetime:
        with self._lock:
            self._looks += 1
            return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=5 * self._looks) + self.set

    def monotonic(self) -> float:
        with self._lock:
            return 300.0 * self._looks

    def boottime(self) -> float:
        return self.monotonic()


class AtOnce(Executor):
    """A scribe whose writes are over when they are handed over."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - as executors do: it is the future's
            future.set_exception(error)
        return future


def done(assignment: Assignment) -> TaskEnd:
    """A row that ends well at once."""
    return end(assignment, Status.DONE, End.SUCCESS)


def end(assignment: Assignment, status: Status | None, came_to: End | None, **more: Any) -> TaskEnd:
    """How an assignment ends."""
    attempt = assignment.attempt.id
    return TaskEnd(task=assignment.task.id, attempt=attempt, status=status, end=came_to, **more)


@dataclass(kw_only=True)
class InMemory:
    """A mission that is nowhere."""

    text: str
    carry_out: Callable[[Assignment], TaskEnd] = done
    config: dict[str, object] = field(default_factory=dict)
    display: RecordingDisplay = field(default_factory=RecordingDisplay)
    slots: int = 2
    on_written: Callable[[], None] = lambda: None
    notice: Callable[[Plan], None] = lambda _plan: None
    full: Callable[[], DiskError | None] = lambda: None
    todo: Todo = field(default_factory=Todo)
    clock: Any = field(default_factory=Time)  # a clock, which tests may set
    kept: Journal | None = None  # of earlier missions; None: a new one

    def __post_init__(self) -> None:
        self.settings = MissionConfig.model_validate(
            {"agents": {"worker": {"type": "command", "run": ["true"]}}} | self.config
        )
        journal = self.kept or Journal.in_memory(clock=self.clock.now)
        run = journal.start_run(mission="M", host="here", pid=1, pid_started=1.0)
        self.journal = journal.in_run(run)
        self.file = PlanInMemory(self.text)
        self.board = Board(self.file, self.journal)
        self.stop = Stop()
        self.holds = HoldsInMemory()
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.dispatcher = Dispatcher(
            self.board,
            ScriptedCarrier(self.carry_out),
            ScriptedCarrier(self.carry_out),
            config=self.settings,
            journal=self.journal,
            logs=Path("logs"),
        )
        self.admission = self.admission_of(self.todo)

    def admission_of(self, todo: Todo) -> Admission:
        """Who may start, with what the journal holds now."""
        budget = Budget(self.settings, self.journal, self.journal.run, self.clock.now())
        return Admission(
            self.dispatcher,
            budget,
            Rests(self.settings),
            self.settings,
            display=self.display,
            clock=self.clock,
            dice=lambda: 0.5,
            until=todo.until,
        )

    def run(self) -> None:
        """Let the loop run to its end."""
        inbox = Inbox(self.board, self.journal, self.display)
        writing = Writing(
            self.board,
            inbox,
            self.file,
            AtOnce(),
            journal=self.journal,
            display=self.display,
            clock=self.clock,
            tell=self.events.put,
            on_written=self.on_written,
        )
        with ThreadEngine(max(self.slots, 2)) as engine:
            Loop(
                self.board,
                engine,
                self.dispatcher,
                self.admission,
                inbox,
                writing,
                self.events,
                self.todo,
                slots=self.slots,
                journal=self.journal,
                clock=self.clock,
                display=self.display,
                redactor=Redactor([]),
                stop=self.stop,
                holds=self.holds,
                understand=lambda _plan: None,
                notice=self.notice,
                closing=Closing(full=self.full, display=self.display),
            ).run()

    def statuses(self) -> dict[str, str]:
        """What the file says."""
        return {task.id: task.status for task in self.file.read().tasks}

    def attempts(self, task: str) -> list[Attempt]:
        """What the journal says."""
        return self.journal.attempts(task)
