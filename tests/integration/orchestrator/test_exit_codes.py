"""The exit code of a run: whether everything that was asked for is done, or waits for a person."""

from __future__ import annotations

from pathlib import Path

from orchestrator.ports.display import RecordingDisplay
from orchestrator.ports.engine import ThreadEngine
from orchestrator.run import RunRequest, run_mission
from orchestrator.run_end import RunEnd
from tests.scratch import Scratch, make, row
from workspace.process import Stop


def run(scratch: Scratch, *tasks: str) -> RunEnd:
    with ThreadEngine(2) as engine:
        request = RunRequest(path=str(scratch.task_file), tasks=tasks)
        return run_mission(request, engine, RecordingDisplay(), Stop())


def test_what_is_done_is_fine_and_what_waits_for_approval_too(tmp_path: Path) -> None:
    rows = [row("A"), row("B"), row("C", after="B"), row("D", after="C, A")]
    scratch = make(tmp_path, rows, config={"qa": [{"match": {"id": "B"}}]}, shared=False)
    end = run(scratch)
    assert end.needs_qa == ("B",)
    assert set(end.waiting) == {"C", "D"}
    assert (end.exit_code, end.undone) == (0, ())


def test_a_row_that_waits_for_one_that_was_not_asked_for_is_a_no(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A"), row("B", after="A")], shared=False)
    end = run(scratch, "B")
    assert (end.exit_code, end.undone) == (1, ("B",))
    assert end.waiting == {"B": ("A",)}
    assert run(scratch, "A").exit_code == 0


def test_a_row_in_somebody_elses_hands_is_a_no(tmp_path: Path) -> None:
    scratch = make(
        tmp_path, [row("A", status="in-progress"), row("B", after="A"), row("C")], shared=False
    )
    end = run(scratch)
    assert (end.exit_code, end.undone) == (1, ("A", "B"))
    assert end.in_progress == ("A",)
