"""How long a thousand plays of a mission take: without limits, and with a budget."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

from bench.task_files import task_file
from forecast.outcome import play
from forecast.setting import WhatIf
from forecast.staging import History, Made, set_scene
from mission.config import MissionConfig
from mission.journal import Journal
from tasks_md.parse import parse

ROWS = 200
PLAYS = 1_000
TARGET_SECONDS = 2.0


def _scene(config: dict[str, object]) -> Made:
    settings, now = MissionConfig.model_validate(config), datetime(2026, 1, 5, tzinfo=UTC)
    with Journal.in_memory() as journal:
        history = History.of(journal, settings, now)
    return set_scene(
        parse(task_file(ROWS).replace("| done |", "| not-started |")),
        settings,
        history,
        alive=False,
        now=now,
        what_if=WhatIf(),
    )


def _measure(config: dict[str, object]) -> dict[str, float]:
    made = _scene(config)
    clock, processor = time.perf_counter(), time.process_time()
    play(made.scene, plays=PLAYS, seed=made.seed)
    return {
        "open_rows": len(made.scene.courses),
        "seconds": round(time.perf_counter() - clock, 2),
        "cpu_seconds": round(time.process_time() - processor, 2),
    }


def measure() -> dict[str, object]:
    """The figures, and how long a million additions take on this machine meanwhile."""
    begun = time.process_time()
    total = 0
    for number in range(1_000_000):
        total += number
    verify: dict[str, object] = {"verify": [{"name": "tests", "run": ["true"], "on": ["merged"]}]}
    budget: dict[str, object] = {"budget": {"mission": {"tokens": 10**9}}}
    return {
        "rows": ROWS,
        "plays": PLAYS,
        "target_seconds": TARGET_SECONDS,
        "million_additions_cpu_ms": round((time.process_time() - begun) * 1e3, 1),
        "serial": _measure(verify),
        "budget": _measure(verify | budget),
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
