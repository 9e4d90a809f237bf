"""The file follows the run: rows work while it is written, and a kill loses nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from errors import RowConflictError, TaskFileError, WriterBusyError
from mission.place import Place
from orchestrator.loop.writing import Writing
from orchestrator.operations.operation import Operation
from orchestrator.ports.display import RecordingDisplay
from orchestrator.ports.ends import TaskEnd
from orchestrator.run import apply_requests
from tasks_md.edit import CellChange
from tasks_md.lock import refuse_if_held
from tasks_md.model import Plan
from tasks_md.writer import StatusWriter
from tests.scratch import Scratch, make, row
from workspace.process import Stop

ROOT = Path(__file__).parents[3]

# Counts how often it runs for each row.
COUNTS = """
import os, pathlib
task = os.environ["MISSION_TASK"]
with open(pathlib.Path({marks!r}, f"ran-{{task}}"), "a") as runs:
    runs.write("x")
pathlib.Path(f"{{task}}.txt").write_text(task)
"""

# A runner whose disk never takes the task file. Its gate knows it by the file `pid`.
RUNNER = """
import os, pathlib, sys, threading
from orchestrator.ports.display import RecordingDisplay
from orchestrator.ports.engine import ThreadEngine
from orchestrator.run import RunRequest, run_mission
from tasks_md.writer import StatusWriter
from workspace.process import Stop

StatusWriter.apply = lambda self, changes: threading.Event().wait()
pathlib.Path(sys.argv[2], "pid").write_text(str(os.getpid()))
with ThreadEngine(4) as engine:
    run_mission(RunRequest(path=sys.argv[1]), engine, RecordingDisplay(), Stop())
"""

# Kills the runner when it asks for the row's purpose, once.
GATE = """
import os, pathlib, signal, sys
pid = pathlib.Path(sys.argv[1], "pid")
if pid.exists() and sys.argv[2:4] == sys.argv[4:6]:
    runner = int(pid.read_text())
    pid.unlink()
    os.kill(runner, signal.SIGKILL)
