"""`mission set` and the like: with no run, with one, with one that dies, and given up."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mission.journal import Journal, Request
from mission.journal.kinds import RequestAnswered
from mission.place import Place
from tests.command import answer, run
from tests.scratch import WORKER, Scratch, make, row

ROWS = (
    row("A", status="failed", notes="Keep this."),
    row("B", status="blocked"),
    row("C", status="needs-qa"),
    row("D"),
    row("E", status="done"),
)

# Stands in for a run: holds the lock, waits for a request, and answers it as it was told to.
HOLDER = """
import sys
from pathlib import Path
from watchfiles import watch
from mission.journal import Journal
from mission.place import Place
from tasks_md.edit import CellChange
from tasks_md.writer import StatusWriter

place, behaviour = Place.find(sys.argv[1]), sys.argv[2]
writer = StatusWriter(place.task_file, lock_dir=place.state_dir)
with Journal.open(place.journal_file) as journal, writer:
    print("holding", flush=True)
    for _ in watch(place.state_dir, watch_filter=None, yield_on_timeout=True, rust_timeout=200):
        if journal.pending_requests():
            break
    (request,) = journal.pending_requests()
    print("asked", flush=True)
    if behaviour == "ignore":
        sys.stdin.readline()
    elif behaviour == "refuse":
        journal.finish_request(request.id, "this row is under way")
        sys.stdin.readline()
    else:
        writer.apply([CellChange(task=request.task, column="status", value="not-started")])
        journal.finish_request(request.id, None)
        sys.stdin.readline()
"""


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    return make(tmp_path, ROWS)


def start(command: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def hold(scratch: Scratch, behaviour: str) -> subprocess.Popen[str]:
    holder = start([sys.executable, "-c", HOLDER, str(scratch.task_file), behaviour])
    assert holder.stdout is not None
    assert holder.stdout.readline() == "holding\n"
    return holder


def mission(scratch: Scratch, command: str, *arguments: str) -> subprocess.Popen[str]:
    return start([sys.executable, "-m", "cli", command, str(scratch.task_file), *arguments])


def finished(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def requests(scratch: Scratch) -> list[Request]:
    with Journal.open(Place.find(str(scratch.task_file)).journal_file) as journal:
        return [journal.request(event.what.request) for event in journal.events(RequestAnswered)]


@pytest.mark.parametrize(
    ("command", "arguments", "task"),
    [("retry", (), "A"), ("unblock", (), "B"), ("reject", (), "C"), ("set", ("not-started",), "B")],
)
def test_without_a_run_the_command_writes(
    scratch: Scratch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    arguments: tuple[str, ...],
    task: str,
) -> None:
    told = json.loads(run(capsys, command, str(scratch.task_file), task, *arguments, "--json"))
    assert (told["task"], told["status"], told["applied_by"]) == (
        task,
        "not-started",
        "this command",
    )
    assert scratch.statuses()[task] == "not-started"
    (request,) = requests(scratch)
    assert (request.kind, request.error) == (command, None)
    assert "@" in request.by


def test_a_note_goes_into_the_row_and_the_journal(
    scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    note = ("--note", "net|work\nis back")
    assert run(capsys, "retry", str(scratch.task_file), "A", *note) == "A is not-started.\n"
    assert scratch.notes("A").startswith("Keep this. ")
    assert "net|work is back" in scratch.notes("A")
    assert requests(scratch)[0].note == "net|work\nis back"


@pytest.mark.parametrize(
    ("command", "arguments", "code", "reason"),
    [
        ("retry", ("B",), 1, "retry is for rows that are failed"),
        ("set", ("C", "done"), 1, "mission approve"),
        ("set", ("E", "failed"), 1, "E is done and cannot be set to failed"),
        ("set", ("D", "finished"), 2, "There are: not-started"),
        ("retry", ("Z",), 2, "no task 'Z'"),
        ("approve", ("C",), 1, "no finished work"),
        ("approve", ("D",), 1, "approve is for rows that are needs-qa"),
    ],
)
def test_what_the_state_machine_forbids_is_refused(
    scratch: Scratch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    arguments: tuple[str, ...],
    code: int,
    reason: str,
) -> None:
    before = scratch.task_file.read_bytes()
    assert reason in run(capsys, command, str(scratch.task_file), *arguments, code=code)
    assert scratch.task_file.read_bytes() == before


def test_a_run_that_holds_the_file_is_asked_to_write(scratch: Scratch) -> None:
    holder = hold(scratch, "apply")
    code, out, err = finished(mission(scratch, "retry", "A", "--json"))
    assert code == 0
    assert json.loads(out)["applied_by"] == "the run"
    assert f"held by process {holder.pid}" in err
    assert scratch.statuses()["A"] == "not-started"
    assert finished(holder)[0] == 0


def test_a_run_that_refuses_is_believed(scratch: Scratch) -> None:
    holder = hold(scratch, "refuse")
    code, out, err = finished(mission(scratch, "retry", "A"))
    assert (code, out) == (1, "")
    assert "this row is under way" in err
    assert scratch.statuses()["A"] == "failed"
    finished(holder)


def test_when_the_run_dies_the_command_writes_itself(scratch: Scratch) -> None:
    holder = hold(scratch, "ignore")
    command = mission(scratch, "retry", "A", "--json")
    assert holder.stdout is not None
    assert holder.stdout.readline() == "asked\n"
    holder.kill()
    holder.communicate()
    code, out, _ = finished(command)
    assert code == 0
    assert json.loads(out)["applied_by"] == "this command"
    assert scratch.statuses()["A"] == "not-started"


def test_ctrl_c_withdraws_the_request(scratch: Scratch) -> None:
    holder = hold(scratch, "ignore")
    command = mission(scratch, "retry", "A")
    assert holder.stdout is not None
    assert holder.stdout.readline() == "asked\n"
    command.send_signal(signal.SIGINT)
    code, out, err = finished(command)
    assert (code, out) == (130, "")
    assert "withdrawn" in err
    assert "Traceback" not in err
    finished(holder)
    (request,) = requests(scratch)
    assert "withdrawn" in (request.error or "")
    assert scratch.statuses()["A"] == "failed"


ASKS = 'print(\'{"outcome": "needs-qa", "summary": "please look"}\')\n'


def test_approved_work_is_merged_without_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    scratch = make(tmp_path, [row("A")], worker=WORKER + ASKS)
    assert scratch.run().needs_qa == ("A",)
    out = run(capsys, "approve", str(scratch.task_file), "A", "--json")
    assert json.loads(out)["status"] == "done"
    assert scratch.merged() == ["A"]


def test_approved_work_that_a_gate_holds_back_is_blocked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    answer = "import sys; sys.exit(2 if sys.argv[1] == 'merge' else 0)"
    gate = {
        "type": "script",
        "name": "guard",
        "run": [sys.executable, "-S", "-c", answer, "{purpose}"],
    }
    scratch = make(tmp_path, [row("A")], worker=WORKER + ASKS, config={"gates": [gate]})
    assert scratch.run().needs_qa == ("A",)
    err = run(capsys, "approve", str(scratch.task_file), "A", code=1)
    assert "guard" in err.splitlines()[-1]
    assert scratch.statuses()["A"] == "blocked"
    assert scratch.merged() == []


def test_a_real_run_applies_it_and_takes_the_row_up(scratch: Scratch, tmp_path: Path) -> None:
    """The run works on D until the person has had A tried again; then it does A as well."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    worker = tmp_path / "worker.py"
    wait = f'if os.environ["MISSION_TASK"] == "D":\n    open({str(gate)!r}).read()\n'
    worker.write_text(worker.read_text() + wait)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(scratch.run)
        with gate.open("w"):  # waits until the agent of D is at work
            code, out, err = finished(mission(scratch, "retry", "A", "--json"))
        end = running.result(timeout=300)
    assert code == 0, err
    assert json.loads(out)["applied_by"] == "the run"
    assert f"held by process {os.getpid()}" in err
    assert (scratch.statuses()["A"], scratch.statuses()["D"]) == ("done", "done")
    assert sorted(scratch.merged()) == ["A", "D"]
    assert end.blocked == ("B",)


