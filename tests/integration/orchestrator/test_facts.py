"""`mission verify`: what the file says against git and the journal."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cli.asking import ask
from mission.journal import RequestKind
from mission.state import Status
from orchestrator.facts import fix
from orchestrator.opening import open_mission
from orchestrator.ports.display import RecordingDisplay
from tests.command import answer, run
from tests.scratch import Scratch, make, row
from workspace.git import Git
from workspace.process import Stop


def disagreements(scratch: Scratch, *, setting: bool = False) -> list[str]:
    """Rule and task of each; with `setting`, what the facts prove is set."""
    with open_mission(str(scratch.task_file), RecordingDisplay(), Stop()) as (parts, board):
        found = parts.comparison.compare(board)
        if setting:
            fix(board, found)
        return [f"{one.finding.rule} {one.finding.task}" for one in found]


def set_by_hand(scratch: Scratch, old: str, new: str) -> None:
    text = scratch.task_file.read_text()
    scratch.task_file.write_text(text.replace(old, new))


def test_a_mission_that_was_carried_out_agrees_with_the_facts(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A"), row("B", after="A")])
    scratch.run()
    assert disagreements(scratch) == []


def test_what_was_done_before_this_runner_came_is_taken_at_its_word(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A", status="done")])
    assert disagreements(scratch) == []


def test_a_row_that_is_done_since_and_by_nobody_is_found_until_a_person_vouches(
    tmp_path: Path,
) -> None:
    scratch = make(tmp_path, [row("A", status="done"), row("B"), row("C", branch="—")])
    set_by_hand(scratch, "| C | not-started |", "| C | in-progress |")
    scratch.run()
    assert disagreements(scratch) == ["nobody-at-work C"]
    set_by_hand(scratch, "| C | in-progress |", "| C | done |")
    assert disagreements(scratch, setting=True) == ["done-not-journalled C"]
    asked = ask(str(scratch.task_file), RequestKind.SET, "C", status=Status.DONE)
    assert asked.status == "done"
    assert disagreements(scratch) == []


def test_what_another_mission_merged_proves_nothing_here(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A")])
    other = scratch.top / "other"
    other.mkdir()
    for name in ("TASKS.md", "mission.yaml"):
        (other / name).write_bytes((scratch.top / "plan" / name).read_bytes())
    scratch.git.run("add", "--all")
    scratch.git.run("commit", "--quiet", "-m", "Another mission")
    scratch.git.run("push", "--quiet", "origin", "main")
    scratch.run()
    with open_mission(str(other), RecordingDisplay(), Stop()) as (parts, board):
        assert parts.comparison.compare(board) == []


def test_a_merge_that_names_no_mission_counts(tmp_path: Path) -> None:
    """As the commits of earlier versions do."""
    scratch = make(tmp_path, [row("A")])
    message = "A: by an earlier version\n\nTask: A\nAttempt: 1\n"
    scratch.git.run("commit", "--quiet", "--allow-empty", "-m", message)
    scratch.git.run("push", "--quiet", "origin", "main")
    assert disagreements(scratch) == ["merged-not-done A"]


def test_a_row_that_is_merged_and_not_done_is_found_and_set(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A")])
    scratch.run()
    set_by_hand(scratch, "| done |", "| failed |")
    assert disagreements(scratch, setting=True) == ["merged-not-done A"]
    assert scratch.statuses() == {"A": "done"}
    assert disagreements(scratch) == []


def test_a_row_that_is_done_and_not_merged_is_found_and_left_alone(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A", branch="feat/x")])
    git = scratch.git
    git.run("checkout", "--quiet", "-b", "feat/x")
    (scratch.top / "x.txt").write_text("x")
    git.run("add", "x.txt")
    git.run("commit", "--quiet", "-m", "x")
    git.run("push", "--quiet", "origin", "feat/x")
    git.run("checkout", "--quiet", "main")
    set_by_hand(scratch, "| not-started |", "| done |")
    assert disagreements(scratch, setting=True) == ["done-not-merged A"]
    assert scratch.statuses() == {"A": "done"}


def test_a_base_that_was_rewritten_is_found(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A")])
    scratch.run()
    first = Git(scratch.remote).text("rev-list", "--max-parents=0", "main")
    Git(scratch.remote).run("update-ref", "refs/heads/main", first)
    assert disagreements(scratch) == ["done-not-merged A"]


def test_a_row_that_nobody_works_on_is_found(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A", status="in-progress")])
    assert disagreements(scratch, setting=True) == ["nobody-at-work A"]
    assert scratch.statuses() == {"A": "in-progress"}


def test_a_clone_that_is_merely_behind_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scratch = make(tmp_path, [row("A"), row("B", after="A")])
    late = replace(scratch, top=tmp_path / "late")
    Git(tmp_path).run("clone", "--quiet", str(scratch.remote), "late")
    scratch.run()
    assert disagreements(late) == ["behind A", "behind B"]
    path = str(late.task_file)
    assert "the file agrees with the facts" in run(capsys, "verify", path)
    told = json.loads(run(capsys, "verify", path, "--json"))
    assert told["ok"]
    assert [one["rule"] for one in told["findings"]] == ["behind", "behind"]
    # What a person changed here is another matter.
    set_by_hand(late, "| A | not-started |", "| A | failed |")
    assert disagreements(late) == ["merged-not-done A", "behind B"]
    assert "1 disagreement\n" in answer(capsys, "verify", path, code=1)
    set_by_hand(late, "| A | failed |", "| A | not-started |")
    late.git.run("pull", "--quiet", "--ff-only")
    assert disagreements(late) == []
