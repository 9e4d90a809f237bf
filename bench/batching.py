"""Merging 24 ready branches: in batches against one by one, with and without culprits.

    python -m bench.batching [BRANCHES]

Each branch is finished and pushed, and all of them wait for their merge at once. The only
verification step runs on the squashed result, takes a quarter of a second and is red as long as a
culprit's file is there. What counts is how often it runs, and how long it takes until every branch
has landed or been given back. Real steps take minutes: then the number of runs is the time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import yaml

from errors import MissionError
from mission.journal import Step
from mission.journal.kinds import Verified
from orchestrator.assembly.assembly import Assembly
from orchestrator.merging.queue import MergeQueue
from orchestrator.opening import open_mission
from orchestrator.ports.display import RecordingDisplay
from orchestrator.workplace.verifying import FinishedWork
from workspace.process import Stop

BRANCHES = 24
SIZES = (5, 8, 24)
# Where the culprits stand among the branches, from 0.
CULPRITS: dict[int, tuple[int, ...]] = {0: (), 1: (13,), 3: (2, 13, 20)}
STEP_SECONDS = 0.25

_STEP = f"""\
import pathlib, sys, time
time.sleep({STEP_SECONDS})
sys.exit(any(path.read_text() == "bad" for path in pathlib.Path(".").glob("*.txt")))
"""
_HEADER = """\
# Tasks

## Milestone 1 — Merges (M1)

| id | status | description | issue | agent | branch | depends_on | estimate | notes |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""


def _names(count: int) -> list[str]:
    return [f"T{number:02}" for number in range(count)]


def _git(folder: Path, *args: str) -> str:
    who = {
        f"GIT_{role}_{what}": "bench@example.invalid"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    done = subprocess.run(
        ["git", *args], cwd=folder, env=os.environ | who, stdout=subprocess.PIPE, check=True
    )
    return done.stdout.decode().strip()


def _make(folder: Path, names: Sequence[str], bad: Sequence[str], size: int | None) -> Path:
    """A mission whose branches are all finished; its task file."""
    _git(folder, "init", "-q", "--bare", "--initial-branch=main", "remote.git")
    _git(folder, "init", "-q", "--initial-branch=main", "checkout")
    top = folder / "checkout"
    _git(top, "remote", "add", "origin", str(folder / "remote.git"))
    rows = [
        f"| {name} | in-progress | {name} | — | worker | feat/{name} | — | 1K | |\n"
        for name in names
    ]
    (top / "TASKS.md").write_text(_HEADER + "".join(rows), encoding="utf-8")
    config = {
        "merge": {"strategy": "batch", "size": size} if size else {"strategy": "serial"},
        "verify": [{"name": "whole", "run": [sys.executable, "-c", _STEP], "on": ["merged"]}],
    }
    (top / "mission.yaml").write_text(yaml.safe_dump(config))
    _git(top, "add", "--all")
    _git(top, "commit", "-qm", "Begin")
    _git(top, "push", "-q", "origin", "main")
    for name in names:
        _git(top, "switch", "-q", "-c", f"feat/{name}", "main")
        (top / f"{name}.txt").write_text("bad" if name in bad else "good")
        _git(top, "add", "--all")
        _git(top, "commit", "-qm", name)
    _git(top, "switch", "-q", "main")
    _git(top, "push", "-q", "origin", *(f"feat/{name}" for name in names))
    return top / "TASKS.md"


def _rows(parts: Assembly, names: Sequence[str]) -> list[FinishedWork]:
    """What the journal of a run would hold, had the agents just ended."""
    plan = parts.writer.read()
    base = parts.repository.fetch_base()
    rows = []
    for name in names:
        attempt = parts.journal.start_attempt(
            run=parts.journal.run,
            task=name,
            agent="worker",
            branch=f"feat/{name}",
            base_commit=base,
            worktree=None,
            log=None,
            route="bench",
        )
        head = parts.repository.git.commit(f"refs/heads/feat/{name}")
        for step in (Step.ANSWERED, Step.WORKED, Step.VERIFIED, Step.PUSHED):
            attempt = parts.journal.advance_attempt(attempt.id, step, head=head)
        rows.append(FinishedWork(task=plan.task(name), attempt=attempt))
    return rows


@contextmanager
def _own_home(folder: Path) -> Iterator[None]:
    """Worktrees of the measurement do not go to the user's own folder."""
    before = os.environ.get("MISSION_HOME")
    os.environ["MISSION_HOME"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["MISSION_HOME"]
        else:
            os.environ["MISSION_HOME"] = before


class _Waiting(RecordingDisplay):
    """Counts who waits, so that all can be made to wait before anybody merges."""

    def doing(self, task: str, phase: str, detail: str = "") -> None:
        if phase.startswith("waits for its turn"):
            super().doing(task, phase, detail)


def _measure(count: int, culprits: Sequence[int], size: int | None) -> dict[str, object]:
    """One mission; `size` None is one by one."""
    names = _names(count)
    bad = [names[place] for place in culprits]
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        display = _Waiting()
        task_file = _make(folder, names, bad, size)
        with (
            _own_home(folder / "home"),
            open_mission(str(task_file), display, Stop()) as (
                parts,
                _,
            ),
        ):
            rows = _rows(parts, names)
            queue = parts.merge_queue()
            with ThreadPoolExecutor(count) as pool:
                with parts.base_lock:
                    ends = [pool.submit(_land, queue, row) for row in rows]
                    while len(display.done) < count:
                        time.sleep(0.001)
                    begin = time.perf_counter()
                landed = [row.task.id for row, end in zip(rows, ends, strict=True) if end.result()]
                seconds = time.perf_counter() - begin
            steps = len(parts.journal.events(Verified))
        assert landed == [name for name in names if name not in bad], "the wrong ones landed"
    return {"verifications": steps, "seconds": round(seconds, 2)}


def _land(queue: MergeQueue, row: FinishedWork) -> bool:
    """Whether the row landed."""
    try:
        queue.land(row)
    except MissionError:
        return False
    return True


def measure(count: int = BRANCHES) -> dict[str, object]:
    """The figures by number of culprits: one by one, and in batches of several sizes."""
    sizes = [size for size in SIZES if size <= count]
    figures = {
        f"{number} culprits": {
            "one by one": _measure(count, places, None),
            **{f"batches of {size}": _measure(count, places, size) for size in sizes},
        }
        for number, places in CULPRITS.items()
        if max(places, default=0) < count
    }
    return {"branches": count, "step_seconds": STEP_SECONDS, "figures": figures}


if __name__ == "__main__":
    print(json.dumps(measure(*map(int, sys.argv[1:2])), indent=2))
