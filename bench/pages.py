"""The dashboard's pages: how long one takes at the server, and how large it is.

    python -m bench.pages

Each page is made anew, from a standing that is known; then once more for the next who asks. The
mission is the Federation-like one of `bench.task_files`, with a journal of one run.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.task_files import task_file
from dashboard.missions import Missions
from dashboard.pages.build import NAVIGATION
from dashboard.rendering import Renderer
from dashboard.revisions import Revisions
from dashboard.site import Asked, Site
from mission.place import Place

SIZES = (200, 10_000)
TARGET_MS = {200: 50, 10_000: 300}  # of the first page
TARGET_BYTES = 60_000
_ROUNDS = 15
_LONG_AGO = (1_000_000_000, 1_000_000_000)  # so that what was read is known to be settled


def _milliseconds(work: Callable[[], object]) -> tuple[float, float]:
    """On the clock, and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return (time.perf_counter() - clock) * 1e3, (time.process_time() - processor) * 1e3


def _measure(rows: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "TASKS.md"
        file.write_text(task_file(rows), encoding="utf-8")
        os.utime(file, _LONG_AGO)
        missions = Missions.of([Place.find(folder)])
        (key,) = missions
        standing = _milliseconds(missions[key].standings.current)
        renderer = Renderer()
        renderer.prepare()
        revisions = Revisions(missions)
        pages: dict[str, object] = {}
        for name, _ in NAVIGATION:
            asked, times, size = Asked(name=name, key=key), [], 0
            for _ in range(_ROUNDS):
                site = Site(missions, revisions, renderer=renderer)  # has kept nothing
                times.append(_milliseconds(partial(site.answer, asked)))
                size = len(site.answer(asked).rendered.body)
            again = [_milliseconds(partial(site.answer, asked)) for _ in range(_ROUNDS)]
            pages[name] = {
                "ms": round(statistics.median(one[0] for one in times), 1),
                "cpu_ms": round(statistics.median(one[1] for one in times), 1),
                "kept_ms": round(statistics.median(one[0] for one in again), 2),
                "bytes": size,
            }
    return {
        "target_ms": TARGET_MS[rows],
        "target_bytes": TARGET_BYTES,
        "standing_ms": round(standing[0], 1),
        "pages": pages,
    }


def measure() -> dict[str, object]:
    """The figures, by rows: medians."""
    return {str(rows): _measure(rows) for rows in SIZES}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ["MISSION_HOME"] = home
        print(json.dumps(measure(), indent=2))
