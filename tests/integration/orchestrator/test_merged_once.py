"""What the base holds is done: no clone that has forgotten it lets an agent do it again."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli.asking import ask
from mission.journal import RequestKind
from mission.place import Place
from orchestrator.opening import open_mission
from orchestrator.ports.display import RecordingDisplay
from tests.command import answer, run
from tests.scratch import Scratch, make, row
from workspace.git import Git
from workspace.git_command import GitOutput
from workspace.process import Stop
from workspace.store import Found, Store

pytestmark = pytest.mark.timeout(240)

# Tells each start of an agent, and leaves work of its own each time.
TELLS = """
import os, pathlib
task, attempt = os.environ["MISSION_TASK"], os.environ["MISSION_ATTEMPT"]
with open({ledger!r}, "a") as ledger:
    ledger.write(task + "\\n")
pathlib.Path(f"{{task}}-{{os.getpid()}}.txt").write_text(task)
"""
UNSAVED: dict[str, object] = {"status": {"commit": "never"}}


def begin(folder: Path, *rows: str, config: dict[str, object] | None = None) -> Scratch:
    worker = TELLS.format(ledger=str(folder / "ledger"))
    return make(folder, rows, worker=worker, config=config or UNSAVED)


def starts(folder: Path) -> list[str]:
    return (folder / "ledger").read_text().split()


def findings(scratch: Scratch) -> list[str]:
    with open_mission(str(scratch.task_file), RecordingDisplay(), Stop()) as (parts, board):
        return [f"{one.finding.rule} {one.finding.task}" for one in parts.comparison.compare(board)]


def set_by_hand(scratch: Scratch, task: str, old: str, new: str) -> None:
    scratch.edit(f"| {task} | {old} |", f"| {task} | {new} |")


def push(scratch: Scratch, message: str) -> None:
    scratch.git.run("commit", "--quiet", "--all", "-m", message)
    scratch.git.run("push", "--quiet", "origin", "main")


def lose_journal(scratch: Scratch) -> None:
    shutil.rmtree(Place.find(str(scratch.task_file)).state_dir)


def stash(scratch: Scratch) -> None:
    scratch.git.run("stash", "--quiet")


def check_out(scratch: Scratch) -> None:
    scratch.git.run("checkout", "--quiet", ".")


def stash_without_journal(scratch: Scratch) -> None:
    stash(scratch)
    lose_journal(scratch)


@pytest.mark.parametrize(
    ("forget", "told", "noted"),
    [
        (stash, "A: done (merged as ", "attempt 1, found on the base"),
        (check_out, "A: done (merged as ", "attempt 1, found on the base"),
        # The remote knows what the journal did.
        (stash_without_journal, "goes on where ", ""),
    ],
)
def test_statuses_that_are_lost_are_found_on_the_base(
    tmp_path: Path, forget: Callable[[Scratch], None], told: str, noted: str
) -> None:
    scratch = begin(tmp_path, row("A"), row("B", after="A"))
    assert scratch.run().exit_code == 0
    forget(scratch)
    assert scratch.statuses() == {"A": "not-started", "B": "not-started"}
    assert findings(scratch) == ["merged-not-done A", "merged-not-done B"]
    display = RecordingDisplay()
    assert scratch.run(display=display).exit_code == 0
    assert scratch.statuses() == {"A": "done", "B": "done"}
    assert starts(tmp_path) == ["A", "B"]
    assert any(line.startswith(told) for line in display.said)
    assert noted in scratch.notes("B")
    assert findings(scratch) == []
    with scratch.journal() as journal:
        assert [one.task for one in journal.attempts()] == ["A", "B"]


def test_a_fresh_clone_goes_on_behind_what_is_merged(tmp_path: Path) -> None:
    """Rows that were under way, or had failed, when the machine was lost are no exception."""
    scratch = begin(tmp_path, row("A"), row("B"), row("C"), row("D", after="A, B, C"))
    scratch.edit("| D | not-started |", "| D | blocked |")
    push(scratch, "D can wait")
    assert scratch.run().blocked == ("D",)
    clone = replace(scratch, top=tmp_path / "clone")
    Git(tmp_path).run("clone", "--quiet", str(scratch.remote), str(clone.top))
    set_by_hand(clone, "A", "not-started", "in-progress")
    set_by_hand(clone, "B", "not-started", "failed")
    set_by_hand(clone, "C", "not-started", "needs-qa")
    set_by_hand(clone, "D", "blocked", "not-started")
    assert clone.run().exit_code == 0
    assert set(clone.statuses().values()) == {"done"}
    assert sorted(starts(tmp_path)) == ["A", "B", "C", "D"]


def test_a_shallow_clone_learns_what_is_merged(tmp_path: Path) -> None:
    """As CI makes them: the merges are below where its history is cut off."""
    scratch = begin(tmp_path, row("A"))
    assert scratch.run().exit_code == 0
    scratch.git.run("push", "--quiet", "origin", "--delete", "feat/a", check=False)
    check_out(scratch)
    scratch.git.run("commit", "--quiet", "--allow-empty", "-m", "Something else")
    scratch.git.run("push", "--quiet", "origin", "main")
    clone = replace(scratch, top=tmp_path / "clone")
    address = scratch.remote.as_uri()
    Git(tmp_path).run("clone", "--quiet", "--depth=1", address, str(clone.top))
    assert clone.run().exit_code == 0
    assert clone.statuses() == {"A": "done"}
    assert starts(tmp_path) == ["A"]


def test_a_journal_that_is_older_than_the_merges(tmp_path: Path) -> None:
    """It holds the attempt open, as on a machine that was put back to yesterday's snapshot."""
    scratch = begin(tmp_path, row("A"), row("B"))
    journal = Place.find(str(scratch.task_file)).journal_file
    with scratch.journal() as before:
        run = before.start_run(mission="scratch", host="h", pid=1, pid_started=0.0)
        before.start_attempt(
            run=run,
            task="A",
            agent="worker",
            branch="feat/a",
            base_commit=None,
            worktree=None,
            log=None,
            route="",
        )
    kept = tmp_path / "kept"
    shutil.copytree(journal.parent, kept)
    shutil.rmtree(journal.parent)
    assert scratch.run().exit_code == 0
    shutil.rmtree(journal.parent)
    shutil.copytree(kept, journal.parent)
    scratch.git.run("checkout", "--quiet", ".")
    set_by_hand(scratch, "A", "not-started", "in-progress")
    assert scratch.run().exit_code == 0
    assert sorted(starts(tmp_path)) == ["A", "B"]
    assert scratch.statuses() == {"A": "done", "B": "done"}
    with scratch.journal() as after:
        assert after.open_attempts() == []


