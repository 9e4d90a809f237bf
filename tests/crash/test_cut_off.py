"""A run that the remote hears nothing of ends its agents before another clone begins the same rows.

With real processes, and a line that is cut: whoever works on a row holds its lock.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from mission.journal import End
from orchestrator.operations import operation
from orchestrator.operations.evidence import OperationEnd
from orchestrator.operations.operation import Means
from orchestrator.ports.assignment import Assignment
from tests.conftest import requires
from tests.crash.lines import served
from tests.crash.machines import HELD, Machine
from tests.scratch import make, row

pytestmark = [pytest.mark.crash, pytest.mark.slow, requires("git", system="linux")]

# Works until it is ended; who finds what an earlier one left goes on with that, and finishes.
WORKER = """
import fcntl, pathlib, time
outside = pathlib.Path({outside!r})
def note(what):
    with (outside / "ledger").open("a") as ledger:
        ledger.write(f"{{what}}\\n")
lock = (outside / "lock").open("w")
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    note("together")
left = pathlib.Path("left.txt")
if left.exists() or (outside / "finish").exists():
    note("finishes with what was left" if left.exists() else "finishes")
    left.write_text("work\\n")
else:
    left.write_text("half\\n")
    note("begins")
    time.sleep(600)
"""
CLAIM = {"sign": "1s", "take_over": "2s", "lapse": "4s"}


class Cut:
    """Two machines, and what their agents note."""

    def __init__(self, folder: Path, machines: list[Machine]) -> None:
        self.folder, self.machines = folder, machines

    def noted(self) -> list[str]:
        return (self.folder / "ledger").read_text().splitlines()

    def await_note(self, word: str) -> None:
        while not any(word in note for note in self.noted()):
            assert self.machines[0].alive, self.machines[0].errors.read_text()
            time.sleep(0.05)

    def await_no_agent(self) -> None:
        """Until nobody works below a machine's worktrees any more."""
        while any(_works(machine.folder) for machine in self.machines):
            time.sleep(0.05)


def _works(folder: Path) -> bool:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
                where = (entry / "cwd").readlink()
            except OSError:
                continue
            if b"worker" in command and where.is_relative_to(folder):
                return True
    return False


@pytest.fixture
def cut(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Cut]:
    folder = tmp_path / "outside"
    folder.mkdir()
    config = {"claim": CLAIM, **getattr(request, "param", {})}
    origin = make(folder, [row("A")], worker=WORKER.format(outside=str(folder)), config=config)
    (folder / "ledger").touch()
    with ExitStack() as stack:
        port = stack.enter_context(served(folder))
        machines = []
        for number in range(2):
            machine = Machine(folder / f"machine-{number}", origin.remote, port)
            stack.callback(machine.line.end)
            stack.callback(machine.kill, machine=True)
            machines.append(machine)
        yield Cut(folder, machines)


def test_agents_end_before_another_clone_begins(cut: Cut) -> None:
    first, second = cut.machines
    first.start()
    cut.await_note("begins")
    first.line.cut()
    (cut.folder / "finish").touch()
    while (code := second.finish()) == HELD:  # it takes the mission by itself, after `lapse`
        time.sleep(0.1)
    assert code == 0, second.errors.read_text()
    assert first.alive
    first.line.heal()
    assert first.wait() == 1, first.errors.read_text()
    assert cut.noted() == ["begins", "finishes"]
    assert second.scratch.merged() == ["A"]
    assert first.finish() == 0
    assert cut.noted() == ["begins", "finishes"]


def test_the_row_goes_on_where_it_was_once_the_remote_is_back(cut: Cut) -> None:
    machine = cut.machines[0]
    machine.start()
    cut.await_note("begins")
    machine.line.cut()
    cut.await_no_agent()
    while machine.scratch.statuses() != {"A": "not-started"}:
        time.sleep(0.05)
    assert machine.alive
    machine.line.heal()
    assert machine.wait() == 0, machine.errors.read_text()
    assert cut.noted() == ["begins", "finishes with what was left"]
    with machine.scratch.journal() as journal:
        first, second = journal.attempts("A")
    assert first.said == "stopped"  # no attempt was burnt
    assert second.end == "success"


@pytest.mark.parametrize("cut", [{"patience": "4s"}], indirect=True)
def test_the_run_ends_when_its_patience_does(cut: Cut) -> None:
    machine = cut.machines[0]
    machine.start()
    cut.await_note("begins")
    machine.line.cut()
    assert machine.wait() == 1, machine.errors.read_text()
    assert machine.scratch.statuses() == {"A": "not-started"}
    machine.line.heal()
    assert machine.finish() == 0
    assert cut.noted() == ["begins", "finishes with what was left"]


def waits_once(means: Means, _assignment: Assignment) -> OperationEnd:
    """An operation that waits to be stopped, the first time."""
    begun = means.place.task_file.parents[3] / "begun"
    if begun.exists():
        return OperationEnd(ok=True, word="went on")
    begun.touch()
    means.stop.wait(600)
    means.stop.heed()
    return OperationEnd(ok=False, word="nobody stopped it")


@pytest.mark.parametrize("cut", [{"tasks": {"A": {"run": "noop"}}}], indirect=True)
def test_an_operation_ends_too_and_goes_on_once_the_remote_is_back(
    cut: Cut, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is in this process: its operation is one of ours."""
    machine = cut.machines[0]
    monkeypatch.setenv("MISSION_HOME", str(machine.folder / "home"))
    monkeypatch.setattr(operation, "noop", waits_once)
    with ThreadPoolExecutor(1) as beside:
        running = beside.submit(machine.scratch.run)
        while not (machine.folder.parent / "begun").exists():
            assert not running.done(), running.result()
            time.sleep(0.05)
        machine.line.cut()
        with machine.scratch.journal() as journal:
            while journal.attempts("A")[0].end is None:
                assert not running.done(), running.result()
                time.sleep(0.05)
        machine.line.heal()
        assert running.result().exit_code == 0
    with machine.scratch.journal() as journal:
        assert [one.end for one in journal.attempts("A")] == [End.STOPPED, End.SUCCESS]
    assert machine.scratch.notes("A") == "[mission: went on]"
