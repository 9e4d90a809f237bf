"""A machine is lost in the middle of a run: another clone goes on where it stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from errors import ClaimHeldError
from mission.journal.kinds import DoneBefore
from mission.place import Place
from mission.record.files import from_files, to_files
from mission.record.values import Record
from mission.steps import End
from orchestrator.continuing.catching_up import GONE
from orchestrator.ports.display import RecordingDisplay
from orchestrator.run_end import RunEnd
from tests.scratch import Scratch, make, row
from workspace.git import Git

CLAIMS = "refs/mission-runner/"
# Notes each call, and what it costs. D, as it begins, tells the test and hangs.
WORKER = """
import json, os, pathlib
task = os.environ["MISSION_TASK"]
here = pathlib.Path({folder!r})
with (here / "ledger").open("a") as ledger:
    ledger.write(task + "\\n")
if task == "D" and not (here / "open").exists():
    (here / "begun").write_text("D")
    (here / "never").read_text()
pathlib.Path(f"{{task}}.txt").write_text(f"work of {{task}}\\n")
print(json.dumps({{"outcome": "success", "summary": "ok", "input_tokens": 5, "output_tokens": 2}}))
"""
# Hangs as C is about to merge.
HOLD = """
import pathlib
here = pathlib.Path({folder!r})
if pathlib.Path("C.txt").exists() and not (here / "open").exists():
    (here / "merging").write_text("C")
    (here / "never").read_text()
"""
REVIEWER = """
import json
review = {"verdict": "approve", "summary": "fine", "findings": []}
print(json.dumps({"outcome": "success", "summary": json.dumps(review), "input_tokens": 11}))
"""


def mission(folder: Path) -> Scratch:
    for name in ("never", "begun", "merging"):
        os.mkfifo(folder / name)
    (folder / "reviewer.py").write_text(REVIEWER)
    critic = {"type": "command", "run": [sys.executable, "-S", str(folder / "reviewer.py")]}
    worker = {"type": "command", "run": [sys.executable, "-S", str(folder / "worker.py")]}
    hold = [sys.executable, "-S", "-c", HOLD.format(folder=str(folder))]
    config: dict[str, object] = {
        "agents": {"worker": worker, "critic": critic | {"model": "another"}},
        "review": [{"match": {"id": "A"}, "by": ["critic"]}],
        "qa": [{"match": {"id": "B"}}, {"match": {"id": "E"}}],
        "verify": [{"name": "hold", "run": hold, "on": ["merged"]}],
        "status": {"commit": "end"},
        "claim": {"sign": "1s", "take_over": "2s", "lapse": "2s"},
    }
    rows = [row("A"), row("B"), row("E"), row("C", after="A"), row("D", after="A")]
    return make(folder, rows, config=config, worker=WORKER.format(folder=str(folder)))


def killed(scratch: Scratch, home: Path) -> None:
    """Carry the mission out until D is at work, C about to merge, and E approved; then kill it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.crash.runner", str(scratch.task_file)],
        env={**os.environ, "MISSION_HOME": str(home)},
        start_new_session=True,
    )
    for name in ("begun", "merging"):
        (scratch.top.parent / name).read_text()
    with scratch.journal() as journal:
        ends = {one.task: one.end for one in journal.attempts()}
        assert {"A", "B", "E"} <= {task for task, end in ends.items() if end is not None}
        journal.submit_request("approve", "E", by="ada@desk")
    Place.find(str(scratch.task_file)).wake_file.touch()
    wait_for_sign(scratch, lambda record: any(one.approved for one in record.attempts))
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    (scratch.top.parent / "open").touch()
    (scratch.top.parent / "never").unlink()


def wait_for_sign(scratch: Scratch, shows: Callable[[Record], bool]) -> None:
    """Until what the run has said of itself on the remote shows something."""
    remote = Git(scratch.remote)
    while True:
        [ref] = remote.text("for-each-ref", "--format=%(refname)", CLAIMS).split()
        paths = remote.text("ls-tree", "-r", "--name-only", ref, "record/").split()
        files = {path: remote.run("show", f"{ref}:{path}").stdout.encode() for path in paths}
        record = from_files(files)
        if record is not None and shows(record):
            return
        time.sleep(0.05)


def cloned(scratch: Scratch, name: str) -> Scratch:
    top = scratch.top.with_name(name)
    # As from afar: what no branch has does not come along.
    Git(top.parent).run("clone", "--quiet", "--no-local", str(scratch.remote), str(top))
    for key, value in (("user.name", "Fresh"), ("user.email", "fresh@example.invalid")):
        Git(top).run("config", key, value)
    return Scratch(top=top, remote=scratch.remote)