def test_what_was_reverted_is_done_anew_until_the_revert_is(tmp_path: Path) -> None:
    scratch = begin(tmp_path, row("A"))
    assert scratch.run().exit_code == 0
    check_out(scratch)
    scratch.git.run("revert", "--no-edit", "HEAD")
    scratch.git.run("revert", "--no-edit", "HEAD")
    scratch.git.run("push", "--quiet", "origin", "main")
    assert scratch.run().exit_code == 0  # the revert is reverted: the merge stands
    assert starts(tmp_path) == ["A"]
    scratch.git.run("revert", "--no-edit", "HEAD")
    scratch.git.run("push", "--quiet", "origin", "main")
    assert findings(scratch) == ["done-not-merged A"]
    set_by_hand(scratch, "A", "done", "not-started")
    assert scratch.run().exit_code == 0
    assert starts(tmp_path) == ["A", "A"]
    assert findings(scratch) == []


def test_a_person_who_speaks_after_the_merge_has_it_done_anew(tmp_path: Path) -> None:
    """A request in the journal, then a commit on the base that the journal does not know of."""
    scratch = begin(tmp_path, row("A"))
    assert scratch.run().exit_code == 0
    set_by_hand(scratch, "A", "done", "failed")
    assert ask(str(scratch.task_file), RequestKind.RETRY, "A").status == "not-started"
    assert findings(scratch) == []
    assert scratch.run().exit_code == 0
    assert starts(tmp_path) == ["A", "A"]
    assert findings(scratch) == []
    push(scratch, "It is done")
    set_by_hand(scratch, "A", "done", "not-started")
    push(scratch, "Not good enough")
    clone = replace(scratch, top=tmp_path / "clone")
    Git(tmp_path).run("clone", "--quiet", str(scratch.remote), str(clone.top))
    assert clone.run().exit_code == 0
    assert starts(tmp_path) == ["A", "A", "A"]
    check_out(clone)  # that word was before the third merge
    assert clone.run().exit_code == 0
    assert len(starts(tmp_path)) == 3


