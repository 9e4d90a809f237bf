"""One row of a mission as one Prefect task run."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import FlowRun, State, TaskRun, TaskRunResult
from prefect.states import Completed, Pending
from prefect.task_engine import SyncTaskRunEngine


@task(name="row", cache_policy=NO_CACHE, persist_result=False)
def row() -> None:
    """What every row's task run is a run of. The work itself is handed to `RowRun.carry_out`."""


@dataclass
class RowRun(SyncTaskRunEngine[[], None]):
    """Prefect's own engine of a task run, with the steps left out that a row has no use for.

    `Task.submit` makes the same record at three times the cost (`python -m bench orchestration`):
    it derives a cache key and a place for a result that is never kept, and it asks the server for
    concurrency limits named after the tags, one request a row. Inside one process the runner
    limits rows itself, so that a server which is slow or away holds up nobody's work.
    """

    tags: tuple[str, ...] = ()

    def begin_run(self) -> None:
        """Enter `Running`, now with the tags: the step that asks for their limits is over."""
        if self.task_run is not None:
            self.task_run.tags = list(self.tags)
        super().begin_run()

    def carry_out(
        self, work: Callable[[], None], tell: Callable[[BaseException | None], None]
    ) -> None:
        """Do the work in the task run, which ends as Completed, Failed or Crashed.

        Args:
            work: What the row does. An error is a bug.
            tell: Called once, with that error if there is one, as soon as the work has ended: what
                comes next need not wait for the record.
        """
        with self.start():
            error = done(work)
            tell(error)
            if error is None:
                self.set_state(Completed())
            elif isinstance(error, Exception):
                self.handle_exception(error)
            else:
                self.handle_crash(error)


def done(work: Callable[[], None]) -> BaseException | None:
    """Do the work; what it raised."""
    try:
        work()
    except BaseException as error:  # noqa: BLE001 - returned, and recorded as the run's end
        return error
    return None


def task_run(
    flow_run: FlowRun, own: uuid.UUID, *, name: str, key: str, after: Sequence[uuid.UUID]
) -> TaskRun:
    """A task run of `row` that is about to start.

    Args:
        flow_run: The run it belongs to.
        own: Its id.
        name: What people see.
        key: Unique in the flow run.
        after: The finished task runs that it waited for: the edges of Prefect's graph.
    """
    state: State[None] = Pending()
    state.state_details.task_run_id = own
    state.state_details.flow_run_id = flow_run.id
    facts: dict[str, Any] = {
        "id": own,
        "name": name,
        "flow_run_id": flow_run.id,
        "task_key": row.task_key,
        "dynamic_key": key,
        "task_inputs": {"wait_for": [TaskRunResult(id=other) for other in after]} if after else {},
        "expected_start_time": state.timestamp,
        "state_id": state.id,
        "state_type": state.type,
        "state_name": state.name,
        "state": state,
    }
    return TaskRun(**facts)
