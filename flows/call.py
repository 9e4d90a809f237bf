"""Calling the flow from a process of our own."""

from __future__ import annotations

from collections.abc import Callable

from prefect import tags

from flows.mission import Caller, caller, run_mission
from flows.patience import knowing
from flows.server import ServerError
from flows.settings import TAG, place_tag
from flows.trouble import SERVER_TROUBLE, remedy
from flows.wording import gaps
from mission.place import Place
from orchestrator.ports.display import Display
from orchestrator.run import RunRequest
from orchestrator.run_end import RunEnd
from workspace.process import Stop


def call_flow(
    request: RunRequest,
    display: Display,
    stop: Stop,
    *,
    gone: Callable[[], bool] | None = None,
) -> RunEnd:
    """Run the flow in this process and give what it came to.

    Args:
        gone: Whether the server's process has ended, where that can be known.

    Raises:
        ServerError: Prefect's server did not take the run.
        MissionError: As `orchestrator.run.run_mission` raises them.
    """
    mine = Caller(display=display, stop=stop)
    token = caller.set(mine)
    try:
        with knowing(gone), tags(TAG, place_tag(Place.find(request.path).state_dir)):
            run_mission(
                path=request.path or ".",
                milestone=list(request.milestones) or None,
                tasks=list(request.tasks) or None,
                max_parallel=request.max_parallel,
                expand=request.expand,
                take_over=request.take_over,
                return_state=True,
            )
    except SERVER_TROUBLE as error:
        if mine.error is not None:
            raise mine.error from None
        if mine.end is None:
            raise ServerError(
                f"Prefect's server did not take the run: {error}", hint=remedy(error)
            ) from error
        # The mission is where it is, whatever Prefect could still write down of it.
        mine.troubles.append(f"Prefect's server did not take the run's end: {error}")
    finally:
        mine.after.close()
        caller.reset(token)
    if mine.troubles:
        display.say(gaps(mine.troubles))
    if mine.error is not None:
        raise mine.error
    if mine.end is None:
        raise ServerError("Prefect did not run the flow")
    return mine.end
