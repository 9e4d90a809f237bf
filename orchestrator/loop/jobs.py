"""The jobs of a run: given to the engine, told to the loop as they end."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from functools import partial

from orchestrator.loop.events import Event, JobEnded
from orchestrator.ports.assignment import Assignment
from orchestrator.ports.ends import TaskEnd
from orchestrator.ports.engine import Engine, Job
from workspace.heeding import heeding
from workspace.process import Stop


class Jobs:
    """Used by the loop's thread; how a job ended is told on the engine's."""

    def __init__(
        self, engine: Engine, events: queue.SimpleQueue[Event], mission: str, stop: Stop
    ) -> None:
        """`stop`: the run's. It is passed on to each row's own."""
        self._engine = engine
        self._events = events
        self._mission = mission
        self._stop = stop
        self._over: dict[str, threading.Event] = {}  # by task, whether its last job is

    def submit(self, assignment: Assignment, work: Callable[[], TaskEnd]) -> None:
        """Let the engine do the work of a row."""
        task, attempt = assignment.task, assignment.attempt
        ends: list[TaskEnd] = []
        over = threading.Event()
        reviewer = assignment.reviewer

        def run() -> None:
            with self._stop.passing_on(assignment.stop), heeding(assignment.stop):
                ends.append(work())

        job = Job(
            task=task.id,
            name=_name(assignment),
            tags=(self._mission, task.milestone, reviewer or attempt.agent),
            after=task.depends_on if reviewer is None else (task.id,),
            run=run,
        )
        self._engine.submit(job, partial(self._report, ends, over))
        self._over[task.id] = over

    def wait(self) -> None:
        """Return when every job is over, whether or not the loop took in how it ended."""
        for over in self._over.values():
            over.wait()

    def _report(
        self, ends: list[TaskEnd], over: threading.Event, job: Job, error: BaseException | None
    ) -> None:
        self._events.put(JobEnded(task=job.task, end=ends[0] if ends else None, error=error))
        over.set()


def _name(assignment: Assignment) -> str:
    """What people see in the engine."""
    number = assignment.attempt.number
    told = [f"attempt {number}"] if number > 1 else []
    told += [f"review by {assignment.reviewer}"] if assignment.reviewer is not None else []
    return f"{assignment.task.id} ({', '.join(told)})" if told else assignment.task.id
