"""Plain Prefect: everything is submitted at once, with `wait_for`, as its manual shows."""

from __future__ import annotations

import time
from typing import Any

from prefect import flow, task
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner

from bench.shapes import Shape
from bench.subject import Measured
from bench.subjects.recorded import until_recorded


@task
def work(seconds: float) -> None:
    """One node."""
    if seconds:
        time.sleep(seconds)


def run(shape: Shape, slots: int) -> Measured:
    """Time from the first submission to the last result."""

    runner: Any = ThreadPoolTaskRunner(max_workers=slots)

    @flow(task_runner=runner)
    def plain() -> tuple[float, float, str]:
        begin = time.perf_counter()
        futures: dict[str, PrefectFuture[Any]] = {}
        for node in shape.nodes:
            after = [futures[name] for name in node.after]
            futures[node.id] = work.submit(node.seconds, wait_for=after, return_state=False)
        for future in futures.values():
            future.result()
        return begin, time.perf_counter() - begin, str(flow_run.get_id())

    begin, seconds, run_id = plain()
    return Measured(
        seconds=seconds, recorded_seconds=until_recorded(run_id, len(shape.nodes), begin)
    )
