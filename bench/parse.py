"""Reading a big task file, against markdown-it-py alone on the same text.

    python -m bench.parse [ROWS]

Ours is all that `mission check` does with the text: parse, every lint rule, and the graph with its
order, what is ready, and the critical path. Theirs is one `MarkdownIt.parse`. The two take turns,
so that whatever else the machine does hits both.
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
from collections.abc import Callable

from markdown_it import MarkdownIt

from bench.task_files import task_file
from tasks_md.graph import Graph
from tasks_md.lint import lint
from tasks_md.parse import parse

ROWS = 10_000
TARGET = 1.5
_ROUNDS = 7


def _ours(text: str) -> None:
    plan = parse(text)
    graph = Graph.of(plan)
    assert not lint(plan)
    assert len(graph.order) == len(plan.tasks)
    assert graph.ready({task.id: task.status for task in plan.tasks})
    assert graph.critical_path()


def _theirs(text: str) -> None:
    MarkdownIt("commonmark").enable("table").parse(text)


def _seconds(work: Callable[[str], None], text: str) -> float:
    gc.collect()
    start = time.perf_counter()
    work(text)
    return time.perf_counter() - start


def _compare(text: str) -> dict[str, float]:
    ours, theirs = [], []
    for _ in range(_ROUNDS):
        ours.append(_seconds(_ours, text))
        theirs.append(_seconds(_theirs, text))
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    return {
        "bytes": len(text.encode()),
        "ours_seconds": round(statistics.median(ours), 4),
        "markdown_it_seconds": round(statistics.median(theirs), 4),
        "ratio": round(statistics.median(ratios), 3),
    }


def measure(rows: int = ROWS) -> dict[str, object]:
    """The figures: seconds are medians, the ratio is the median of the rounds' ratios."""
    return {
        "rows": rows,
        "rounds": _ROUNDS,
        "target_ratio": TARGET,
        "long_rows": _compare(task_file(rows)),
        "short_rows": _compare(task_file(rows, long=False)),
    }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS), indent=2))