def run_once_free(scratch: Scratch, display: RecordingDisplay) -> RunEnd:
    """A run, once the one that has the mission has given no sign for long enough."""
    while True:
        try:
            return scratch.run(display=display)
        except ClaimHeldError:
            time.sleep(0.1)


def spent(scratch: Scratch) -> list[tuple[object, ...]]:
    with scratch.journal() as journal:
        assert journal.open_attempts() == []
        return sorted((one.task, one.number, one.tokens, one.head) for one in journal.attempts())


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "fresh-home"))
    return tmp_path / "lost-home", tmp_path / "fresh-home"


def test_a_fresh_clone_goes_on_where_the_lost_one_stopped_and_that_one_after_it(
    tmp_path: Path, homes: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = mission(tmp_path)
    killed(lost, homes[0])
    fresh, display = cloned(lost, "fresh"), RecordingDisplay()
    assert set(fresh.statuses().values()) == {"not-started"}  # status.commit: end
    end = run_once_free(fresh, display)
    # What was approved before the loss is; what was not waits as it did there.
    assert end.needs_qa == ("B",), display.said
    assert "mission approve B" in fresh.notes("B")
    assert sorted(fresh.merged()) == ["A", "C", "D", "E"]
    assert any(GONE in line for line in display.said)
    with fresh.journal() as journal:
        journal.submit_request("approve", "B", by="ada@desk")
    assert fresh.run().exit_code == 0
    assert sorted(fresh.merged()) == ["A", "B", "C", "D", "E"]
    assert len(fresh.git.text("worktree", "list").splitlines()) == 1
    assert fresh.git.text("branch", "--format=%(refname:short)") == "main"
    calls = Counter((tmp_path / "ledger").read_text().split())
    assert calls == {"A": 1, "B": 1, "C": 1, "E": 1, "D": 2}
    with fresh.journal() as journal:
        # Each row once, and A's review; nobody heard what the first try at D cost.
        assert journal.spent().tokens == 5 * 7 + 11
        elsewhere = {one.id: one.elsewhere for one in journal.runs()}
        assert [elsewhere[one.run] for one in journal.attempts("D")] == [True, False]
    # The machine that was lost comes back, with its half of the file, its folders and branches.
    monkeypatch.setenv("MISSION_HOME", str(homes[0]))
    assert lost.run(display=display).exit_code == 0, display.said
    assert lost.statuses() == fresh.statuses()
    assert spent(lost) == spent(fresh)
    assert sorted(lost.merged()) == ["A", "B", "C", "D", "E"]
    assert Counter((tmp_path / "ledger").read_text().split()) == calls
    assert len(lost.git.text("worktree", "list").splitlines()) == 1
    assert "kept" not in lost.git.text("for-each-ref")


def test_a_persons_commit_wins_and_what_is_not_on_the_remote_is_done_anew(tmp_path: Path) -> None:
    qa: dict[str, object] = {
        "qa": [{"match": {"id": "B"}}, {"match": {"id": "F"}}],
        "status": {"commit": "never"},
    }
    lost = make(tmp_path, [row("B"), row("F"), row("H", status="done")], config=qa)
    assert lost.run().needs_qa == ("B", "F")
    person = cloned(lost, "person")
    person.edit("| F | not-started |", "| F | blocked |")
    person.git.run("commit", "--quiet", "--all", "--message", "F has to wait")
    person.git.run("push", "--quiet", "origin", "HEAD:main")
    Git(lost.remote).run("update-ref", "-d", "refs/heads/feat/b")
    fresh, display = cloned(lost, "fresh"), RecordingDisplay()
    fresh.git.run("update-ref", "-d", "refs/remotes/origin/feat/b")
    end = fresh.run(display=display)
    assert (end.needs_qa, end.blocked) == (("B",), ("F",)), display.said
    assert any(line.startswith("F: stays blocked") for line in display.said)
    with fresh.journal() as journal:
        number = journal.submit_request("approve", "B", by="ada@desk")
        assert fresh.run().exit_code == 0 or journal.request(number).error
        assert "no finished work" in (journal.request(number).error or "")
        journal.submit_request("reject", "B", by="ada@desk")
    assert fresh.run().needs_qa == ("B",)
    with fresh.journal() as journal:
        assert [one.number for one in journal.attempts("B")] == [1, 2]
        (said,) = journal.events(DoneBefore)
        assert said.what.rows == ("H",)


def test_branches_that_a_person_has_here_stay_where_they_are(tmp_path: Path) -> None:
    """One that is checked out, as its row's is to be looked at; and one that is no row's, whatever
    a record says that somebody pushed."""
    rows = [row("B"), row("C")]
    lost = make(tmp_path, rows, config={"qa": [{"match": {}}], "status": {"commit": "never"}})
    lost.git.run("push", "--quiet", "origin", "main:mine")
    assert lost.run().needs_qa == ("B", "C")
    person, fresh = cloned(lost, "person"), cloned(lost, "fresh")
    beside = fresh.top.with_name("beside")
    fresh.git.run("branch", "mine", "origin/mine")
    fresh.git.run("worktree", "add", "--quiet", str(beside), "feat/b")
    before = fresh.git.text("rev-parse", "feat/b", "mine")
    for branch in ("feat/b", "mine"):
        person.git.run("switch", "--quiet", branch)
        person.git.run("commit", "--quiet", "--allow-empty", "--message", "more")
        (person.top / "more.txt").write_text(branch)
        person.git.run("add", "more.txt")
        person.git.run("commit", "--quiet", "--message", "more")
        person.git.run("push", "--quiet", "origin", branch)
    with lost.journal() as journal:
        (number,) = [one.id for one in journal.attempts("C")]
        journal._database.rows("UPDATE attempts SET branch = 'mine' WHERE id = :id", id=number)
        journal.submit_request("set", "B", status="not-started", by="ada@desk")
        journal.submit_request("set", "B", status="needs-qa", by="ada@desk")
    lost.run()
    display = RecordingDisplay()
    fresh.run(display=display)
    assert Git(beside).text("status", "--porcelain") == ""
    assert fresh.git.text("rev-parse", "feat/b", "mine") == before, display.said
    assert any(one.startswith("feat/b: is checked out here") for one in display.said), display.said


def test_where_people_sign_a_forged_record_moves_no_row_and_no_base(tmp_path: Path) -> None:
    """Somebody who can push says that B is approved and about to merge, and that D is done."""
    config: dict[str, object] = {
        "qa": [{"match": {"id": "B"}}],
        "status": {"commit": "never"},
        "requests": {"signed": "keys"},
    }
    lost = make(tmp_path, [row("B"), row("C"), row("D", status="blocked")], config=config)
    assert lost.run().needs_qa == ("B",)
    forge_approval(lost, approved="B", done="D")
    fresh, display = cloned(lost, "fresh"), RecordingDisplay()
    end = fresh.run(display=display)
    # Who pushed its branch nobody knows: a person says whether it counts.
    assert end.blocked == ("B", "D"), display.said
    assert fresh.statuses() == {"B": "blocked", "C": "done", "D": "blocked"}
    assert "mission unblock B --keep" in fresh.notes("B")
    assert fresh.merged() == ["C"]
    with fresh.journal() as journal:
        # What was paid there is known; what is merged is not paid again.
        assert [one.end for one in journal.attempts("B")] == [End.INTERRUPTED, End.HELD_UP]
        assert len(journal.attempts("C")) == 1


def forge_approval(scratch: Scratch, *, approved: str, done: str) -> None:
    """Rewrite the record on the remote."""
    forger = cloned(scratch, "forger")
    [ref] = Git(scratch.remote).text("for-each-ref", "--format=%(refname)", CLAIMS).split()
    forger.git.run("fetch", "--quiet", "origin", ref)
    forger.git.run("checkout", "--quiet", "--detach", "FETCH_HEAD")
    paths = [one for one in (forger.top / "record").rglob("*") if one.is_file()]
    said = from_files({str(one.relative_to(forger.top)): one.read_bytes() for one in paths})
    assert said is not None
    lie = {"step": "pushed", "end": None, "ended": None, "approved": True}
    attempts = [replace(one, **lie) if one.task == approved else one for one in said.attempts]  # type: ignore[arg-type]  # fields of an attempt
    (event, *_) = [one for one in said.events if one.kind == "status"]
    data = {"old": "blocked", "new": "done", "by": "runner", "reason": ""}
    events = (*said.events, replace(event, task=done, attempt=None, data=data))
    forged = replace(said, clone="forger", attempts=tuple(attempts), events=events)
    for path, content in to_files(forged).items():
        (forger.top / path).write_bytes(content)
    forger.git.run("commit", "--quiet", "--all", "--message", "forged")
    forger.git.run("push", "--quiet", "origin", f"HEAD:{ref}")