def test_a_row_that_is_on_the_base_twice_is_found(tmp_path: Path) -> None:
    scratch = begin(tmp_path, row("A"))
    assert scratch.run().exit_code == 0
    told = scratch.git.text("log", "-1", "--format=%B").replace("Attempt: 1", "Attempt: 2")
    scratch.git.run("commit", "--quiet", "--allow-empty", "-m", told)
    scratch.git.run("push", "--quiet", "origin", "main")
    assert findings(scratch) == ["merged-twice A"]
    scratch.git.run("revert", "--no-edit", "--no-commit", "HEAD")
    scratch.git.run(
        "commit", "--quiet", "--allow-empty", "-m", "R\n\nThis reverts commit "
        f"{scratch.git.text('rev-parse', 'HEAD')}.",
    )  # fmt: skip
    scratch.git.run("push", "--quiet", "origin", "main")
    assert findings(scratch) == []


def test_a_task_file_that_was_moved_keeps_its_merges(tmp_path: Path) -> None:
    scratch = begin(tmp_path, row("A"))
    assert scratch.run().exit_code == 0
    check_out(scratch)
    scratch.git.run("mv", "plan", "plans")
    push(scratch, "Another folder")
    file = scratch.top / "plans" / "TASKS.md"
    with open_mission(str(file), RecordingDisplay(), Stop()) as (parts, _):
        assert list(parts.landed.merged(["A"])) == ["A"]
    # A mission that begins where the old one was has rows of its own.
    (scratch.top / "plan").mkdir()
    for name in ("TASKS.md", "mission.yaml"):
        shutil.copy(scratch.top / "plans" / name, scratch.top / "plan" / name)
    scratch.edit("Do A.", "Do something else.")
    scratch.git.run("add", "--all")
    push(scratch, "Another mission")
    with open_mission(str(scratch.task_file), RecordingDisplay(), Stop()) as (parts, _):
        assert list(parts.landed.merged(["A"])) == []


# A gate: when it is asked about the merge of feat/a, another clone merges B.
MERGES_B = """
import pathlib, subprocess, sys
asked, remote, folder = sys.argv[1:]
if asked == "merge:feat/a" and not pathlib.Path(folder).exists():
    subprocess.run(["git", "clone", "-q", remote, folder], check=True)
    git = ["git", "-C", folder, "-c", "user.name=O", "-c", "user.email=o@x.invalid"]
    message = "B: Do B.\\n\\nTask: B\\nAttempt: 1\\nMission: plan/TASKS.md\\n\\n"
    message += "Reviewed-on: https://forge.invalid/1\\nCo-authored-by: P <p@x.invalid>"
    subprocess.run([*git, "commit", "-qm", message, "--allow-empty"], check=True)
    subprocess.run([*git, "push", "-q"], check=True)
"""


def test_a_row_that_another_clone_merges_during_the_run_does_not_start(tmp_path: Path) -> None:
    """Squashed by a forge, which has put lines of its own behind the trailers."""
    told = [str(tmp_path / "remote.git"), str(tmp_path / "other")]
    command = [sys.executable, "-S", "-c", MERGES_B, "{purpose}:{branch}", *told]
    gate = {"type": "script", "run": command, "interval": "1s"}
    scratch = begin(tmp_path, row("A"), row("B", after="A"), config={"gates": [gate]})
    assert scratch.run().exit_code == 0
    assert starts(tmp_path) == ["A"]
    assert "before worker was asked" in scratch.notes("B")
    assert scratch.statuses() == {"A": "done", "B": "done"}


