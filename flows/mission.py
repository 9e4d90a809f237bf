"""The flow: one run of a mission, as people and deployments start it."""

from __future__ import annotations

from contextlib import ExitStack
from contextvars import ContextVar
from dataclasses import dataclass, field

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.exceptions import TerminationSignal
from prefect.runtime import flow_run
from prefect.states import Failed

from errors import MissionError
from flows.engine import PrefectEngine
from flows.log_display import LogDisplay
from flows.operations import PrefectOperations
from flows.patience import patience
from flows.remote import PrefectAgents
from flows.signals import on_a_thread
from flows.states import STATES
from flows.wording import final_state, run_name
from forecast.keeping import Foreseeing
from mission.config import load_config
from mission.place import Place
from orchestrator import run as orchestrator
from orchestrator.ports.display import Display
from orchestrator.run import RunRequest
from orchestrator.run_end import RunEnd
from workspace.process import Stop
from workspace.redact import Redactor


@dataclass(kw_only=True)
class Caller:
    """Whoever calls the flow in this process: what it brings along, and what it gets back."""

    display: Display
    stop: Stop
    end: RunEnd | None = None
    error: BaseException | None = None
    troubles: list[str] = field(default_factory=list)  # with Prefect's record, one line each
    after: ExitStack = field(default_factory=ExitStack)  # holds until Prefect has the run's end


# A flow's parameters are recorded, so what cannot be recorded is handed over here.
caller: ContextVar[Caller | None] = ContextVar("caller", default=None)


def _run_name() -> str:
    return run_name(flow_run.get_parameters())


@flow(name="mission", flow_run_name=_run_name, persist_result=False)
def run_mission(
    path: str,
    milestone: str | list[str] | None = None,
    tasks: list[str] | None = None,
    max_parallel: int | None = None,
    expand: bool = False,
    take_over: bool = False,
) -> State[None]:
    """Carry a mission out as far as it goes.

    Args:
        path: The TASKS.md or its folder, on the machine that runs the flow.
        milestone: Only the rows of this milestone, or of these.
        tasks: Only these rows.
        max_parallel: Rows under way at the same time, instead of what mission.yaml says.
        expand: Plan placeholders as the milestones before them are done.
        take_over: From another clone that gives no sign of life.
    """
    milestones = (milestone,) if isinstance(milestone, str) else tuple(milestone or ())
    return _run(
        RunRequest(
            path=path,
            milestones=milestones,
            tasks=tuple(tasks or ()),
            max_parallel=max_parallel,
            expand=expand,
            take_over=take_over,
        )
    )


@flow(name="milestone", flow_run_name=_run_name, persist_result=False)
def run_milestone(path: str, milestone: str, max_parallel: int | None = None) -> State[None]:
    """Carry one milestone of a mission out as far as it goes.

    Args:
        path: The TASKS.md or its folder, on the machine that runs the flow.
        milestone: The milestone's id.
        max_parallel: Rows under way at the same time, instead of what mission.yaml says.
    """
    return _run(RunRequest(path=path, milestones=(milestone,), max_parallel=max_parallel))


def _run(request: RunRequest) -> State[None]:
    mine = caller.get() or Caller(display=LogDisplay(), stop=Stop())
    try:
        mine.end = _carry_out(request, mine)
    except MissionError as error:
        mine.error = error
        return Failed(message=Redactor.from_environment().text(str(error)))
    except BaseException as bug:
        mine.error = bug
        raise
    return _state(mine.end)


def _carry_out(request: RunRequest, mine: Caller) -> RunEnd:
    place = Place.find(request.path)
    config = load_config(place.config_file)
    engine = PrefectEngine(
        title=config.mission or place.folder.name,
        logs=str(place.logs),
    )
    operations = PrefectOperations()
    try:
        with engine:
            return on_a_thread(
                lambda: orchestrator.run_mission(
                    request,
                    engine,
                    mine.display,
                    mine.stop,
                    remote=PrefectAgents(),
                    operations=operations,
                    foresee=Foreseeing,
                ),
                mine.stop,
                raised=(TerminationSignal,),
            )
    finally:
        mine.troubles.extend((*engine.troubles, *operations.troubles))
        mine.after.enter_context(patience()())


def _state(end: RunEnd) -> State[None]:
    """The flow run's last state."""
    last = final_state(end)
    return STATES[last.word](message=last.message)
