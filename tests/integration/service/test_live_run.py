"""What a run leaves, so that people see why each row waits: real runs, looked at as they go."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cli.status_page import status_page
from mission.journal.kinds import RowWaits
from mission.place import Place
from mission.waits import WaitsFor
from orchestrator.ports.display import RecordingDisplay
from service.builder import Standings
from service.standing import Standing, Wait
from tests.scratch import WORKER, Scratch, make, row
from tests.unsteady import unsteady


class Looking(RecordingDisplay):
    """Looks at the standing when a row begins to do something, and then lets the run go on."""

    def __init__(
        self, at: Callable[[list[tuple[str, str]]], bool], go_on: Callable[[], None]
    ) -> None:
        super().__init__()
        self._at = at
        self._go_on = go_on
        self._looking = threading.Lock()  # several rows may begin at once
        self.scratch: Scratch | None = None
        self.seen: Standing | None = None

    def doing(self, task: str, phase: str, detail: str = "") -> None:
        super().doing(task, phase, detail)
        with self._looking:
            if self.seen is None and self.scratch is not None and self._at(self.done):
                self.seen = standing_of(self.scratch)
                self._go_on()


def standing_of(scratch: Scratch) -> Standing:
    return Standings(Place.find(str(scratch.task_file))).current()


def looked_at(
    scratch: Scratch,
    at: Callable[[list[tuple[str, str]]], bool],
    go_on: Callable[[], None] = lambda: None,
    *,
    slots: int = 4,
) -> Standing:
    display = Looking(at, go_on)
    display.scratch = scratch
    assert scratch.run(slots=slots, display=display).exit_code == 0
    assert display.seen is not None
    return display.seen


def gate(closed: Path, purpose: str) -> dict[str, object]:
    """A gate that is busy for one purpose while a file is there."""
    code = (
        "import pathlib, sys; "
        "raise SystemExit(3 * (pathlib.Path(sys.argv[1]).exists() and sys.argv[2] == sys.argv[3]))"
    )
    return {
        "type": "script",
        "name": "office",
        "run": [sys.executable, "-S", "-c", code, str(closed), "{purpose}", purpose],
        "exit_codes": {"3": "busy"},
        "interval": "0.1s",
    }


def held(standing: Standing, task: str) -> Wait:
    return standing.waits[task][0]


def test_a_gate_that_says_no_and_a_slot_that_is_taken(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.touch()
    scratch = make(tmp_path, [row("A"), row("B")], config={"gates": [gate(closed, "push")]})
    seen = looked_at(
        scratch,
        lambda done: ("A", "waits for gate office") in done,
        closed.unlink,
        slots=1,
    )
    assert seen.run is not None
    assert (seen.run.alive, seen.run.pid, seen.run.slots) == (True, os.getpid(), 1)
    assert (held(seen, "A").on, held(seen, "A").names) == (WaitsFor.GATE, ("office",))
    assert held(seen, "A").since is not None
    assert (held(seen, "B").on, held(seen, "B").why) == (WaitsFor.SLOT, "the slot is taken")
    (one,) = seen.attempts
    assert (one.live, one.step, one.attempt.agent) == (True, "verified", "worker")
    assert one.attempt.log is not None
    assert one.last_output is not None
    page = status_page(seen)
    assert "verified; waits: gate office says busy" in page
    assert "B  worker 1K; the slot is taken: Do B." in page
    after = standing_of(scratch)
    assert after.waits == {}
    assert after.attempts == ()
    assert after.run is not None
    assert (after.run.alive, after.run.outcome) == (False, "ended")
    assert after.stale_since is None


def test_the_merge_queue_with_positions(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.touch()
    scratch = make(
        tmp_path, [row(name) for name in "ABC"], config={"gates": [gate(closed, "merge")]}
    )
    seen = looked_at(
        scratch,
        lambda done: (
            len([one for one in done if one[1] == "waits for its turn to merge"]) == 3
            and any(one[1] == "waits for gate office" for one in done)
        ),
        closed.unlink,
    )
    assert [turn.position for turn in seen.merge_queue] == [1, 2, 3]
    assert sorted(turn.task for turn in seen.merge_queue) == ["A", "B", "C"]
    first, second, third = (turn.task for turn in seen.merge_queue)
    assert [wait.on for wait in seen.waits[first]] == [WaitsFor.GATE, WaitsFor.MERGE]
    assert held(seen, third).names == (first, second)
    assert "its turn to merge, 3 of 3" in status_page(seen)
    assert scratch.merged() == [first, second, third]
    assert standing_of(scratch).merge_queue == ()


def test_a_provider_s_rest_is_told_until_when_and_is_over_when_it_is_over(tmp_path: Path) -> None:
    says = {"worker": ["rate-limit 2"]}
    shared = unsteady(tmp_path, says)
    agents = dict.fromkeys(("worker", "other"), shared)
    rows = [row("A"), row("B"), row("C", agent="other")]
    scratch = make(tmp_path, rows, config={"agents": agents})
    before = datetime.now(UTC)
    seen = looked_at(scratch, lambda done: ("C", "waits for its turn to merge") in done, slots=1)
    for task in ("A", "B"):
        wait = held(seen, task)
        assert (wait.on, wait.names) == (WaitsFor.PROVIDER, ("worker",)), task
        assert wait.until is not None
        assert before < wait.until < before + timedelta(minutes=2)
    assert "B  worker 1K; waits: worker takes no work, until " in status_page(seen)
    assert standing_of(scratch).waits == {}


def test_a_reviewer_is_named_while_it_reviews(tmp_path: Path) -> None:
    script = tmp_path / "critic.py"
    review = json.dumps({"verdict": "approve", "summary": "fine", "findings": []})
    answer = json.dumps({"outcome": "success", "summary": review})
    script.write_text(f"import sys\nsys.stdin.read()\nprint({answer!r})\n")
    worker = [sys.executable, "-S", str(tmp_path / "worker.py")]
    agents = {
        "worker": {"type": "command", "run": worker, "model": "one"},
        "critic": {"type": "command", "run": [sys.executable, "-S", str(script)], "model": "two"},
    }
    rule = {"match": {"id": "A"}, "by": ["critic"]}
    config: dict[str, object] = {"agents": agents, "review": [rule]}
    scratch = make(tmp_path, [row("A")], worker=WORKER, config=config)
    seen = looked_at(scratch, lambda done: ("A", "critic reviews") in done)
    assert (held(seen, "A").on, held(seen, "A").names) == (WaitsFor.REVIEWER, ("critic",))
    assert seen.attempts[0].reviewer == "critic"
    assert "critic reviews it" in status_page(seen)
    assert standing_of(scratch).waits == {}


SPENDS = """
import json, os, pathlib
task = os.environ["MISSION_TASK"]
pathlib.Path(f"{task}.txt").write_text(task)
print(json.dumps({"outcome": "success", "summary": "done", "input_tokens": 900}))
"""


def test_a_budget_that_keeps_rows_from_starting_is_told_once_and_after_the_run(
    tmp_path: Path,
) -> None:
    rows = [row(name) for name in "ABCD"]
    config: dict[str, object] = {"budget": {"mission": {"tokens": 2500}}}
    scratch = make(tmp_path, rows, worker=SPENDS, config=config)
    end = scratch.run(slots=1)
    assert sorted(end.over_budget) == ["C", "D"]
    standing = standing_of(scratch)
    for task in ("C", "D"):
        assert [wait.on for wait in standing.waits[task]] == [WaitsFor.BUDGET, WaitsFor.RUN]
        assert "budget.mission" in held(standing, task).why
    assert "over budget: C would bring this mission to" in status_page(standing)
    assert [(need.task, need.hint) for need in standing.people] == [
        ("C", "mission run"),
        ("D", "mission run"),
    ]
    with scratch.journal() as journal:
        told = [(event.task, event.what.on) for event in journal.events(RowWaits)]
    assert told == [("C", "budget"), ("D", "budget")]


def test_a_quiet_mission_leaves_one_line_for_each_row_that_merges(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A"), row("B", after="A")])
    assert scratch.run().exit_code == 0
    with scratch.journal() as journal:
        assert journal.events(RowWaits) == []
