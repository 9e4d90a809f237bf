"""A process that writes to the journal is killed: what it was told is kept is there."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from mission.journal import Journal

# Four threads write; each acknowledgement is one short write to a pipe, which is never torn.
WRITER = """
import os, sys
from pathlib import Path
from threading import Thread
from mission.journal import End, Journal
from mission.journal.kinds import Other

journal = Journal.open(Path(sys.argv[1]))
note = Other(kind="note", data={"filler": "y" * 2000})
run = journal.start_run(mission="M", host="h", pid=os.getpid(), pid_started=1.0)
os.write(1, f"run {run}\\n".encode())

def work(thread):
    while True:
        attempt = journal.start_attempt(
            run=run, task=f"T-{thread}", agent="a", branch=None, base_commit=None,
            worktree=None, log=None, route="x" * 3000,
        )
        os.write(1, f"start {attempt.id}\\n".encode())
        event = journal.record(note, attempt=attempt.id)
        os.write(1, f"event {event}\\n".encode())
        journal.end_attempt(attempt.id, End.SUCCESS, "done")
        os.write(1, f"end {attempt.id}\\n".encode())

for thread in range(4):
    Thread(target=work, args=(thread,)).start()
"""


@pytest.mark.crash
@pytest.mark.parametrize("kills", [6, pytest.param(200, marks=pytest.mark.soak)])
@pytest.mark.timeout(3600)
def test_every_acknowledged_write_survives_every_kill(disk_path: Path, kills: int) -> None:
    path = disk_path / "journal.sqlite"
    acknowledged: dict[str, set[int]] = {"run": set(), "start": set(), "event": set(), "end": set()}
    for turn in range(kills):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        for _ in range(1 + turn * 739 % 3000):  # from the first write to thousands later
            _note(writer.stdout.readline(), acknowledged)
        writer.send_signal(signal.SIGKILL)
        for line in writer.stdout:  # what was acknowledged before the kill reached it
            _note(line, acknowledged)
        writer.stdout.close()
        assert writer.wait(timeout=300) == -signal.SIGKILL
        _check(path, acknowledged)


def _note(line: str, acknowledged: dict[str, set[int]]) -> None:
    what, number = line.split()
    acknowledged[what].add(int(number))


def _check(path: Path, acknowledged: dict[str, set[int]]) -> None:
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()
    with Journal.open(path) as journal:
        attempts = journal.attempts()
        assert acknowledged["run"] <= {run.id for run in journal.runs()}
        assert acknowledged["start"] <= {attempt.id for attempt in attempts}
        assert acknowledged["event"] <= {event.id for event in journal.events()}
        assert acknowledged["end"] <= {one.id for one in attempts if one.outcome == "success"}
