"""One row that is stopped while its run goes on: real agents, checks, gates, and commands."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from cli.asking import ask
from errors import RequestRefusedError
from mission.journal import End, RequestKind, Step
from mission.journal.kinds import RequestAnswered
from mission.place import Place
from orchestrator.operations import operation
from orchestrator.operations.evidence import OperationEnd
from orchestrator.operations.operation import Means
from orchestrator.ports.assignment import Assignment
from orchestrator.ports.display import RecordingDisplay
from orchestrator.run_end import RunEnd
from service.standing import Standing
from service.stopping import RowAnswer, stop_rows
from tests.command import answer, run
from tests.integration.service.test_live_run import gate, standing_of
from tests.scratch import Scratch, make, row
from workspace.git import Git
from workspace.process import Stop

# The first time, A begins, says so, and works on for longer than anybody waits.
SLOW = """
import os, pathlib, sys, time
task = os.environ["MISSION_TASK"]
if task == "A" and not pathlib.Path("part.txt").exists():
    pathlib.Path("part.txt").write_text("the first half")
    pathlib.Path({begun!r}).write_text(str(os.getpid()))
    time.sleep(600)
pathlib.Path(task + ".txt").write_text("work of " + task)
"""
# The same, as a check of the project's.
SLOW_CHECK = """
import os, pathlib, sys, time
begun, flag = map(pathlib.Path, sys.argv[1:])
if pathlib.Path("A.txt").exists() and not flag.exists():
    flag.touch()
    begun.write_text(str(os.getpid()))
    time.sleep(600)
"""


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """A pipe through which a process tells its number."""
    pipe = tmp_path / "begun"
    os.mkfifo(pipe)
    return pipe


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as threads:
        yield threads


def stop(scratch: Scratch, *tasks: str) -> list[RowAnswer]:
    return stop_rows(
        Place.find(str(scratch.task_file)),
        tasks,
        by="ann@here",
        redact=str,
        stop=Stop(),
        on_held=lambda _: None,
        on_left=lambda _: None,
    )


def stopped_once_begun(
    scratch: Scratch, begun: Path, pool: ThreadPoolExecutor
) -> tuple[RowAnswer, RunEnd]:
    """Stop A when it has begun; what that came to, and the run, which goes on."""
    going: Future[RunEnd] = pool.submit(scratch.run)
    number = int(begun.read_text())
    (told,) = stop(scratch, "A")
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)
    return told, going.result()


def test_an_agent_is_ended_and_goes_on_after_unblock(
    tmp_path: Path, begun: Path, pool: ThreadPoolExecutor
) -> None:
    rows = (row("A"), row("B"), row("C", after="B"))
    scratch = make(tmp_path, rows, worker=SLOW.format(begun=str(begun)))
    told, end = stopped_once_begun(scratch, begun, pool)
    assert (told.status, told.error) == ("blocked", None)
    assert "stopped by ann; `mission unblock A` goes on" in told.notes
    assert (end.blocked, end.stopped) == (("A",), "")
    assert scratch.statuses() == {"A": "blocked", "B": "done", "C": "done"}
    with scratch.journal() as journal:
        (attempt,) = journal.attempts("A")
    assert attempt.end is End.BY_PERSON
    assert attempt.worktree is not None
    assert (Path(attempt.worktree) / "part.txt").read_text() == "the first half"

    standing: Standing = standing_of(scratch)
    (wait,) = standing.waits["A"]
    assert wait.why == told.notes
    with scratch.journal() as journal:
        (answered,) = journal.events(RequestAnswered, task="A")
    assert (answered.what.asked, answered.what.by) == ("stop", "ann@here")

    assert ask(str(scratch.task_file), RequestKind.UNBLOCK, "A").status == "not-started"
    assert scratch.run().exit_code == 0
    assert sorted(scratch.merged()) == ["A", "B", "C"]
    with scratch.journal() as journal:
        assert [one.outcome for one in journal.attempts("A")] == ["stopped", "success"]
    assert Git(scratch.remote).text("show", "main:part.txt") == "the first half"


def test_a_check_is_ended_and_finished_work_is_not_done_again(
    tmp_path: Path, begun: Path, pool: ThreadPoolExecutor
) -> None:
    check = tmp_path / "check.py"
    check.write_text(SLOW_CHECK)
    step = {"name": "slow", "run": ["python3", str(check), str(begun), str(tmp_path / "flag")]}
    scratch = make(tmp_path, [row("A"), row("B")], config={"verify": [step]})
    told, _ = stopped_once_begun(scratch, begun, pool)
    assert (told.status, told.error) == ("blocked", None)
    assert scratch.statuses() == {"A": "blocked", "B": "done"}
    ask(str(scratch.task_file), RequestKind.UNBLOCK, "A")
    assert scratch.run().exit_code == 0
    with scratch.journal() as journal:
        (attempt,) = journal.attempts("A")
    assert (attempt.end, attempt.taken_up) == (End.SUCCESS, True)


def test_an_operation_is_ended_and_begins_again_after_unblock(
    tmp_path: Path, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, asked = threading.Event(), []

    def waits(means: Means, assignment: Assignment) -> OperationEnd:
        asked.append(assignment.attempt.number)
        if len(asked) == 1:
            begun.set()
            means.stop.wait()
            means.stop.heed()
        return OperationEnd(ok=True, word="")

    monkeypatch.setattr(operation, "noop", waits)
    scratch = make(tmp_path, [row("A"), row("B")], config={"tasks": {"A": {"run": "noop"}}})
    going = pool.submit(scratch.run)
    begun.wait()
    (told,) = stop(scratch, "A")
    assert (told.status, told.error) == ("blocked", None)
    assert (going.result().blocked, going.result().stopped) == (("A",), "")
    assert scratch.statuses() == {"A": "blocked", "B": "done"}
    ask(str(scratch.task_file), RequestKind.UNBLOCK, "A")
    assert scratch.run().exit_code == 0
    assert asked == [1, 2]


class AtTheGate(RecordingDisplay):
    """Lets somebody know when a row is at the gate to the base, and another one behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.come = threading.Event()
        self._lock = threading.Lock()

    def doing(self, task: str, phase: str, detail: str = "") -> None:
        with self._lock:
            super().doing(task, phase, detail)
            if len(self.rows("waits for its turn to merge")) == 2 and self.at_gate:
                self.come.set()

    def rows(self, wanted: str) -> set[str]:
        return {task for task, phase in self.done if phase == wanted}

    @property
    def at_gate(self) -> set[str]:
        return self.rows("waits for gate office")


