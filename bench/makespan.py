"""How long a mission takes, over the least that any schedule could take.

    python -m bench.makespan [ROUNDS]

200 tasks of 10 to 100 milliseconds on 8 slots, once as a layered graph and once as 40 chains of 5.
The lower bound is the critical path, or the work divided by the slots, whichever is longer. Luigi
runs with its local scheduler and a target file a task, doit with threads, both as they come.
"""

from __future__ import annotations

import json
import sys

from bench.comparison import OURS, SLOTS, compare, median_seconds, prefect_server
from bench.shapes import SHAPES

SUBJECTS = ("floor", "plain", "ready", "with_luigi", "with_doit", OURS)
TARGET = 1.25
_SHAPES = ("layered-sleeping", "chains-sleeping")
_ROUNDS = 3


def measure(rounds: int = _ROUNDS, *, prefix: str = "") -> dict[str, object]:
    """The figures: ratios are medians over the lower bound.

    Args:
        rounds: How often each subject is measured.
        prefix: `quick-` for graphs that are small enough for a test.
    """
    shapes: dict[str, object] = {}
    with prefect_server() as environment:
        for name in _SHAPES:
            taken = compare(SUBJECTS, prefix + name, environment, rounds)
            shape = SHAPES[prefix + name]()
            bound = shape.lower_bound(SLOTS)
            shapes[shape.name] = {
                "lower_bound_seconds": round(bound, 3),
                "ratio": {
                    one: round(median_seconds(runs) / bound, 3) for one, runs in taken.items()
                },
            }
    return {"rounds": rounds, "slots": SLOTS, "target_ratio": TARGET, "shapes": shapes}


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else _ROUNDS), indent=2))