def hints(scratch: Scratch, capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    """What `mission verify` prints to be typed, by its rules."""
    found = json.loads(answer(capsys, "verify", str(scratch.task_file), "--json", code=1))
    return {one["rule"]: one["hint"].split("`")[1::2] for one in found["findings"]}


def test_whoever_follows_the_hints_of_verify_merges_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is typed as it is printed."""
    scratch = begin(tmp_path, row("A"), row("B"), row("C"))
    monkeypatch.chdir(scratch.top)

    assert scratch.run().exit_code == 0
    check_out(scratch)
    again = scratch.git.text("log", "-1", "--grep=^Task: A$", "--format=%B")
    message = again.replace("Attempt: 1", "Attempt: 2")
    (scratch.top / "again.txt").write_text("A, again")
    scratch.git.run("add", "again.txt")
    scratch.git.run("commit", "--quiet", "-m", message)
    taken_back = scratch.git.text("log", "-1", "--grep=^Task: B$", "--format=%H")
    scratch.git.run("revert", "--no-edit", taken_back)
    scratch.git.run("push", "--quiet", "origin", "main")
    set_by_hand(scratch, "B", "not-started", "done")
    set_by_hand(scratch, "A", "not-started", "done")
    told = hints(scratch, capsys)
    assert set(told) == {"merged-twice", "done-not-merged", "merged-not-done"}
    typed = [shlex.split(command) for commands in told.values() for command in commands]
    for words in typed:
        if words[0] == "git":
            scratch.git.run(*words[1:])
    scratch.git.run("push", "--quiet", "origin", "main")
    for words in typed:
        if words[0] == "mission":
            run(capsys, *words[1:])
    assert scratch.statuses() == {"A": "done", "B": "not-started", "C": "done"}
    assert findings(scratch) == []
    assert scratch.run().exit_code == 0
    assert sorted(starts(tmp_path)) == ["A", "B", "B", "C"]
    assert findings(scratch) == []


def test_opening_asks_git_nothing_that_grows_with_the_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for the first time. What was kept may be deleted, cut off or changed: then it is read
    again, to the same answer."""
    scratch = begin(tmp_path, row("A"), row("B", status="blocked"))
    assert scratch.run().exit_code == 1
    make_history(scratch, 300)
    asked: list[str] = []
    run, ask_store = Git.run, Store._ask

    def count_run(git: Git, *args: str, **more: Any) -> GitOutput:
        asked.append(args[0])
        return run(git, *args, **more)

    def count_questions(store: Store, command: str, revisions: Sequence[str]) -> list[Found | None]:
        asked.extend([command] * len(revisions))
        return ask_store(store, command, revisions)

    monkeypatch.setattr(Git, "run", count_run)
    monkeypatch.setattr(Store, "_ask", count_questions)

    def opened() -> list[str]:
        asked.clear()
        with open_mission(str(scratch.task_file), RecordingDisplay(), Stop()) as (parts, _):
            assert parts.landed.standing()[0].task == "A"
        return list(asked)

    opened()
    small = opened()
    assert "log" not in small
    make_history(scratch, 3000)
    assert "log" in opened()  # what is new
    assert opened() == small
    kept = Place.find(str(scratch.task_file)).state_dir / "base-log"
    whole = kept.read_bytes()
    for damaged in (None, whole[:-9], whole.replace(b'"A"', b'"B"'), b"", b"\xff"):
        if damaged is None:
            kept.unlink()
        else:
            kept.write_bytes(damaged)
        assert "log" in opened()
        assert kept.read_bytes() == whole
    first = scratch.git.text("rev-list", "--max-parents=0", "main")
    scratch.git.run("update-ref", "refs/remotes/origin/main", first)  # the base was rewritten
    with open_mission(str(scratch.task_file), RecordingDisplay(), Stop()) as (parts, _):
        assert parts.landed.standing() == []


def make_history(scratch: Scratch, number: int) -> None:
    """So many commits on the base, here and as the remote was last heard."""
    tip = scratch.git.text("rev-parse", "refs/remotes/origin/main")
    who = "committer P <p@x.invalid> 1700000000 +0000\n"
    commits = [f"commit refs/heads/scratch\n{who}data 1\nx\n"] * number
    commits[0] += f"from {tip}\n"
    scratch.git.run("fast-import", "--quiet", "--force", input="".join(commits))
    scratch.git.run("update-ref", "refs/remotes/origin/main", "refs/heads/scratch")
    scratch.git.run("update-ref", "-d", "refs/heads/scratch")