def test_who_waits_to_merge_is_taken_back_and_who_merges_is_not(
    tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    closed = tmp_path / "closed"
    closed.touch()
    config: dict[str, object] = {"gates": [gate(closed, "merge")]}
    scratch, display = make(tmp_path, [row("A"), row("B")], config=config), AtTheGate()
    going = pool.submit(scratch.run, display=display)
    display.come.wait()
    (first,) = display.at_gate
    (second,) = {"A", "B"} - {first}
    told = {one.task: one for one in stop(scratch, first, second, first)}
    assert (told[second].status, told[second].error) == ("blocked", None)
    refused = told[first].error
    assert refused is not None
    assert refused.startswith(f"{first} is merging: the base may have moved")
    closed.unlink()
    assert going.result().blocked == (second,)
    assert scratch.merged() == [first]

    ask(str(scratch.task_file), RequestKind.UNBLOCK, second)
    assert scratch.run().exit_code == 0
    assert scratch.merged() == [first, second]
    with scratch.journal() as journal:
        assert len(journal.attempts(second)) == 1


def test_who_waits_for_the_gate_to_push_is_stopped(
    tmp_path: Path, pool: ThreadPoolExecutor
) -> None:
    class Waits(RecordingDisplay):
        come = threading.Event()

        def doing(self, task: str, phase: str, detail: str = "") -> None:
            if phase == "waits for gate office":
                self.come.set()

    closed = tmp_path / "closed"
    closed.touch()
    scratch = make(tmp_path, [row("A")], config={"gates": [gate(closed, "push")]})
    going = pool.submit(scratch.run, display=Waits())
    Waits.come.wait()
    (told,) = stop(scratch, "A")
    closed.unlink()
    assert (told.status, told.error) == ("blocked", None)
    assert going.result().blocked == ("A",)
    with scratch.journal() as journal:
        (attempt,) = journal.attempts("A")
    assert (attempt.step, attempt.end) == (Step.ENDED, End.BY_PERSON)


def test_the_command_stops_rows_and_says_why_others_are_not(
    tmp_path: Path,
    begun: Path,
    pool: ThreadPoolExecutor,
    capsys: pytest.CaptureFixture[str],
) -> None:
    scratch = make(
        tmp_path, [row("A"), row("Z", status="failed")], worker=SLOW.format(begun=str(begun))
    )
    going = pool.submit(scratch.run)
    begun.read_text()
    told = json.loads(
        answer(capsys, "stop", str(scratch.task_file), "A", "Z", "A", "--json", code=1)
    )
    stopped, refused = told["rows"]
    assert (stopped["task"], stopped["status"], stopped["error"]) == ("A", "blocked", None)
    assert refused["error"].startswith("Z is failed: stop is for rows that are under way")
    assert going.result().blocked == ("A",)


def test_without_a_run_there_is_nothing_to_stop(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scratch = make(tmp_path, [row("A", status="in-progress")])
    assert "no run is under way" in run(capsys, "stop", str(scratch.task_file), "A", code=1)
    assert "no task 'X'" in run(capsys, "stop", str(scratch.task_file), "X", code=2)
    with pytest.raises(RequestRefusedError):
        stop(scratch, "A")
    assert scratch.statuses() == {"A": "in-progress"}
