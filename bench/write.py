"""Setting one status in a big task file, against reading and writing that file once.

    python -m bench.write [ROWS]

Ours is `StatusWriter.apply`: read the file again, compare, change the cell, write a new file,
fsync, rename, fsync the folder. Theirs is the least that can be done safely: read, write, fsync,
rename, fsync the folder, with the same bytes. The two take turns, each on a file of its own, both
in one folder.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench.task_files import task_file
from tasks_md.edit import CellChange
from tasks_md.writer import StatusWriter

ROWS = 10_000
_ROUNDS = 40


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


def measure(rows: int = ROWS) -> dict[str, object]:
    """The figures: medians, and the median of the rounds' ratios."""
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        path, other = Path(folder) / "TASKS.md", Path(folder) / "OTHER.md"
        for one in (path, other):
            one.write_text(task_file(rows), encoding="utf-8")
        with StatusWriter(path, lock_dir=Path(folder) / "state") as writer:
            writer.read()
            for at in range(_ROUNDS):
                start = time.perf_counter()
                _copy(other)
                middle = time.perf_counter()
                task = f"B-{at * 97 % rows:05}"
                writer.apply([CellChange(task=task, column="status", value="in-progress")])
                theirs.append(middle - start)
                ours.append(time.perf_counter() - middle)
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    return {
        "rows": rows,
        "rounds": _ROUNDS,
        "set_one_status_seconds": round(statistics.median(ours), 5),
        "read_and_write_seconds": round(statistics.median(theirs), 5),
        "ratio": round(statistics.median(ratios), 2),
    }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS), indent=2))
