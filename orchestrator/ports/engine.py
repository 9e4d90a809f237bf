"""The boundary to whatever runs jobs at the same time and keeps the record of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from errors import MachineError


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One row's work, ready to run now."""

    task: str  # the row's id; at most one job of a task is under way
    name: str  # what people see in the engine: the row's id and attempt
    tags: tuple[str, ...]  # mission, milestone and agent
    after: tuple[str, ...]  # ids of rows that this row waited for, for the engine's graph
    run: Callable[[], None]  # does the work; it reports by itself and raises only on a bug


OnDone = Callable[[Job, BaseException | None], None]


class Engine(Protocol):
    """Runs jobs. `submit` never blocks; `on_done` is called once for each job, on any thread."""

    @property
    def run_id(self) -> str | None:
        """The engine's own name of this run, for the journal; None where it has none, or none yet:
        the record may follow the work."""

    def calling(self, listener: Callable[[], None]) -> AbstractContextManager[None]:
        """While the block runs, call `listener`, on any thread, once the run has its name. It must
        not block and must not raise; it may be called once more when the block is over."""

    def submit(self, job: Job, on_done: OnDone) -> None:
        """Start `job` at once. One that the machine gives no thread ends with a `MachineError`."""

    def progress(self, rows: Sequence[Mapping[str, str]]) -> None:
        """Show the mission's progress, a mapping a milestone. Cheap to call; may be coalesced."""

    def close_stale(self, run_ids: Sequence[str]) -> None:
        """Close what the engine's record still calls running of runs that a crash ended. One whose
        name was never known is an empty id."""

    def missing(self) -> tuple[str, ...]:
        """After the last job: the names of jobs that the engine's record does not hold."""


class ThreadEngine:
    """The shipped fake: threads and no record. Tests and embedding use it."""

    run_id: str | None = None

    def __init__(self, slots: int = 8) -> None:
        self._pool = ThreadPoolExecutor(max_workers=slots, thread_name_prefix="job")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=True)

    def calling(self, listener: Callable[[], None]) -> AbstractContextManager[None]:
        return nullcontext()

    def submit(self, job: Job, on_done: OnDone) -> None:
        turn = threading.Lock()  # whoever takes it ends the job, and nobody twice

        def carry_out() -> None:
            if turn.acquire(blocking=False):
                on_done(job, _error_of(job.run))

        try:
            self._pool.submit(carry_out)
        except RuntimeError as error:  # no further thread; one that is free may have taken the job
            if turn.acquire(blocking=False):
                on_done(job, MachineError.no_thread(job.name, error))

    def progress(self, rows: Sequence[Mapping[str, str]]) -> None:
        """Threads show nothing."""

    def close_stale(self, run_ids: Sequence[str]) -> None:
        """Threads die with their process."""

    def missing(self) -> tuple[str, ...]:
        return ()


def _error_of(work: Callable[[], None]) -> BaseException | None:
    try:
        work()
    except BaseException as error:  # noqa: BLE001 - whatever it is, `on_done` has to know
        return error
    return None
