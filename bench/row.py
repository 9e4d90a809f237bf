"""What a row costs beside its agent, against a shell script that does the same git work by hand.

    python -m bench.row [ROUNDS]

Rows go one after another, from ready to done: a remote, one verification step, no forge. The agent
writes one line into one file, the step does nothing. The runner is measured in one process; what a
run without rows takes is not counted to its rows. The script (`bench/subjects/row.sh`) makes a
worktree, commits, pushes, squashes with `merge-tree`, pushes with a lease, reads back, and removes
the worktree; once also with a second, fresh checkout of the branch, which is where the runner
verifies. On a copy of our own repository and on a generated one. And 100 rows with agents that take
a second, on 8 slots, over the least that any schedule could take.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import yaml

from bench.row_repositories import WHO, generated, git, our_own
from orchestrator.ports.display import RecordingDisplay
from orchestrator.ports.engine import ThreadEngine
from orchestrator.run import RunRequest, run_mission
from workspace.process import Stop

ROWS = 10
FILES, COMMITS = 20_000, 5_000
MANY, SLOTS, SECONDS = 100, 8, 1.0
TARGET = 2.0
_ROUNDS = 5
_SCRIPT = Path(__file__).parent / "subjects" / "row.sh"
_HEADER = """\
# Tasks

> **Mission:** bench

## Milestone 1 — Rows (M1)

| id | status | description | issue | agent | branch | depends_on | estimate | notes |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""