def test_commands_at_the_same_time_all_get_their_turn(scratch: Scratch) -> None:
    asked = [("retry", "A"), ("unblock", "B"), ("reject", "C"), ("set", "D", "blocked")]
    commands = [mission(scratch, *arguments) for arguments in asked]
    assert [finished(command)[0] for command in commands] == [0, 0, 0, 0]
    statuses = scratch.statuses()
    assert [statuses[task] for task in "ABCD"] == ["not-started"] * 3 + ["blocked"]
    assert len(requests(scratch)) == 4


def test_a_stop_whose_run_is_killed_is_answered_and_leaves_nothing(scratch: Scratch) -> None:
    holder = hold(scratch, "ignore")
    asked = mission(scratch, "stop", "D")
    assert holder.stdout is not None
    assert holder.stdout.readline() == "asked\n"
    holder.kill()
    finished(holder)
    code, out, err = finished(asked)
    assert (code, out) == (1, "")
    assert "no run is under way any more" in err
    (request,) = requests(scratch)
    assert (request.kind, request.error) == ("stop", "no run is under way any more")


def test_several_rows_are_asked_for_at_once(
    scratch: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each has an answer of its own; what cannot be done of one keeps no other from it."""
    path = str(scratch.task_file)
    scratch.edit("| D | not-started |", "| D | blocked |")
    told = json.loads(answer(capsys, "unblock", path, "B", "A", "D", "B", "--json", code=1))
    assert [(one["task"], one["status"]) for one in told["rows"]] == [
        ("B", "not-started"), ("A", "failed"), ("D", "not-started"),
    ]  # fmt: skip
    assert "unblock is for rows that are blocked" in told["rows"][1]["error"]
    assert run(capsys, "unblock", path, "--all") == "No row is blocked.\n"
    assert run(capsys, "retry", path, "--all") == "A is not-started.\n"
    assert json.loads(run(capsys, "reject", path, "--all", "--json"))["rows"][0]["task"] == "C"
    assert json.loads(run(capsys, "approve", path, "--all", "--json")) == {"rows": []}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "ID is missing"),
        (("--all", "A"), "--all means every row"),
        (("A", "Z"), "no task 'Z'"),
        (("--keep", "--anew", "B"), "one or the other"),
    ],
)
def test_rows_that_are_not_meant_are_not_asked_for(
    scratch: Scratch,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    reason: str,
) -> None:
    monkeypatch.chdir(scratch.task_file.parent)
    assert reason in run(capsys, "unblock", *arguments, code=2)
    assert requests(scratch) == []
