"""Where a run was killed between two of its steps: the next one converges, and merges nothing by
itself that waits for a person."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from mission.journal import End, Step
from mission.journal.kinds import Pushed
from orchestrator.ports.display import RecordingDisplay
from orchestrator.run import apply_requests
from tests.scratch import Scratch, make, row
from workspace.git import Git
from workspace.process import Stop
from workspace.worktrees import Worktrees

ASKS = """
import json, os, pathlib
task = os.environ["MISSION_TASK"]
pathlib.Path(f"{task}.txt").write_text(task)
print(json.dumps({"outcome": "needs-qa", "summary": "please look"}))
"""


def left_open(scratch: Scratch, task: str, step: Step, *, approved: bool = False) -> None:
    """Let the task's last attempt stand as it did before the runner journalled its end."""
    told = {"approved": approved, "taken_up": approved}
    scratch.rewrite(task, step=step.value, end=None, ended=None, reason="", **told)


def clone_of(folder: Path, remote: Path) -> Git:
    """A person's clone."""
    clone = Git(folder / "clone")
    Git(folder).run("clone", "--quiet", str(remote), str(clone.folder))
    clone.run("config", "user.name", "Person")
    clone.run("config", "user.email", "person@example.invalid")
    return clone


def submit(scratch: Scratch, kind: str, task: str) -> int:
    with scratch.journal() as journal:
        return journal.submit_request(kind, task, by="person")


def answer(scratch: Scratch, request: int) -> str | None:
    with scratch.journal() as journal:
        found = journal.request(request)
    assert found.finished is not None
    return found.error


def gate_on(closed: Path) -> dict[str, object]:
    """A gate that is closed while a file is there."""
    code = "import pathlib, sys; raise SystemExit(pathlib.Path(sys.argv[1]).exists())"
    return {
        "type": "script",
        "run": [sys.executable, "-S", "-c", code, str(closed)],
        "timeout": "1s",
        "interval": "1s",
    }


