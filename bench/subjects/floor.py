"""The floor: graphlib, a thread pool, and nothing kept."""

from __future__ import annotations

import queue
import time
from concurrent.futures import ThreadPoolExecutor
from graphlib import TopologicalSorter

from bench.shapes import Shape
from bench.subject import Measured


def run(shape: Shape, slots: int) -> Measured:
    """Submit what is ready; as one ends, what it frees."""
    seconds = {node.id: node.seconds for node in shape.nodes}
    ended: queue.SimpleQueue[str] = queue.SimpleQueue()

    def work(name: str) -> None:
        time.sleep(seconds[name])
        ended.put(name)

    sorter = TopologicalSorter({node.id: node.after for node in shape.nodes})
    begin = time.perf_counter()
    sorter.prepare()
    with ThreadPoolExecutor(max_workers=slots) as pool:
        while sorter.is_active():
            for name in sorter.get_ready():
                pool.submit(work, name)
            sorter.done(ended.get())
    return Measured(seconds=time.perf_counter() - begin)