Make = Callable[[Path], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What something took."""

    seconds: float  # by the clock
    processor: float  # seconds of this process and of those that it started and that have ended

    def less(self, other: Cost) -> Cost:
        """Without what another took."""
        return Cost(
            seconds=self.seconds - other.seconds, processor=self.processor - other.processor
        )


def _cost(work: Callable[[], object]) -> Cost:
    begin, before = time.perf_counter(), sum(os.times()[:4])
    work()
    return Cost(seconds=time.perf_counter() - begin, processor=sum(os.times()[:4]) - before)


def measure(
    rounds: int = _ROUNDS,
    *,
    rows: int = ROWS,
    files: int = FILES,
    commits: int = COMMITS,
    many: int = MANY,
    seconds: float = SECONDS,
) -> dict[str, object]:
    """The figures: milliseconds a row are medians, ratios the medians of the rounds' ratios.

    Args:
        rounds: How often each is measured, in turn.
        rows: How many of a run.
        files: Of the generated repository.
        commits: Of the generated repository.
        many: Rows for the makespan.
        seconds: How long an agent of theirs takes.
    """
    makers: dict[str, Make] = {
        "own": our_own,
        "generated": lambda folder: generated(folder, files=files, commits=commits),
    }
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        figures = {
            name: _compared(Path(place, name), make, rounds, rows) for name, make in makers.items()
        }
        makespan = _makespan(Path(place, "makespan"), many, seconds)
    return {"rounds": rounds, "rows": rows, "target_ratio": TARGET, **figures, **makespan}


def _compared(folder: Path, make: Make, rounds: int, rows: int) -> dict[str, object]:
    folder.mkdir()
    make(folder / "template.git")
    names = [f"R{number}" for number in range(rows)]
    taken: dict[str, list[Cost]] = {"ours": [], "script": [], "script_verifying": []}
    for number in range(rounds):
        place = folder / str(number)
        place.mkdir()
        once = _Once(place, folder / "template.git")
        taken["ours"].append(once.ours(names))
        taken["script"].append(once.script(names))
        taken["script_verifying"].append(once.script(names, VERIFY="1"))
        shutil.rmtree(place)
    kinds: dict[str, Callable[[Cost], float]] = {
        "wall": lambda cost: cost.seconds,
        "processor": lambda cost: cost.processor,
    }
    return {name: _figures(taken, rows, kind) for name, kind in kinds.items()}


def _figures(
    taken: Mapping[str, Sequence[Cost]], rows: int, kind: Callable[[Cost], float]
) -> dict[str, object]:
    seconds = {one: [kind(cost) for cost in costs] for one, costs in taken.items()}
    return {
        "ms_per_row": {
            one: round(statistics.median(runs) / rows * 1000, 1) for one, runs in seconds.items()
        },
        "ratio": _ratio(seconds["ours"], seconds["script"]),
        "ratio_verifying": _ratio(seconds["ours"], seconds["script_verifying"]),
    }


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return round(statistics.median(a / b for a, b in zip(ours, theirs, strict=True)), 2)


class _Once:
    """One round on fresh copies of a repository."""

    def __init__(self, place: Path, template: Path) -> None:
        self._place = place
        self._template = template
        self._copies = 0

    def ours(self, names: Sequence[str]) -> Cost:
        """For these rows: of a run with them, less that of one without."""
        plan = mission(self.clone(), names)

        def run() -> None:
            carry_out(plan, self._place, slots=1, expected=len(names))

        return _cost(run).less(_cost(run))

    def script(self, names: Sequence[str], **environment: str) -> Cost:
        """For these rows."""
        top = self.clone()
        trees = top.with_name(f"{top.name}-trees")
        trees.mkdir()
        argv = [str(_SCRIPT), str(top), str(trees), *names]
        whole = {**os.environ, **WHO, **environment}
        return _cost(lambda: subprocess.run(argv, env=whole, check=True))

    def clone(self) -> Path:
        """A checkout of a copy of the repository, with that copy as its remote."""
        self._copies += 1
        return clone_of(self._template, self._place, f"checkout-{self._copies}")


def clone_of(template: Path, place: Path, name: str = "checkout") -> Path:
    """A checkout, in `place`, of a copy of the repository, with that copy as its remote."""
    top = place / name
    remote = top.with_suffix(".git")
    git(place, "clone", "-q", "--bare", "--no-hardlinks", str(template), str(remote))
    git(place, "clone", "-q", "--no-hardlinks", str(remote), str(top))
    return top


def mission(top: Path, names: Sequence[str], *, seconds: float = 0.0) -> Path:
    """Commit and push a mission of independent rows in a clone; its task file."""
    plan = top / "bench" / "rows" / "TASKS.md"
    plan.parent.mkdir(parents=True)
    rows = (
        f"| {one} | not-started | Do {one}. | — | worker | feat/{one} | — | 1K | |\n"
        for one in names
    )
    plan.write_text(_HEADER + "".join(rows), encoding="utf-8")
    work = f'sleep {seconds}; echo "work of $MISSION_TASK" >"$MISSION_TASK.txt"'
    settings: Mapping[str, object] = {
        "agents": {"worker": {"type": "command", "run": ["sh", "-c", work]}},
        "verify": [{"name": "nothing", "run": ["true"]}],
    }
    (plan.parent / "mission.yaml").write_text(yaml.safe_dump(settings))
    git(top, "add", "--all")
    git(top, "commit", "-q", "-m", "Plan rows")
    git(top, "push", "-q", "origin", "HEAD:main")
    return plan


def carry_out(plan: Path, home: Path, *, slots: int, expected: int) -> None:
    """Carry a mission out, with worktrees and the like in `home`."""
    with (
        patch.dict(os.environ, {"MISSION_HOME": str(home / "home")}),
        ThreadEngine(slots) as engine,
    ):
        request = RunRequest(path=str(plan), max_parallel=slots)
        end = run_mission(request, engine, RecordingDisplay(), Stop())
    if end.counts != {"done": expected}:
        raise RuntimeError(f"the mission did not end well: {end}")


def _makespan(folder: Path, rows: int, seconds: float) -> dict[str, object]:
    folder.mkdir()
    our_own(folder / "template.git")
    plan = mission(
        clone_of(folder / "template.git", folder),
        [f"R{number}" for number in range(rows)],
        seconds=seconds,
    )
    taken = _cost(lambda: carry_out(plan, folder, slots=SLOTS, expected=rows)).seconds
    bound = -(-rows // SLOTS) * seconds
    return {
        "makespan": {
            "rows": rows,
            "slots": SLOTS,
            "bound_seconds": bound,
            "seconds": round(taken, 2),
            "ratio": round(taken / bound, 2),
        }
    }


if __name__ == "__main__":
    print(json.dumps(measure(*map(int, sys.argv[1:2])), indent=2))
