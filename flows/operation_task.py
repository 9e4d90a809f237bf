"""A built-in operation as a Prefect task, and its evidence as an artifact."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from prefect import task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Failed
from prefect.tasks import Task

from errors import MissionError, StoppedError, told
from orchestrator.operations.evidence import OperationEnd

Work: TypeAlias = Callable[[], OperationEnd]  # an operation, ready to be done
Show: TypeAlias = Callable[[str, OperationEnd], None]  # keeps the evidence of a row
OperationTask: TypeAlias = "Task[..., State[None]]"


def operation_task(name: str) -> OperationTask:
    """The task of an operation. It takes the work, the row's id and, where the evidence is not just
    to be kept, what to do with it. It never raises for what people can cause: a refusal is a failed
    run with the reason as its message."""

    keep = partial(show_evidence, name)

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


def show_evidence(name: str, row: str, end: OperationEnd) -> None:
    """The evidence, as a table that hangs on the task run."""
    create_table_artifact(
        table=[one.facts() for one in end.evidence],
        key=re.sub(r"[^a-z0-9]+", "-", f"{row} {name}".lower()).strip("-"),
        description=f"{name}: {end.word}",
    )
