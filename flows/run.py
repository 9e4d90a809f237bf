"""`mission run` on Prefect: the server, the settings, then the flow.

Prefect takes two seconds to import, and a local server takes more to start: they do so at the same
time, and only once somebody runs something. So nothing here imports Prefect at the top.
"""

from __future__ import annotations

from flows.server import LocalServer, ServerError, answers
from flows.settings import connect, given_api, load_prefect
from orchestrator.ports.display import Display
from orchestrator.run import RunRequest
from orchestrator.run_end import RunEnd
from workspace.process import Stop


def carry_out(request: RunRequest, display: Display, stop: Stop) -> RunEnd:
    """Carry a mission out, recorded in Prefect: PREFECT_API_URL's, else a local server's.

    Raises:
        ServerError: Prefect's server cannot be started or reached.
        MissionError: As `orchestrator.run.run_mission` raises them.
    """
    given, local, starting = given_api(), LocalServer(), None
    if given is None:
        starting = local.find_or_start(display.say)
        connect(starting.api, local.access())
    else:
        connect(given)
        if not answers(given):
            raise ServerError(
                f"the Prefect API at {given} does not answer",
                hint="PREFECT_API_URL names it; without it the runner starts a local server",
            )
    # Prefect reads its settings as it is imported, and `connect` has just made them.
    load_prefect()
    from flows.call import call_flow  # noqa: PLC0415 - imports Prefect, after `connect`

    if starting is not None and local.ensure(display.say) != starting:
        raise ServerError(
            "the local Prefect server was replaced while it started", hint="Run again"
        )
    gone = None if starting is None else lambda: local.running() is None
    return call_flow(request, display, stop, gone=gone)
