"""`mission run` with Prefect's record.

The mission is carried out in this process, and its record is kept by another one, which follows.
Where agents work on workers, the run needs Prefect to give them rows: then the whole of it is a
flow run in this process, as it is where Prefect itself starts one.
"""

from __future__ import annotations

from agents.registry import settings
from flows.following import follow
from flows.reach import need_answer, reach
from flows.settings import given_api
from mission.config import SHIPPED_AGENTS, load_config
from mission.journal.kinds import ErrandKeyed, ErrandSent
from mission.journal.look import look
from mission.place import Place
from orchestrator.ports.display import Display
from orchestrator.run import RunRequest
from orchestrator.run_end import RunEnd
from workspace.process import Stop


def carry_out(request: RunRequest, display: Display, stop: Stop) -> RunEnd:
    """Carry a mission out, recorded in Prefect: PREFECT_API_URL's, else a local server's.

    Raises:
        ServerError: Prefect's server cannot be started or reached, where the run needs it; or
            PREFECT_API_URL names one that does not answer.
        MissionError: As `orchestrator.run.run_mission` raises them.
    """
    if _needs_workers(Place.find(request.path)):
        reached = reach(display.say)
        from flows.call import call_flow  # noqa: PLC0415 - imports Prefect, after `reach`

        return call_flow(request, display, stop, gone=reached.gone)
    given = given_api()
    if given is not None:
        need_answer(given)
    return follow(request, display, stop)


def _needs_workers(place: Place) -> bool:
    """Whether an agent works on workers, or ever did: what they have in hand is waited for."""
    config = load_config(place.config_file)
    if any(settings(one, config).where == "worker" for one in {*SHIPPED_AGENTS, *config.agents}):
        return True
    return look(
        place.journal_file,
        lambda journal: bool(journal.events(ErrandSent) or journal.events(ErrandKeyed)),
    )
