"""`mission status`: how fast it starts, and how much memory a big mission takes.

    python -m bench.status

The start is a whole process, on the Federation mission, against `python -c pass` and against
importing the command line's own framework. Memory is the largest resident size of the process.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.task_files import task_file

ROWS = 10_000
TARGET_SECONDS = 0.3
_ROUNDS = 15
_MISSION = Path(__file__).parents[1] / "missions" / "federation-v1" / "TASKS.md"
_NOTHING = (sys.executable, "-c", "pass")
_STATUS = (sys.executable, "-m", "cli", "status")


def _run(argv: Sequence[str]) -> tuple[float, float, float]:
    """Seconds on the clock, seconds of the processor, and mebibytes of one process."""
    start = time.perf_counter()
    child = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    _, code, used = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(code)
    assert child.returncode == 0, argv
    kibibytes = used.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return seconds, used.ru_utime + used.ru_stime, kibibytes / 1024


def _start() -> dict[str, object]:
    argv = (*_STATUS, str(_MISSION))
    _run(argv)  # compiles what is not compiled yet
    nothing, status = [], []
    for _ in range(_ROUNDS):
        nothing.append(_run(_NOTHING))
        status.append(_run(argv))
    clock = [statistics.median(run[0] for run in runs) for runs in (nothing, status)]
    processor = [statistics.median(run[1] for run in runs) for runs in (nothing, status)]
    return {
        "rounds": _ROUNDS,
        "target_seconds": TARGET_SECONDS,
        "pass_seconds": round(clock[0], 4),
        "status_seconds": round(clock[1], 4),
        "ratio": round(clock[1] / clock[0], 2),
        "pass_cpu_seconds": round(processor[0], 4),
        "status_cpu_seconds": round(processor[1], 4),
        "fastest_status_seconds": round(min(run[0] for run in status), 4),
    }


def _memory(rows: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "TASKS.md"
        path.write_text(task_file(rows), encoding="utf-8")
        seconds, processor, peak = _run((*_STATUS, str(path)))
        _, _, peak_json = _run((*_STATUS, str(path), "--json"))
        _, _, small = _run((*_STATUS, str(_MISSION)))
        size = path.stat().st_size
    return {
        "rows": rows,
        "file_mib": round(size / 2**20, 2),
        "seconds": round(seconds, 3),
        "cpu_seconds": round(processor, 3),
        "peak_mib": round(peak, 1),
        "peak_json_mib": round(peak_json, 1),
        "peak_small_mission_mib": round(small, 1),
    }


def measure(rows: int = ROWS) -> dict[str, object]:
    """The figures: medians of whole processes; memory of one."""
    return {"start": _start(), "memory": _memory(rows)}


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