def test_killed_after_needs_qa_was_written_is_no_approval(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A")], worker=ASKS)
    assert scratch.run().needs_qa == ("A",)
    left_open(scratch, "A", Step.PUSHED)
    assert scratch.run().needs_qa == ("A",)
    assert scratch.merged() == []
    submit(scratch, "approve", "A")
    assert scratch.run().exit_code == 0
    assert scratch.merged() == ["A"]


def test_killed_after_an_approval_was_taken_in_merges_once(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A")], worker=ASKS)
    assert scratch.run().needs_qa == ("A",)
    left_open(scratch, "A", Step.WORKED, approved=True)
    asked = submit(scratch, "approve", "A")  # as it was: nobody had answered it yet
    assert scratch.run().exit_code == 0
    assert scratch.merged() == ["A"]
    assert answer(scratch, asked) is None


def test_what_is_rejected_after_an_approval_was_cut_off_does_not_merge(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A")], worker=ASKS)
    assert scratch.run().needs_qa == ("A",)
    left_open(scratch, "A", Step.WORKED, approved=True)  # answered; and then its run was killed
    submit(scratch, "reject", "A")
    apply_requests(str(scratch.task_file), RecordingDisplay(), Stop())
    assert scratch.run().needs_qa == ("A",)
    assert scratch.merged() == []
    with scratch.journal() as journal:
        assert [one.outcome for one in journal.attempts("A")] == ["needs-qa", "needs-qa"]


@pytest.mark.parametrize(("word", "step"), [("reject", Step.PUSHED), ("retry", Step.WORKED)])
def test_a_word_that_comes_before_an_end_is_journalled_asks_the_agent_anew(
    tmp_path: Path, word: str, step: Step
) -> None:
    red = tmp_path / "red"
    if word == "retry":
        red.touch()
    code = "import pathlib, sys; raise SystemExit(pathlib.Path(sys.argv[1]).exists())"
    verify = {
        "name": "green",
        "run": [sys.executable, "-S", "-c", code, str(red)],
        "on": ["branch"],
    }
    once = {"type": "command", "run": [sys.executable, "-S", str(tmp_path / "worker.py")]}
    settings: dict[str, object] = {
        "verify": [verify],
        "agents": {"worker": once | {"max_attempts": 1}},
    }
    scratch = make(tmp_path, [row("A")], worker=ASKS, config=settings)
    scratch.run()
    assert scratch.statuses() == {"A": "failed" if word == "retry" else "needs-qa"}
    left_open(scratch, "A", step)
    submit(scratch, word, "A")
    apply_requests(str(scratch.task_file), RecordingDisplay(), Stop())
    red.unlink(missing_ok=True)
    assert scratch.run().needs_qa == ("A",)
    with scratch.journal() as journal:
        assert [one.number for one in journal.attempts("A")] == [1, 2]


def test_killed_before_the_end_of_a_failure_was_journalled_it_counts_as_what_it_was(
    tmp_path: Path,
) -> None:
    fails = 'print(\'{"outcome": "refused-permissions", "summary": "may not"}\')'
    scratch = make(tmp_path, [row("A")], worker=fails)
    assert scratch.run().blocked == ("A",)
    left_open(scratch, "A", Step.UNFINISHED)
    scratch.edit("| blocked |", "| in-progress |")
    assert scratch.run().blocked == ("A",)
    with scratch.journal() as journal:
        told = [(one.outcome, one.reason) for one in journal.attempts("A")]
    assert told[0] == ("refused-permissions", "the runner was stopped")
    assert [outcome for outcome, _ in told] == ["refused-permissions"] * 2


def test_two_people_approve_at_once(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A")], worker=ASKS)
    assert scratch.run().needs_qa == ("A",)
    asked = [submit(scratch, "approve", "A") for _ in range(2)]
    late = submit(scratch, "reject", "A")
    apply_requests(str(scratch.task_file), RecordingDisplay(), Stop())
    assert scratch.statuses() == {"A": "done"}
    assert scratch.merged() == ["A"]
    assert [answer(scratch, one) for one in asked] == [None, None]
    assert "under way" in str(answer(scratch, late))


def test_killed_after_blocked_was_written_does_not_pay_the_agent_again(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.touch()
    scratch = make(tmp_path, [row("A")], config={"gates": [gate_on(closed)]})
    assert scratch.run().blocked == ("A",)
    left_open(scratch, "A", Step.VERIFIED)
    closed.unlink()
    assert scratch.run().blocked == ("A",)
    submit(scratch, "unblock", "A")
    assert scratch.run().exit_code == 0
    with scratch.journal() as journal:
        assert len(journal.attempts("A")) == 1
    assert scratch.merged() == ["A"]


def test_held_up_work_that_cannot_be_resumed_stays_held_up(tmp_path: Path) -> None:
    """The branch went on at the remote, and the worktree holds something else."""
    closed = tmp_path / "closed"
    closed.touch()
    scratch = make(tmp_path, [row("A")], config={"gates": [gate_on(closed)]})
    assert scratch.run().blocked == ("A",)
    closed.unlink()
    with scratch.journal() as journal:
        attempt = journal.attempts("A")[0]
    assert attempt.worktree is not None
    assert attempt.head is not None
    clone = clone_of(tmp_path, scratch.top)
    clone.run("checkout", "--quiet", "feat/a")
    (clone.folder / "A.txt").write_text("a person's")
    clone.run("commit", "--quiet", "--all", "-m", "Theirs")
    clone.run("push", "--quiet", str(scratch.remote), "feat/a")
    edited = Path(attempt.worktree, "A.txt")
    edited.write_text("not committed")
    submit(scratch, "unblock", "A")
    assert scratch.run().blocked == ("A",)
    assert edited.read_text() == "not committed"
    Git(edited.parent).run("checkout", "--quiet", "--", "A.txt")
    submit(scratch, "unblock", "A")
    assert scratch.run().exit_code == 0
    with scratch.journal() as journal:
        assert len(journal.attempts("A")) == 1
    assert Git(scratch.remote).text("show", "main:A.txt") == "a person's"


def test_work_that_a_person_merged_by_hand_is_done(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A")], worker=ASKS)
    assert scratch.run().needs_qa == ("A",)
    clone = clone_of(tmp_path, scratch.remote)
    clone.run("merge", "--quiet", "--no-ff", "-m", "Merge it by hand", "origin/feat/a")
    clone.run("push", "--quiet")
    scratch.git.run("fetch", "--quiet")
    submit(scratch, "approve", "A")
    assert scratch.run().exit_code == 0
    assert scratch.statuses() == {"A": "done"}


def test_a_merge_of_another_mission_s_row_of_that_name_is_not_ours(tmp_path: Path) -> None:
    """Two missions in one repository, each with a row A: both are merged."""
    scratch = make(tmp_path, [row("A")], worker=ASKS)
    assert scratch.run().needs_qa == ("A",)
    clone = clone_of(tmp_path, scratch.remote)
    (clone.folder / "theirs.txt").write_text("theirs")
    clone.run("add", "--all")
    clone.run("commit", "--quiet", "-m", "A: of another plan\n\nTask: A\nAttempt: 1\n")
    clone.run("push", "--quiet")
    submit(scratch, "approve", "A")
    assert scratch.run().exit_code == 0
    assert Git(scratch.remote).text("show", "main:A.txt") == "A"


def test_a_row_that_a_person_took_over_is_left_alone(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A")], worker=ASKS)
    assert scratch.run().needs_qa == ("A",)
    submit(scratch, "reject", "A")
    with scratch.journal() as journal:
        journal.submit_request("set", "A", status="in-progress", by="person")
    apply_requests(str(scratch.task_file), RecordingDisplay(), Stop())
    display = RecordingDisplay()
    scratch.run(display=display)
    assert scratch.statuses() == {"A": "in-progress"}
    assert any("left alone" in said for said in display.said)


def test_a_merged_row_is_not_pushed_nor_verified_again(tmp_path: Path) -> None:
    """What failed after the merge, such as closing the issue, is all that is done again."""
    scratch = make(tmp_path, [row("A")])
    assert scratch.run().exit_code == 0
    scratch.rewrite("A", end=End.HELD_UP.value, reason="the forge did not answer")
    with scratch.journal() as journal:
        pushes = len(journal.events(Pushed, task="A"))
    text = scratch.task_file.read_text()
    scratch.task_file.write_text(text.replace("| done |", "| not-started |"))
    Git(scratch.remote).run("update-ref", "-d", "refs/heads/feat/a")
    assert scratch.run().exit_code == 0
    with scratch.journal() as journal:
        assert len(journal.attempts("A")) == 1
        assert len(journal.events(Pushed, task="A")) == pushes
    assert Git(scratch.remote).commit("feat/a") is None
    assert scratch.merged() == ["A"]


def test_a_worktree_that_cannot_be_removed_does_not_undo_a_merge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: object, _worktree: object) -> None:
        raise PermissionError(13, "Permission denied")  # root's files, left by a container

    monkeypatch.setattr(Worktrees, "remove", refuse)
    scratch = make(tmp_path, [row("A")])
    display = RecordingDisplay()
    assert scratch.run(display=display).exit_code == 0
    assert any("cannot be removed" in said for said in display.said)


def test_only_reports_of_rows_are_published(tmp_path: Path) -> None:
    said = json.dumps({"outcome": "success", "summary": "read it"})
    scratch = make(tmp_path, [row("A", branch="—")], worker=f"print({said!r})")
    reports = scratch.task_file.parent / "reports"
    reports.mkdir()
    (reports / "private.md").write_text("a person's draft")
    assert scratch.run().exit_code == 0
    held = Git(scratch.remote).text("ls-tree", "--name-only", "main", "plan/reports/")
    assert held == "plan/reports/A.md"


def test_status_is_not_pushed_where_that_is_not_wanted(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A")], config={"status": {"push": False}})
    assert scratch.run().exit_code == 0
    assert scratch.statuses() == {"A": "done"}
    assert "| not-started |" in Git(scratch.remote).text("show", "main:plan/TASKS.md")


def test_what_a_person_added_to_the_branch_is_approved_with_it(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A")], worker=ASKS)
    assert scratch.run().needs_qa == ("A",)
    clone = clone_of(tmp_path, scratch.remote)
    clone.run("checkout", "--quiet", "feat/a")
    (clone.folder / "A.txt").write_text("better")
    clone.run("commit", "--quiet", "--all", "-m", "Improve it")
    clone.run("push", "--quiet")
    submit(scratch, "approve", "A")
    display = RecordingDisplay()
    assert scratch.run(display=display).exit_code == 0
    assert Git(scratch.remote).text("show", "main:A.txt") == "better"
    # Whoever approved is told: it could have been another agent, in this clone.
    assert any("approved with commits (1) that feat/a got" in line for line in display.said)
