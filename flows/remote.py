"""Workers reached through Prefect: a deployment per agent, a flow run per errand."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import ArtifactFilter, LogFilter
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import LogSort
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelling

from errors import AgentError
from flows.attempt import DELIVERY, FLOW
from flows.trouble import SERVER_TROUBLE, heed_refusal, unasked
from mission.outcome import Outcome
from orchestrator.workers.errand import Delivery, Errand
from orchestrator.workers.remote import OnPhase
from workspace.process import Stop

_POLL_SECONDS = 1.0
_PAGE = 200  # lines of a run's log in one answer, the server's own limit
_CANCEL_SECONDS = 60.0  # for a worker to end its agent; it gives that half a minute


class PrefectAgents:
    """Carries errands to workers through the Prefect server that the run itself uses."""

    def start(self, errand: Errand, key: str) -> str:
        name = f"{FLOW}/{errand.agent}"
        pool = errand.settings.pool
        with _asking(f"give {errand.task} to a worker") as client:
            try:
                deployment = client.read_deployment_by_name(name)
            except ObjectNotFound as error:
                raise AgentError(
                    f"there is no deployment {name} in Prefect", hint=_DEPLOY
                ) from error
            if deployment.work_pool_name != pool:
                raise AgentError(
                    f"the deployment {name} is on the pool {deployment.work_pool_name}, and"
                    f" mission.yaml says {pool}",
                    hint=_DEPLOY,
                )
            run = client.create_flow_run_from_deployment(
                deployment.id,
                parameters={"errand": errand.to_json()},
                idempotency_key=key,
                tags=[errand.mission, errand.task, errand.agent],
            )
        return str(run.id)

    def holds(self, run: str) -> bool:
        with _asking(f"look for the run {run}") as client:
            try:
                found = client.read_flow_run(uuid.UUID(run))
            except (ObjectNotFound, ValueError):
                return False
            if found.state is None or not found.state.is_final():
                return True
            return _delivered(client, found) is not None

    def wait(self, run: str, stop: Stop, on_phase: OnPhase) -> Delivery:
        told = _Logs(uuid.UUID(run))
        given_up: float | None = None  # when we stop waiting for the end of a cancelled run
        while True:
            try:
                with get_client(sync_client=True) as client:
                    if stop.requested and given_up is None:
                        given_up = time.monotonic() + _CANCEL_SECONDS
                        client.set_flow_run_state(uuid.UUID(run), Cancelling())
                    found = client.read_flow_run(uuid.UUID(run))
                    for line in told.read(client):
                        on_phase(line)
                    if found.state is not None and found.state.is_final():
                        return _delivered(client, found) or _undelivered(found, stop)
                    if not told.lines:
                        on_phase(_phase(found))
            except ObjectNotFound:
                return Delivery.failed(Outcome.KILLED, f"Prefect has lost the run {run}")
            except SERVER_TROUBLE as error:
                heed_refusal(f"wait for the run {run}", error)
                # The worker goes on without the server, and so do we.
                on_phase(f"Prefect does not answer: {error}")
            if given_up is not None and time.monotonic() > given_up:
                return Delivery.failed(Outcome.STOPPED, f"{stop.reason}; the worker did not answer")
            if given_up is None:
                stop.wait(_POLL_SECONDS)
            else:
                time.sleep(_POLL_SECONDS)


class _Logs:
    """What a run's worker tells while it works, as Prefect's log of the run holds it."""

    def __init__(self, run: uuid.UUID) -> None:
        self._filter = LogFilter.model_validate({"flow_run_id": {"any_": [run]}})
        self.lines = 0  # read so far

    def read(self, client: SyncPrefectClient) -> list[str]:
        """The lines since the last time."""
        page = client.read_logs(
            log_filter=self._filter, sort=LogSort.TIMESTAMP_ASC, offset=self.lines, limit=_PAGE
        )
        self.lines += len(page)
        return [one.message.partition("\n")[0] for one in page]


_DEPLOY = "`mission deploy` sets the agents' deployments up"


@contextmanager
def _asking(what: str) -> Iterator[SyncPrefectClient]:
    """A client, whose troubles are errors for people.

    Raises:
        WorkersAwayError: The server does not answer, or not now.
        AgentError: It refuses.
    """
    try:
        with get_client(sync_client=True) as client:
            yield client
    except SERVER_TROUBLE as error:
        raise unasked(what, error) from error


def _delivered(client: SyncPrefectClient, run: FlowRun) -> Delivery | None:
    """What a run's worker left with it."""
    wanted = ArtifactFilter.model_validate(
        {"flow_run_id": {"any_": [run.id]}, "type": {"any_": [DELIVERY]}}
    )
    found = client.read_artifacts(artifact_filter=wanted)
    return Delivery.from_json(json.loads(str(found[0].data))) if found else None


def _undelivered(run: FlowRun, stop: Stop) -> Delivery:
    """What it means that a run ended and left nothing."""
    state = run.state
    said = (state.message if state is not None else None) or "no word"
    kind = state.type if state is not None else None
    if kind is StateType.CRASHED:
        return Delivery.failed(Outcome.KILLED, f"its worker was lost ({said})")
    if kind is StateType.CANCELLED and stop.requested:
        return Delivery.failed(Outcome.STOPPED, stop.reason)
    if kind is StateType.CANCELLED:
        return Delivery.failed(Outcome.BLOCKED, f"somebody cancelled its run in Prefect ({said})")
    return Delivery.failed(Outcome.CRASHED, f"its worker failed: {said}")


def _phase(run: FlowRun) -> str:
    state = run.state
    if state is None or state.is_scheduled():
        return f"waits for a worker of the pool {run.work_pool_name}"
    return f"{state.name.lower() if state.name else 'under way'} on a worker"
