"""The orchestrator's engine inside a Prefect flow run."""

from __future__ import annotations

import itertools
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from types import TracebackType
from typing import Self

from prefect.context import FlowRunContext

from errors import MachineError
from flows.progress_table import ProgressTable
from flows.record import Record
from flows.settings import TAG
from flows.task import RowFuture, RowRun, When, done, row, task_run
from mission.slots import MOST
from orchestrator.ports.engine import Job, OnDone


class PrefectEngine:
    """Runs jobs as task runs of the flow run it is made in. A context manager.

    Jobs run on threads of its own. Prefect gets the record: a task run a job, with the job's name
    and tags and, as `wait_for`, the futures of what it waited for. The record is sent in the
    background; a server that is slow or away never holds up a job, and `missing` says what did
    not arrive.
    """

    def __init__(self, *, title: str, logs: str = "") -> None:
        """Called inside a flow.

        Args:
            title: The mission's name, for the progress table.
            logs: The folder with the runner's own logs, shown on the run's page.

        Raises:
            RuntimeError: There is no flow run here.
        """
        context = FlowRunContext.get()
        if context is None or context.flow_run is None:
            raise RuntimeError("a PrefectEngine is made inside a flow run")
        self._flow_run = context.flow_run
        self._context = copy_context()
        # Threads are made as they are needed, and how many rows are live the loop decides. Twice as
        # many may be at work: a row's slot is free before its end is recorded.
        self._pool = ThreadPoolExecutor(max_workers=2 * MOST, thread_name_prefix="row")
        self._record = Record(self._flow_run.id)
        self._board = ProgressTable(flow_run=self._flow_run.id, title=title, logs=logs)
        self._lock = threading.Lock()
        self._keys = itertools.count(1)
        self._names: dict[uuid.UUID, str] = {}  # of every task run dispatched
        self._latest: dict[str, RowFuture] = {}  # task id -> its last task run
        self._bugs: list[BaseException] = []  # there is nobody above a thread to raise them to

    def __enter__(self) -> Self:
        self._context.copy().run(self._board.start)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=True)
        self._board.close()
        if error is None and self._bugs:
            raise self._bugs[0]

    @property
    def run_id(self) -> str:
        """The flow run's id."""
        return str(self._flow_run.id)

    @property
    def troubles(self) -> tuple[str, ...]:
        """What could not be recorded in Prefect, one line each. The mission is unharmed."""
        return (*self._board.troubles, *self._record.troubles)

    @contextmanager
    def calling(self, listener: Callable[[], None]) -> Iterator[None]:
        """The run has its name from the beginning."""
        listener()
        yield

    def submit(self, job: Job, on_done: OnDone, *, when: When | None = None) -> None:
        """Start `job` on a thread, as a task run.

        Args:
            when: Tells, of a job that is being followed, when it got to where it is; else it is
                there now.
        """
        future, key = RowFuture(uuid.uuid4()), str(next(self._keys))
        with self._lock:
            wait_for = [self._latest[task] for task in job.after if task in self._latest]
            self._names[future.task_run_id] = job.name
            self._latest[job.task] = future
        carry_out = self._context.copy().run
        turn = threading.Lock()  # whoever takes it ends the job, and nobody twice
        try:
            todo = partial(self._carry_out, turn, job, on_done, future, key, wait_for, when)
            self._pool.submit(carry_out, todo)
        except RuntimeError as error:  # no further thread; one that is free may have taken the job
            if turn.acquire(blocking=False):
                future.finish()
                on_done(job, MachineError.no_thread(job.name, error))

    def progress(self, rows: Sequence[Mapping[str, str]]) -> None:
        """Hand the rows to the progress table, which is updated in the background."""
        self._board.show(rows)

    def close_stale(self, run_ids: Sequence[str]) -> None:
        """Mark what Prefect still calls running of these flow runs as crashed, and of those that
        were killed at this place before anybody noted them. The writer's lock is held."""
        here = [tag for tag in self._flow_run.tags if tag.startswith(f"{TAG}:")]
        for run_id in dict.fromkeys((*run_ids, *self._record.open_runs(here))):
            self._record.close(run_id)

    def missing(self) -> tuple[str, ...]:
        """The names of jobs whose end Prefect's record does not hold, waiting boundedly for it."""
        with self._lock:
            names = dict(self._names)
        held = self._record.held(names)
        return tuple(name for run, name in names.items() if run not in held)

    def _carry_out(
        self,
        turn: threading.Lock,
        job: Job,
        on_done: OnDone,
        future: RowFuture,
        key: str,
        wait_for: list[RowFuture],
        when: When | None,
    ) -> None:
        if not turn.acquire(blocking=False):
            return
        told = threading.Event()

        def tell(error: BaseException | None) -> None:
            told.set()
            future.finish()
            try:
                on_done(job, error)
            except BaseException as bug:  # noqa: BLE001 - kept, and raised by __exit__
                self._bugs.append(bug)

        try:
            own = future.task_run_id
            begun = task_run(
                self._flow_run,
                own,
                name=job.name,
                key=key,
                wait_for=wait_for,
                at=None if when is None else when(),
            )
            run = RowRun(task=row, task_run=begun, wait_for=wait_for, tags=job.tags, when=when)
            run.carry_out(job.run, tell)
        except Exception as error:  # noqa: BLE001 - reported; the row's work goes on
            self._record.troubles.append(f"could not record {job.name} in Prefect: {error}")
            if not told.is_set():
                tell(done(job.run))
