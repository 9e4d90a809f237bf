"""Built-in operations as Prefect tasks, and their evidence as artifacts."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from prefect import task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.context import TagsContext
from prefect.states import Cancelled, Completed, Failed
from prefect.tasks import Task

from errors import MissionError, StoppedError, told
from flows.trouble import SERVER_TROUBLE
from orchestrator.operations.evidence import OperationEnd

Work: TypeAlias = Callable[[], OperationEnd]  # an operation, ready to be done
Show: TypeAlias = Callable[[str, OperationEnd], None]  # keeps the evidence of a row
OperationTask: TypeAlias = "Task[..., State[None]]"


def operation_task(name: str) -> OperationTask:
    """The task of an operation. It takes the work, the row's id and, where the evidence is not just
    to be kept, what to do with it. It never raises for what people can cause: a refusal is a failed
    run with the reason as its message."""

    keep = partial(_show, name)

    @task(name=name, task_run_name="{row}: " + name, cache_policy=NO_CACHE, persist_result=False)
    def operate(work: Work, row: str, show: Show | None = None) -> State[None]:
        try:
            end = work()
        except StoppedError as stopped:
            return Cancelled(message=stopped.message)
        except (MissionError, OSError) as error:
            return Failed(message=str(told(error)))
        (show or keep)(row, end)
        return Completed(message=end.word) if end.ok else Failed(message=end.word)

    return operate


class PrefectOperations:
    """The engine's record of operations: a task run for each, with its evidence."""

    def __init__(self) -> None:
        self.troubles: list[str] = []  # what could not be recorded, one line each

    def keep(self, name: str, task: str, attempt: int, work: Work) -> OperationEnd:
        """Do the work of the operation `name` for a row's attempt, on the record.

        An operation that is no task of its own, such as `noop`, has nothing to show but that its
        row ran, which the row's own task run says.

        Raises:
            MissionError: What the work raised.
        """
        # A mission on another tier loads no module of the federated one: a row proves it.
        from flows.federated_tier import TASKS  # noqa: PLC0415 - only once an operation runs

        operation = TASKS.get(name)
        if operation is None:
            return work()
        outcome = _Once(work)

        def show(row: str, end: OperationEnd) -> None:
            try:
                _show(name, row, end)
            except SERVER_TROUBLE as error:
                self._note(name, task, error)

        try:
            # Without tags: Prefect asks its server for a slot in a limit of each one's name. Who is
            # at work is the mission's affair, and a server that is away holds nobody up.
            with TagsContext(current_tags=set()):
                operation(outcome, f"{task} ({attempt})", show, return_state=True)
        except Exception as error:  # noqa: BLE001 - the engine's: what the work raised is in `outcome`
            self._note(name, task, error)
        return outcome.result()

    def _note(self, name: str, task: str, error: Exception) -> None:
        self.troubles.append(f"could not record {name} of {task} in Prefect: {error}")


class _Once:
    """Does the work once, whatever Prefect makes of it."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._end: OperationEnd | None = None
        self._error: BaseException | None = None

    def __call__(self) -> OperationEnd:
        try:
            self._end = self._work()
        except BaseException as error:
            self._error = error
            raise
        return self._end

    def result(self) -> OperationEnd:
        """What it came to; done now if Prefect did not get as far."""
        if self._error is not None:
            raise self._error
        return self._end if self._end is not None else self()


def _show(name: str, row: str, end: OperationEnd) -> None:
    """The evidence, as a table that hangs on the task run."""
    create_table_artifact(
        table=[one.facts() for one in end.evidence],
        key=re.sub(r"[^a-z0-9]+", "-", f"{row} {name}".lower()).strip("-"),
        description=f"{name}: {end.word}",
    )
