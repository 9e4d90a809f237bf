"""What Prefect's record holds of a flow run: asked at the end, and closed after a crash."""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, TaskRunFilter
from prefect.client.schemas.objects import FlowRun, State, TaskRun
from prefect.client.schemas.sorting import TaskRunSort
from prefect.exceptions import ObjectNotFound
from prefect.states import Crashed

from flows.patience import patience
from flows.trouble import SERVER_TROUBLE

_PAGE = 200  # task runs in one answer, the server's own limit
_POLL_SECONDS = 0.1  # a run waits for the answer; one costs the server a few milliseconds
_PATIENCE_SECONDS = 10.0  # without any progress; the recorder writes every second
_ENDED = ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"]
_OPEN = ["PENDING", "RUNNING", "SCHEDULED", "PAUSED", "CANCELLING"]


class Record:
    """The record of one flow run. Trouble with the server is noted, never raised."""

    def __init__(self, flow_run: uuid.UUID) -> None:
        self._flow_run = flow_run
        self._patience = patience()
        self.troubles: list[str] = []  # one line each

    def held(self, expected: Collection[uuid.UUID]) -> frozenset[uuid.UUID]:
        """The ended task runs that Prefect holds, once all `expected` are there or no more come.
        Others, of operations, may be among them."""
        found: set[uuid.UUID] = set()
        wanted = len(expected)
        with self._client("count the task runs") as client:
            while self._await_ended(client, wanted):
                found = {run.id for run in _task_runs(client, self._flow_run, _ENDED)}
                if found.issuperset(expected):
                    break
                wanted = len(found) + 1  # others were counted too
            else:
                found = {run.id for run in _task_runs(client, self._flow_run, _ENDED)}
        return frozenset(found)

    def open_runs(self, tags: Sequence[str]) -> list[str]:
        """The ids of the other flow runs with all these tags that have not ended; none without."""
        if not tags:
            return []
        runs: list[FlowRun] = []
        wanted = {"tags": {"all_": [*tags]}, "state": {"type": {"any_": _OPEN}}}
        with self._client("look for crashed runs") as client:
            runs = client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(wanted))
        return [str(run.id) for run in runs if run.id != self._flow_run]

    def close(self, run_id: str) -> None:
        """Mark a flow run that a crash ended as crashed, and its open task runs with it."""
        try:
            flow_run = uuid.UUID(run_id)
        except ValueError:
            return  # another engine's name of a run
        with self._client(f"close the crashed run {run_id}") as client:
            try:
                found = client.read_flow_run(flow_run)
            except ObjectNotFound:
                return  # another server's run
            why: State[None] = Crashed(message="The runner was killed; its next run closed this.")
            for run in list(_task_runs(client, flow_run, _OPEN)):
                client.set_task_run_state(run.id, why, force=True)
            # Prefect may run a flow run again that it rescheduled: then it is this very one.
            if flow_run != self._flow_run and (found.state is None or not found.state.is_final()):
                client.set_flow_run_state(flow_run, why, force=True)

    def _await_ended(self, client: SyncPrefectClient, expected: int) -> bool:
        """Wait until this many have ended. False when no more come."""
        last, deadline = -1, 0.0
        while (count := _count(client, self._flow_run)) < expected:
            now = time.monotonic()
            if count != last:
                last, deadline = count, now + _PATIENCE_SECONDS
            if now > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    @contextmanager
    def _client(self, what: str) -> Iterator[SyncPrefectClient]:
        try:
            with self._patience(), get_client(sync_client=True) as client:
                yield client
        except SERVER_TROUBLE as error:
            self.troubles.append(f"could not {what} in Prefect: {error}")


def _count(client: SyncPrefectClient, flow_run: uuid.UUID) -> int:
    body: dict[str, Any] = {
        "flow_runs": {"id": {"any_": [str(flow_run)]}},
        "task_runs": {"state": {"type": {"any_": _ENDED}}},
    }
    count: int = client.request("POST", "/task_runs/count", json=body).json()
    return count


def _task_runs(
    client: SyncPrefectClient, flow_run: uuid.UUID, states: list[str]
) -> Iterator[TaskRun]:
    offset = 0
    while True:
        page = client.read_task_runs(
            flow_run_filter=FlowRunFilter.model_validate({"id": {"any_": [flow_run]}}),
            task_run_filter=TaskRunFilter.model_validate({"state": {"type": {"any_": states}}}),
            sort=TaskRunSort.ID_DESC,
            limit=_PAGE,
            offset=offset,
        )
        yield from page
        if len(page) < _PAGE:
            return
        offset += _PAGE
