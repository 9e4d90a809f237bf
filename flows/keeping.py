"""A run's record in Prefect, made from what the run tells: the flow that follows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from queue import SimpleQueue
from typing import TypeAlias

from prefect import flow, tags
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Crashed

from errors import MissionError, StoppedError
from flows.engine import PrefectEngine
from flows.messages import (
    Failed,
    JobBegan,
    JobEnded,
    Lack,
    LackAsked,
    Message,
    Named,
    Opening,
    OperationBegan,
    OperationEnded,
    Over,
    RowsChanged,
    RunOver,
    RunsCrashed,
)
from flows.operations import PrefectOperations
from flows.reach import Reached
from flows.server import answers
from flows.states import STATES
from flows.telling import Telling
from flows.trouble import SERVER_TROUBLE, remedy
from flows.wording import run_name
from mission.clock import utc_now
from orchestrator.operations.evidence import Evidence, OperationEnd
from orchestrator.ports.engine import Job

_Heard: TypeAlias = JobEnded | OperationBegan | OperationEnded | None  # None: the run is gone
_AWAY = "its server does not answer any more"
_KILLED = "The runner was killed."


class RunDied(BaseException):
    """The run that is followed was killed."""


class RowBug(Exception):  # noqa: N818 - what a row raised, in its words
    """A row's work raised something."""


def keep(opening: Opening, heard: Iterator[Message], run: Telling, server: Reached) -> None:
    """Keep the record until the run is over, or gone.

    Args:
        opening: Whose record.
        heard: What the run tells.
        run: Is told how the record stands.
        server: That of Prefect, of which this process is a client.
    """
    keeping = Keeping(opening=opening, heard=heard, run=run, api=server.api)
    token = _current.set(keeping)
    try:
        with tags(*opening.tags):
            follow_mission(**opening.parameters, return_state=True)
    except SERVER_TROUBLE as error:
        hint = remedy(error)
        run.tell(Failed(why=f"{error}. {hint}" if hint else str(error)))
        return
    finally:
        _current.reset(token)
    if keeping.bug is not None:
        raise keeping.bug
    run.tell(Over(troubles=keeping.troubles))


def _run_name() -> str:
    return run_name(flow_run.get_parameters())


@flow(name="mission", flow_run_name=_run_name, persist_result=False)
def follow_mission(
    path: str,  # noqa: ARG001 - Prefect records it
    milestone: str | list[str] | None = None,  # noqa: ARG001 - the same
    tasks: list[str] | None = None,  # noqa: ARG001 - the same
    max_parallel: int | None = None,  # noqa: ARG001 - the same
    expand: bool = False,  # noqa: ARG001 - the same
    take_over: bool = False,  # noqa: ARG001 - the same
) -> State[None]:
    """A mission that is carried out in the process that follows it. Its parameters are those of
    `flows.mission.run_mission`, which carries one out by itself."""
    keeping = _current.get()
    try:
        return keeping.follow()
    except Exception as bug:
        keeping.bug = bug
        raise


class Keeping:
    """Plays to Prefect what the run tells."""

    def __init__(
        self, *, opening: Opening, heard: Iterator[Message], run: Telling, api: str
    ) -> None:
        self._opening = opening
        self._heard = heard
        self._run = run
        self._api = api
        self._plays: dict[str, _Play] = {}  # the row's job that is under way, or was last
        self.troubles: tuple[str, ...] = ()  # what could not be recorded, one line each
        self.bug: Exception | None = None

    def follow(self) -> State[None]:
        """Called in the flow run, whose last state it gives."""
        engine = PrefectEngine(title=self._opening.title, logs=self._opening.logs)
        operations = PrefectOperations()
        self._run.tell(Named(run=engine.run_id))
        with engine:
            try:
                over = self._play(engine, operations)
            finally:
                for play in self._plays.values():  # of a run that is over, all have ended
                    play.hear(None)
            self._need_server()
        self._need_server()
        self.troubles = (*engine.troubles, *operations.troubles)
        if over is None:
            return Crashed(message=_KILLED)
        return STATES[over.word](message=over.message)

    def _play(self, engine: PrefectEngine, operations: PrefectOperations) -> RunOver | None:
        """Until the run is over; None: it is gone."""
        for message in self._heard:
            match message:
                case JobBegan():
                    self._submit(message, engine, operations)
                case JobEnded() | OperationBegan() | OperationEnded():
                    self._plays[message.task].hear(message)
                case RowsChanged(rows=rows):
                    engine.progress(rows)
                case RunsCrashed(runs=runs):
                    engine.close_stale(runs)
                case LackAsked():
                    self._need_server()
                    self._run.tell(Lack(names=engine.missing()))
                case RunOver():
                    return message
                case _:
                    raise ValueError(f"a run does not tell {type(message).__name__}")
        return None

    def _submit(self, told: JobBegan, engine: PrefectEngine, operations: PrefectOperations) -> None:
        play = self._plays[told.task] = _Play(told.at, operations)
        job = Job(
            task=told.task, name=told.name, tags=told.tags, after=told.after, run=play.carry_out
        )
        engine.submit(job, lambda _job, _error: None, when=lambda: play.at)

    def _need_server(self) -> None:
        """Go on only where there is a server to go on with: Prefect's clients would ask one that
        is away for minutes, and the run waits for what they say."""
        if not answers(self._api):
            self._run.leave(_AWAY)


_current: ContextVar[Keeping] = ContextVar("keeping")


@dataclass(kw_only=True)
class _Operation:
    """An operation under way, as its task in Prefect does it."""

    wait: Callable[[], _Heard]

    def __call__(self) -> OperationEnd:
        heard = self.wait()
        if not isinstance(heard, OperationEnded):
            raise RunDied(_KILLED)
        if heard.refused is None:
            evidence = tuple(Evidence(**one) for one in heard.evidence)
            return OperationEnd(ok=heard.ok, word=heard.word, evidence=evidence)
        if heard.bug:
            raise RowBug(heard.refused)
        raise (StoppedError if heard.stopped else MissionError)(heard.refused)


class _Play:
    """The job of a row, as it is told: on a thread of Prefect's engine."""

    def __init__(self, at: datetime, operations: PrefectOperations) -> None:
        self.at = at  # the time of what is recorded now
        self._operations = operations
        self._heard: SimpleQueue[_Heard] = SimpleQueue()

    def hear(self, told: _Heard) -> None:
        self._heard.put(told)

    def carry_out(self) -> None:
        """Do nothing for as long as the row works.

        Raises:
            RowBug: It raised something.
            RunDied: The run was killed.
        """
        while isinstance(heard := self._next(), OperationBegan):
            operation = _Operation(wait=self._next)
            try:
                self._operations.keep(heard.name, heard.task, heard.attempt, operation)
            except (MissionError, RowBug):
                continue  # how the row took that comes next
        if heard is None:
            raise RunDied(_KILLED)
        if isinstance(heard, JobEnded) and heard.bug is not None:
            raise RowBug(heard.bug)

    def _next(self) -> _Heard:
        heard = self._heard.get()
        self.at = utc_now() if heard is None else heard.at
        return heard
