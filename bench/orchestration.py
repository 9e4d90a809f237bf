"""What it costs to carry out a row that does nothing.

    python -m bench.orchestration [ROUNDS]

Ours is the whole path of a row: dispatch, the journal, the status written back into the task file
and the record in Prefect. Plain Prefect is a flow that submits a task for everything at once, with
`wait_for`; the careful one submits what is ready, names it, and keeps neither cache nor results.
The floor is graphlib with threads, and keeps nothing. All on one server, each in a process of its
own.
"""

from __future__ import annotations

import json
import sys

from bench.comparison import (
    OURS,
    SLOTS,
    compare,
    median_ratio,
    median_recorded,
    median_seconds,
    prefect_server,
)
from bench.shapes import SHAPES

SUBJECTS = ("floor", "plain", "ready", OURS)
TARGET = 1.0
_SHAPES = ("independent", "layered", "chain")
_ROUNDS = 3


def measure(rounds: int = _ROUNDS, *, prefix: str = "") -> dict[str, object]:
    """The figures: milliseconds a row are medians, ratios the medians of the rounds' ratios.

    Args:
        rounds: How often each subject is measured.
        prefix: `quick-` for graphs that are small enough for a test.
    """
    shapes: dict[str, object] = {}
    with prefect_server() as environment:
        for name in _SHAPES:
            taken = compare(SUBJECTS, prefix + name, environment, rounds)
            shape = SHAPES[prefix + name]()
            count = len(shape.nodes)
            recorded = {one: median_recorded(runs) for one, runs in taken.items()}
            shapes[shape.name] = {
                "ms_per_row": {
                    one: round(median_seconds(runs) / count * 1000, 3)
                    for one, runs in taken.items()
                },
                "ms_per_row_until_recorded": {
                    one: round(seconds / count * 1000, 3)
                    for one, seconds in recorded.items()
                    if seconds is not None
                },
                "ratio_to_plain": round(median_ratio(taken[OURS], taken["plain"]), 3),
                "ratio_to_ready": round(median_ratio(taken[OURS], taken["ready"]), 3),
            }
    return {"rounds": rounds, "slots": SLOTS, "target_ratio_to_plain": TARGET, "shapes": shapes}


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else _ROUNDS), indent=2))
