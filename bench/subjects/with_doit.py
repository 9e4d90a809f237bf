"""doit: its thread runner, and its own database of what was done."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from doit.cmd_base import ModuleTaskLoader
from doit.doit_cmd import DoitMain

from bench.shapes import Shape
from bench.subject import Measured


def run(shape: Shape, slots: int) -> Measured:
    """Time `doit run` in this process."""

    def work(seconds: float) -> None:
        if seconds:
            time.sleep(seconds)

    def task_node() -> Iterator[dict[str, Any]]:
        for node in shape.nodes:
            yield {
                "name": node.id,
                "actions": [(work, (node.seconds,))],
                "task_dep": [f"node:{name}" for name in node.after],
            }

    loader = ModuleTaskLoader({"task_node": task_node, "DOIT_CONFIG": {"reporter": "zero"}})
    begin = time.perf_counter()
    code = DoitMain(loader).run(["run", "-n", str(slots), "-P", "thread"])
    seconds = time.perf_counter() - begin
    if code != 0:
        raise RuntimeError(f"doit ended with {code}")
    return Measured(seconds=seconds)
