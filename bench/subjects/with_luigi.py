"""Luigi: its local scheduler and worker processes, one target file a task."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import luigi

from bench.shapes import Node, Shape
from bench.subject import Measured

_nodes: dict[str, Node] = {}


class Work(luigi.Task):  # type: ignore[misc]  # luigi has hardly any types: its base is Any
    """One node."""

    node = luigi.Parameter()

    def requires(self) -> list[Work]:
        return [Work(node=name) for name in _nodes[str(self.node)].after]

    def output(self) -> luigi.LocalTarget:
        return luigi.LocalTarget(f"done/{self.node}")

    def run(self) -> None:
        seconds = _nodes[str(self.node)].seconds
        if seconds:
            time.sleep(seconds)
        with self.output().open("w"):
            pass


def run(shape: Shape, slots: int) -> Measured:
    """Time `luigi.build` in this process."""
    _nodes.update({node.id: node for node in shape.nodes})
    Path("done").mkdir()
    logging.getLogger("luigi").setLevel(logging.ERROR)
    begin = time.perf_counter()
    fine = luigi.build(
        [Work(node=node.id) for node in shape.nodes],
        workers=slots,
        local_scheduler=True,
        log_level="ERROR",
    )
    seconds = time.perf_counter() - begin
    if not fine:
        raise RuntimeError("luigi did not carry everything out")
    return Measured(seconds=seconds)
