"""Prefect with care: tasks are submitted once they are ready, named, cached and kept nowhere."""

from __future__ import annotations

import queue
import time
from graphlib import TopologicalSorter
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner

from bench.shapes import Shape
from bench.subject import Measured
from bench.subjects.recorded import until_recorded


@task(cache_policy=NO_CACHE, persist_result=False, task_run_name="{name}")
def work(name: str, seconds: float) -> str:
    """One node."""
    if seconds:
        time.sleep(seconds)
    return name


def run(shape: Shape, slots: int) -> Measured:
    """Time from the first submission to the last result."""

    runner: Any = ThreadPoolTaskRunner(max_workers=slots)

    @flow(task_runner=runner)
    def ready() -> tuple[float, float, str]:
        nodes = {node.id: node for node in shape.nodes}
        ended: queue.SimpleQueue[PrefectFuture[Any]] = queue.SimpleQueue()
        futures: dict[str, PrefectFuture[Any]] = {}
        sorter = TopologicalSorter({node.id: node.after for node in shape.nodes})
        begin = time.perf_counter()
        sorter.prepare()
        while sorter.is_active():
            for name in sorter.get_ready():
                after = [futures[one] for one in nodes[name].after]
                futures[name] = work.submit(
                    name, nodes[name].seconds, wait_for=after, return_state=False
                )
                futures[name].add_done_callback(ended.put)
            sorter.done(ended.get().result())
        return begin, time.perf_counter() - begin, str(flow_run.get_id())

    begin, seconds, run_id = ready()
    return Measured(
        seconds=seconds, recorded_seconds=until_recorded(run_id, len(shape.nodes), begin)
    )