"""


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    folder = tmp_path / "marks"
    folder.mkdir()
    return folder


def a_mission(tmp_path: Path, marks: Path, rows: Sequence[str], *kill_at: str) -> Scratch:
    """`kill_at` is the purpose and the branch with which the gate kills a runner."""
    gate = [sys.executable, "-S", "-c", GATE, str(marks), "{purpose}", "{branch}", *kill_at]
    config: dict[str, object] = {"gates": [{"type": "script", "run": gate}]}
    return make(tmp_path, rows, worker=COUNTS.format(marks=str(marks)), config=config)


def killed_by(patch: str) -> str:
    """A runner with a disk that works, and in which `patch` puts a SIGKILL somewhere."""
    return RUNNER.replace("StatusWriter.apply = ", f"{patch}\n_ = ")


def run_and_be_killed(scratch: Scratch, marks: Path, runner: str = RUNNER) -> None:
    command = [sys.executable, "-c", runner, str(scratch.task_file), str(marks)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, timeout=300)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def ran(marks: Path, task: str) -> int:
    return (marks / f"ran-{task}").stat().st_size


@pytest.mark.parametrize("purpose", ["push", "merge"])
def test_killed_before_the_file_says_that_a_row_was_begun(
    tmp_path: Path, marks: Path, purpose: str
) -> None:
    scratch = a_mission(tmp_path, marks, [row("A")], purpose, "feat/a")
    run_and_be_killed(scratch, marks)
    assert scratch.statuses() == {"A": "not-started"}
    assert scratch.run().exit_code == 0
    assert ran(marks, "A") == 1
    assert scratch.merged() == ["A"]
    with scratch.journal() as journal:
        assert len(journal.attempts("A")) == 1


@pytest.mark.parametrize("purpose", ["push", "merge"])
def test_killed_with_a_finished_row_and_the_next_one_unwritten(
    tmp_path: Path, marks: Path, purpose: str
) -> None:
    rows = [row("A"), row("B", after="A"), row("C", after="B", agent="—", branch="(aggregate)")]
    scratch = a_mission(tmp_path, marks, rows, purpose, "feat/b")
    run_and_be_killed(scratch, marks)
    assert set(scratch.statuses().values()) == {"not-started"}
    assert scratch.merged() == ["A"]
    assert scratch.run().exit_code == 0
    assert (ran(marks, "A"), ran(marks, "B")) == (1, 1)
    assert scratch.merged() == ["A", "B"]
    assert set(scratch.statuses().values()) == {"done"}
    assert "2 merged by this runner" in scratch.notes("C")


def test_killed_before_the_file_says_that_finished_work_goes_on(
    tmp_path: Path, marks: Path
) -> None:
    """Work that a gate held up, and that a person unblocked, is not paid for again."""
    closed = marks / "closed"
    scratch = a_mission(tmp_path, marks, [row("A")], "merge", "feat/a")
    hook = scratch.remote / "hooks" / "pre-receive"
    main_is_closed = f"grep -q refs/heads/main && [ -e {closed} ] && exit 1"
    hook.write_text(f"#!/bin/sh\n{main_is_closed}\nexit 0\n")
    hook.chmod(0o755)
    closed.touch()
    assert scratch.run().blocked == ("A",)
    closed.unlink()
    with scratch.journal() as journal:
        journal.submit_request("unblock", "A", by="person")
    apply_requests(str(scratch.task_file), RecordingDisplay(), Stop())
    assert scratch.statuses() == {"A": "not-started"}
    run_and_be_killed(scratch, marks)
    assert scratch.run().exit_code == 0
    assert ran(marks, "A") == 1
    assert scratch.merged() == ["A"]


@pytest.mark.parametrize("by_hand", [True, False])
def test_a_row_that_a_person_gives_back_after_a_crash_begins_anew(
    tmp_path: Path, marks: Path, by_hand: bool
) -> None:
    """Its `in-progress` was in the file: a person who takes that away wants it done again."""
    scratch = a_mission(tmp_path, marks, [row("A")], "merge", "feat/a")
    runner = RUNNER.replace("StatusWriter.apply =", "_ =")
    (marks / "pid").touch()
    command = [sys.executable, "-c", runner, str(scratch.task_file), str(marks)]
    subprocess.run(command, cwd=ROOT, check=False, capture_output=True, timeout=300)
    text = scratch.task_file.read_text()
    assert "| in-progress |" in text
    if by_hand:
        scratch.task_file.write_text(text.replace("| in-progress |", "| not-started |"))
    else:
        with scratch.journal() as journal:
            journal.submit_request("set", "A", by="person", status="not-started")
        apply_requests(str(scratch.task_file), RecordingDisplay(), Stop())
        assert scratch.statuses() == {"A": "not-started"}
    assert scratch.run().exit_code == 0
    assert ran(marks, "A") == 2
    assert scratch.merged() == ["A"]


def test_killed_before_a_finished_operation_is_in_the_file(
    tmp_path: Path, marks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has been done, and is not done again."""
    tasks: dict[str, object] = {"tasks": {"A": {"run": "noop"}}}
    scratch = make(tmp_path, [row("A", branch="—"), row("B", after="A")], config=tasks)
    patch = (
        "from orchestrator.operations.operation import OperationRunner\n"
        "OperationRunner._ended = lambda *a: os.kill(os.getpid(), 9)"
    )
    run_and_be_killed(scratch, marks, killed_by(patch))

    def find(name: str) -> Operation:
        raise AssertionError(f"{name} ran again")

    monkeypatch.setattr("orchestrator.conduct.find_operation", find)
    assert scratch.run().exit_code == 0
    assert scratch.statuses() == {"A": "done", "B": "done"}
    with scratch.journal() as journal:
        assert [one.outcome for one in journal.attempts("A")] == ["success"]


@pytest.mark.parametrize("branch", [None, "—"])
def test_killed_before_what_an_agent_left_is_committed(
    tmp_path: Path, marks: Path, branch: str | None
) -> None:
    """The agent had ended, and is not paid for again."""
    scratch = a_mission(tmp_path, marks, [row("A", branch=branch)])
    patch = (
        "from workspace import changes\n"
        "changes.commit_leftovers = changes.head = lambda *a, **k: os.kill(os.getpid(), 9)"
    )
    run_and_be_killed(scratch, marks, killed_by(patch))
    assert scratch.run().exit_code == 0
    assert ran(marks, "A") == 1
    assert scratch.statuses() == {"A": "done"}


class SlowDisk(StatusWriter):
    """Each write takes a while."""

    def apply(self, changes: Sequence[CellChange]) -> Plan:
        threading.Event().wait(0.3)
        return super().apply(changes)


