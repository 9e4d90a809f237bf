"""Setting one status in a big task file, against reading and writing that file once.

    python -m bench.write [ROWS]

Ours is `StatusWriter.apply`: read the file again, compare, change the cell, write a new file,
fsync, rename, fsync the folder. Theirs is the least that can be done safely: read, write, fsync,
rename, fsync the folder, with the same bytes. Each has a file of its own, both in one folder.

They take turns for the time of one, which is how statuses are set: seconds apart. Ours frees the
space of the old file behind the caller's back; that has ended before theirs starts. The second
ratio is of as many in a row, where each waits for what the one before it left to be done.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

from bench.task_files import task_file
from tasks_md.edit import CellChange
from tasks_md.writer import StatusWriter

ROWS = 10_000
_ROUNDS = 40
_ROWS_OF = 5  # of as many rounds in a row


def _copy(path: Path) -> None:
    """Read a file and put the same bytes in its place, durably."""
    data = path.read_bytes()
    fresh = path.with_name("copy")
    with fresh.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def _settle() -> None:
    """Wait until the space of the file that was replaced is free."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join()


def _timed(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def measure(rows: int = ROWS) -> dict[str, object]:
    """The figures: medians, and the medians of the rounds' ratios."""
    ours, theirs, in_a_row = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        path, other = Path(folder) / "TASKS.md", Path(folder) / "OTHER.md"
        for one in (path, other):
            one.write_text(task_file(rows), encoding="utf-8")
        tasks = (f"B-{at * 97 % rows:05}" for at in count())
        with StatusWriter(path, lock_dir=Path(folder) / "state") as writer:

            def set_one() -> None:
                writer.apply([CellChange(task=next(tasks), column="status", value="in-progress")])

            def copy() -> None:
                _copy(other)

            writer.read()
            for _ in range(_ROUNDS):
                theirs.append(_timed(copy))
                ours.append(_timed(set_one))
                _settle()
            for _ in range(_ROWS_OF):
                copies = sum(_timed(copy) for _ in range(_ROUNDS))
                sets = sum(_timed(set_one) for _ in range(_ROUNDS)) + _timed(_settle)
                in_a_row.append(sets / copies)
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    return {
        "rows": rows,
        "rounds": _ROUNDS,
        "set_one_status_seconds": round(statistics.median(ours), 5),
        "read_and_write_seconds": round(statistics.median(theirs), 5),
        "ratio": round(statistics.median(ratios), 2),
        "ratio_in_a_row": round(statistics.median(in_a_row), 2),
    }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS), indent=2))
