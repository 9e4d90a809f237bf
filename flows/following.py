"""A run whose record in Prefect is kept by another process, which follows. No Prefect here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from errors import AgentError, MissionError, StoppedError, told
from flows.keeper_process import Keeper
from flows.messages import (
    JobBegan,
    JobEnded,
    Opening,
    OperationBegan,
    OperationEnded,
    RowsChanged,
    RunOver,
    RunsCrashed,
)
from flows.settings import TAG, place_tag
from flows.signals import on_a_thread
from flows.wording import final_state
from forecast.keeping import Foreseeing
from mission.clock import utc_now
from mission.config import load_config
from mission.place import Place
from mission.slots import MOST
from orchestrator import run as orchestrator
from orchestrator.operations.evidence import OperationEnd
from orchestrator.ports.display import Display
from orchestrator.ports.engine import Job, OnDone, ThreadEngine
from orchestrator.run import RunRequest
from orchestrator.run_end import RunEnd
from orchestrator.workers.remote import NoWorkers
from workspace.process import Stop
from workspace.redact import Redactor
from workspace.side_thread import cause


def follow(request: RunRequest, display: Display, stop: Stop) -> RunEnd:
    """Carry a mission out, and have its record follow.

    Raises:
        MissionError: As `orchestrator.run.run_mission` raises them.
    """
    place = Place.find(request.path)
    keeper = Keeper(_opening(place, request), say=display.say, stop=stop)
    left_open = LeftOpen(place.state_dir)
    redact = Redactor.from_environment().text
    last = RunOver(word="Failed", message="")
    try:
        with FollowedEngine(keeper, left_open) as engine:
            end = on_a_thread(
                lambda: orchestrator.run_mission(
                    request,
                    engine,
                    display,
                    stop,
                    remote=OutOfReach(),
                    operations=FollowedOperations(keeper),
                    foresee=Foreseeing,
                ),
                stop,
            )
        state = final_state(end)
        last = RunOver(word=state.word, message=state.message)
    except MissionError as error:
        last = replace(last, message=redact(str(error)))
        raise
    except BaseException as bug:
        last = replace(last, message=redact(f"The runner made a mistake: {cause(bug)}"))
        raise
    finally:
        keeper.end(last)
        if keeper.begun:
            left_open.note(keeper.lost, display.say)
    return end


class LeftOpen:
    """Whether a record of the mission was given up, so that Prefect may still call it running: a
    file in the mission's state."""

    def __init__(self, state_dir: Path) -> None:
        self._file = state_dir / "record-left-open"

    def __bool__(self) -> bool:
        return self._file.exists()

    def note(self, left_open: bool, say: Callable[[str], None]) -> None:
        """Note it for the next run. Where that cannot be done it is said: how the run itself ended
        matters more."""
        try:
            if left_open:
                self._file.touch()
            else:
                self._file.unlink(missing_ok=True)
        except OSError as error:
            why = told(error)
            say(
                "The next run is not told whether Prefect's record of this one is closed: "
                + ". ".join(filter(None, (str(why), why.hint)))
            )


def _opening(place: Place, request: RunRequest) -> Opening:
    config = load_config(place.config_file)
    return Opening(
        parameters={
            "path": request.path or ".",
            "milestone": list(request.milestones) or None,
            "tasks": list(request.tasks) or None,
            "max_parallel": request.max_parallel,
            "expand": request.expand,
            "take_over": request.take_over,
        },
        tags=(TAG, place_tag(place.state_dir)),
        title=config.mission or place.folder.name,
        logs=str(place.logs),
    )


