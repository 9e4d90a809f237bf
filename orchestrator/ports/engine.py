"""The boundary to whatever runs jobs at the same time and keeps the record of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self


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
        """The engine's own name of this run, for the journal; None where it has none."""

    def submit(self, job: Job, on_done: OnDone) -> None:
        """Start `job` at once."""

    def progress(self, rows: Sequence[Mapping[str, str]]) -> None:
        """Show the mission's progress, a mapping a milestone. Cheap to call; may be coalesced."""

    def close_stale(self, run_ids: Sequence[str]) -> None:
        """Close what the engine's record still calls running of runs that a crash ended."""

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

    def submit(self, job: Job, on_done: OnDone) -> None:
        def report(future: Future[None]) -> None:
            on_done(job, future.exception())

        self._pool.submit(job.run).add_done_callback(report)

    def progress(self, rows: Sequence[Mapping[str, str]]) -> None:
        """Threads show nothing."""

    def close_stale(self, run_ids: Sequence[str]) -> None:
        """Threads die with their process."""

    def missing(self) -> tuple[str, ...]:
        return ()
