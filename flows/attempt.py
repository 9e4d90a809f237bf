"""The flow that a worker runs: one attempt at one row, for an orchestrator elsewhere."""

from __future__ import annotations

import json
import uuid
from typing import Any

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate
from prefect.client.schemas.objects import State
from prefect.exceptions import TerminationSignal
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import Cancelled, Completed

from flows.signals import on_a_thread
from flows.trouble import SERVER_TROUBLE
from mission.outcome import Outcome
from mission.place import mission_home
from orchestrator.workers.errand import Delivery, Errand
from orchestrator.workers.worker import Worker
from workspace.process import Stop

FLOW = "attempt"  # its deployments are called after agents
DELIVERY = "delivery"  # the type of the artifact that holds what a run came to


def _run_name() -> str:
    errand = flow_run.get_parameters().get("errand") or {}
    return f"{errand.get('task')} (attempt {errand.get('attempt')})"[:200]


@flow(name=FLOW, flow_run_name=_run_name, persist_result=False)
def carry_out_attempt(errand: dict[str, Any]) -> State[None]:
    """Let an agent on this machine work at one row, and push what it made.

    Args:
        errand: What `orchestrator.workers.errand.Errand.to_json` gives.
    """
    run = uuid.UUID(str(flow_run.get_id()))
    given = Errand.from_json(errand)
    stop = Stop()
    worker = Worker(home=mission_home(), say=get_run_logger().info)
    delivery = on_a_thread(
        lambda: worker.carry_out(given, stop, wanted=lambda: _is_wanted(run)),
        stop,
        raised=(TerminationSignal,),
    )
    _deliver(run, delivery)
    message = f"{delivery.result.outcome}: {delivery.result.summary}"[:400]
    if delivery.result.outcome is Outcome.STOPPED:
        return Cancelled(message=message)
    return Completed(message=message)


def _is_wanted(run: uuid.UUID) -> bool:
    """Whether Prefect still takes this run for running; yes where it cannot be asked."""
    try:
        with get_client(sync_client=True) as client:
            state = client.read_flow_run(run).state
    except SERVER_TROUBLE:
        return True
    return state is None or state.is_running()


def _deliver(run: uuid.UUID, delivery: Delivery) -> None:
    """Leave the delivery with the run. Not as its result: those are files on this machine."""
    with get_client(sync_client=True) as client:
        client.create_artifact(
            ArtifactCreate(
                key=f"{DELIVERY}-{run}",
                type=DELIVERY,
                description="What the attempt came to",
                data=json.dumps(delivery.to_json()),
                flow_run_id=run,
            )
        )
