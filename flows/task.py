"""One row of a mission as one Prefect task run."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias, cast

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import FlowRun, State, StateType, TaskRun
from prefect.futures import PrefectConcurrentFuture
from prefect.states import Completed, Pending
from prefect.task_engine import SyncTaskRunEngine
from prefect.types import DateTime
from prefect.utilities.engine import collect_task_run_inputs_sync

#: The time of what a row that is followed does: the record may come later than that.
When: TypeAlias = Callable[[], datetime]


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

    `wait_for`, a field of Prefect's engine, takes the futures of the rows before this one. They
    are finished: a row is submitted only when it is ready.
    """

    tags: tuple[str, ...] = ()
    when: When | None = None  # of a row that is followed: when it got to the state; else now

    def begin_run(self) -> None:
        """Enter `Running`, now with the tags: the step that asks for their limits is over."""
        if self.task_run is not None:
            self.task_run.tags = list(self.tags)
        super().begin_run()

    def set_state(self, state: State[None], force: bool = False) -> State[None]:
        """Enter a state, at the time at which a row that is followed did."""
        if self.when is not None:
            state.timestamp = self.when()
            if self.task_run is not None and state.is_running():
                self.task_run.start_time = cast("DateTime", state.timestamp)
        return super().set_state(state, force)

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


class Ended(State[None]):
    """The state of a row whose work has ended, for those that waited for it.

    How it ended is the mission's affair: whatever comes after may start, so it is Completed.
    """

    type: StateType = StateType.COMPLETED

    def result(self, *_args: object, **_options: object) -> None:
        """Nothing, said at once: Prefect would look it up on its event loop, 0.3 ms a time."""


class RowFuture(PrefectConcurrentFuture[None]):
    """A row's task run as Prefect's `wait_for=` takes it: finished as soon as its work has ended,
    before Prefect knows."""

    def __init__(self, task_run_id: uuid.UUID) -> None:
        self._ended: Future[Any] = Future()
        super().__init__(task_run_id, self._ended)

    def finish(self) -> None:
        """The work has ended."""
        self._ended.set_result(Ended())


def task_run(
    flow_run: FlowRun,
    own: uuid.UUID,
    *,
    name: str,
    key: str,
    wait_for: list[RowFuture],
    at: datetime | None = None,
) -> TaskRun:
    """A task run of `row` that is about to start.

    Args:
        flow_run: The run it belongs to.
        own: Its id.
        name: What people see.
        key: Unique in the flow run.
        wait_for: What it waited for: the edges of Prefect's graph.
        at: Since when it is about to start, if not now.
    """
    state: State[None] = Pending() if at is None else Pending(timestamp=at)
    state.state_details.task_run_id = own
    state.state_details.flow_run_id = flow_run.id
    facts: dict[str, Any] = {
        "id": own,
        "name": name,
        "flow_run_id": flow_run.id,
        "task_key": row.task_key,
        "dynamic_key": key,
        "task_inputs": {"wait_for": collect_task_run_inputs_sync(wait_for)} if wait_for else {},
        "expected_start_time": state.timestamp,
        "state_id": state.id,
        "state_type": state.type,
        "state_name": state.name,
        "state": state,
    }
    return TaskRun(**facts)