class FollowedEngine:
    """Runs jobs on threads of its own, and tells the keeper of the record. A context manager.

    The keeper is begun with the first job, or where an earlier run's record is to be closed: a run
    that has nothing to do needs none.
    """

    def __init__(self, keeper: Keeper, left_open: LeftOpen) -> None:
        self.run_id: str | None = None
        self._keeper = keeper
        self._left_open = left_open
        # Twice as many as may be live: a row's slot is free before its end is told.
        self._threads = ThreadEngine(slots=2 * MOST)
        self._crashed: tuple[str, ...] = ()  # names of runs
        self._names: list[str] = []  # of every job
        self._bugs: list[BaseException] = []  # there is nobody above a thread to raise them to
        self._listener: Callable[[], None] = _unheard
        keeper.on_named = self._note_name

    def __enter__(self) -> Self:
        self._threads.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._threads.__exit__(kind, error, trace)
        if error is None and self._bugs:
            raise self._bugs[0]

    @contextmanager
    def calling(self, listener: Callable[[], None]) -> Iterator[None]:
        self._listener = listener
        if self.run_id is not None:  # named in the meantime, or before
            listener()
        try:
            yield
        finally:
            self._listener = _unheard

    def submit(self, job: Job, on_done: OnDone) -> None:
        """Start `job` on a thread, and tell of it."""
        self._names.append(job.name)
        self._begin()
        self._keeper.tell(
            JobBegan(at=utc_now(), task=job.task, name=job.name, tags=job.tags, after=job.after)
        )

        def done(ended: Job, error: BaseException | None) -> None:
            # First: what comes next of this row may begin as soon as `on_done` is called.
            bug = None if error is None else cause(error)
            self._keeper.tell(JobEnded(at=utc_now(), task=job.task, bug=bug))
            try:
                on_done(ended, error)
            except BaseException as mistake:  # noqa: BLE001 - kept, and raised by __exit__
                self._bugs.append(mistake)

        self._threads.submit(job, done)

    def progress(self, rows: Sequence[Mapping[str, str]]) -> None:
        self._keeper.tell(RowsChanged(rows=tuple(rows)))

    def close_stale(self, run_ids: Sequence[str]) -> None:
        """Have the keeper mark as crashed what Prefect still calls running of these flow runs, and
        of those that were killed at this place before anybody noted them."""
        self._crashed = tuple(run_ids)
        if run_ids or self._left_open:
            self._begin()

    def missing(self) -> tuple[str, ...]:
        """The names of jobs whose end the record does not hold, waiting boundedly for it; all of
        them where nobody keeps it."""
        if not self._keeper.begun:
            return ()
        found = self._keeper.lack()
        return tuple(self._names) if found is None else found

    def _begin(self) -> None:
        if not self._keeper.begun:
            self._keeper.begin()
            self._keeper.tell(RunsCrashed(runs=self._crashed))

    def _note_name(self, run: str) -> None:
        self.run_id = run
        self._listener()


class FollowedOperations:
    """Tells the keeper of the record what operations did, with their evidence."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def keep(
        self, name: str, task: str, attempt: int, work: Callable[[], OperationEnd]
    ) -> OperationEnd:
        """Do the work of the operation `name` for a row's attempt, and tell of it.

        Raises:
            MissionError: What the work raised.
        """
        self._keeper.tell(OperationBegan(at=utc_now(), task=task, attempt=attempt, name=name))
        try:
            end = work()
        except (MissionError, OSError) as error:
            stopped = isinstance(error, StoppedError)
            self._tell_refused(task, str(told(error)), stopped=stopped)
            raise
        except BaseException as bug:
            self._tell_refused(task, cause(bug), bug=True)
            raise
        evidence = tuple(asdict(one) for one in end.evidence)
        self._keeper.tell(
            OperationEnded(at=utc_now(), task=task, ok=end.ok, word=end.word, evidence=evidence)
        )
        return end

    def _tell_refused(
        self, task: str, why: str, *, stopped: bool = False, bug: bool = False
    ) -> None:
        self._keeper.tell(
            OperationEnded(at=utc_now(), task=task, refused=why, stopped=stopped, bug=bug)
        )


class OutOfReach(NoWorkers):
    """Workers of a run that did not load Prefect, since no agent of the mission works on any."""

    def holds(self, run: str) -> bool:
        """Not known here: what another clone gave to workers came in with its record just now.

        Raises:
            AgentError: Always. The next run reaches them.
        """
        raise AgentError(
            f"whether workers still have {run} is not known to this run",
            hint="`mission run` again asks Prefect",
        )


def _unheard() -> None:
    """Nobody wants to know."""