def test_a_milestone_is_closed_once_the_file_says_that_its_rows_are_done(
    tmp_path: Path, marks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.opening.StatusWriter", SlowDisk)
    rows = [row("A"), row("B"), row("Z", after="A, B", agent="—", branch="(aggregate)")]
    scratch = a_mission(tmp_path, marks, rows)
    assert scratch.run().exit_code == 0
    assert set(scratch.statuses().values()) == {"done"}
    assert "2 rows done" in scratch.notes("Z")


@pytest.mark.parametrize("theirs", ["| A | blocked |", "| A | done |"])
def test_a_row_that_a_person_sets_while_it_is_begun_stops_the_run(
    tmp_path: Path, marks: Path, monkeypatch: pytest.MonkeyPatch, theirs: str
) -> None:
    class Edited(StatusWriter):
        """A person saves the file at the moment before it is written."""

        def apply(self, changes: Sequence[CellChange]) -> Plan:
            text = self.path.read_text()
            self.path.write_text(text.replace("| A | not-started |", theirs))
            return super().apply(changes)

    monkeypatch.setattr("orchestrator.opening.StatusWriter", Edited)
    scratch = a_mission(tmp_path, marks, [row("A"), row("B", after="A")])
    with pytest.raises(RowConflictError, match="A"):
        scratch.run()
    assert theirs in scratch.task_file.read_text()
    assert scratch.merged() == []


class Holding(RecordingDisplay):
    """Notes whether the runner still is the writer as a row's job ends."""

    def __init__(self, task: str, lock_dir: Path) -> None:
        super().__init__()
        self.held: bool | None = None
        self._task, self._lock_dir = task, lock_dir

    def doing(self, task: str, phase: str, detail: str = "") -> None:
        super().doing(task, phase, detail)
        if task == self._task and not phase:
            try:
                refuse_if_held(self._lock_dir)
            except WriterBusyError:
                self.held = True
            else:
                self.held = False


@pytest.mark.parametrize("error", [OSError("the disk is gone"), ZeroDivisionError("a bug")])
def test_nobody_else_becomes_the_writer_before_the_agents_have_ended(
    tmp_path: Path, marks: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Whatever escapes from a write: an agent that still works would work beside the next run's."""
    worker = (
        f"import pathlib, time\npathlib.Path({str(marks)!r}, 'at-work').touch()\ntime.sleep(600)\n"
    )
    at_work = marks / "at-work"

    class Broken(StatusWriter):
        def apply(self, changes: Sequence[CellChange]) -> Plan:
            while not at_work.exists():
                threading.Event().wait(0.01)
            raise error

    monkeypatch.setattr("orchestrator.opening.StatusWriter", Broken)
    scratch = make(tmp_path, [row("A")], worker=worker)
    display = Holding("A", Place.find(str(scratch.task_file)).state_dir)
    with pytest.raises(type(error)):
        scratch.run(display=display)
    assert display.held is True


def test_a_row_that_a_person_takes_away_as_it_ends_stops_the_run_in_order(
    tmp_path: Path, marks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write that was under way ends; the one after it finds no row."""
    worker = (
        "import os, pathlib, time\n"
        "task = os.environ['MISSION_TASK']\n"
        "pathlib.Path(f'{task}.txt').write_text(task)\n"
        "time.sleep(600 if task == 'B' else 0)\n"
    )
    ended = threading.Event()
    begin = Writing.begin

    def noting(self: Writing, ends: Sequence[TaskEnd]) -> None:
        begin(self, ends)
        if any(end.task == "A" for end in ends):
            ended.set()

    class Edited(StatusWriter):
        def apply(self, changes: Sequence[CellChange]) -> Plan:
            assert ended.wait(300)
            lines = self.path.read_text().splitlines(keepends=True)
            self.path.write_text("".join(line for line in lines if "| A |" not in line))
            return super().apply([one for one in changes if one.task == "B"])

    monkeypatch.setattr("orchestrator.loop.writing.Writing.begin", noting)
    monkeypatch.setattr("orchestrator.opening.StatusWriter", Edited)
    scratch = make(tmp_path, [row("A"), row("B")], worker=worker)
    display = Holding("B", Place.find(str(scratch.task_file)).state_dir)
    with pytest.raises(TaskFileError, match="A"):
        scratch.run(display=display)
    assert display.held is True
