"""Runs of two clones of one remote, as processes: one at a time carries the mission out."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from errors import ClaimHeldError, FindingsError
from mission.claim import CLAIM_FILE
from orchestrator.claiming.remote_claim import RemoteClaim
from orchestrator.ports.display import RecordingDisplay
from tests.integration.orchestrator.test_claim import Clones
from tests.scratch import Scratch, make, row
from workspace.git import Git

pytestmark = pytest.mark.timeout(120)

# Notes that it was asked, and works until it may end: the named pipe is written to.
WORKER = """
import os, pathlib
folder = pathlib.Path({folder!r})
with (folder / "ledger").open("a") as ledger:
    ledger.write(os.environ["MISSION_TASK"] + "\\n")
(folder / "asked").open("w").close()
(folder / "go").open().close()
pathlib.Path("work.txt").write_text("work\\n")
"""
RUN = """
import sys
from errors import MissionError
from orchestrator.ports.display import RecordingDisplay
from orchestrator.ports.engine import ThreadEngine
from orchestrator.run import RunRequest, run_mission
from workspace.process import Stop
try:
    with ThreadEngine(2) as engine:
        end = run_mission(RunRequest(path=sys.argv[1]), engine, RecordingDisplay(), Stop())
except MissionError as error:
    sys.exit(f"refused: {error}")
print(end.stopped, file=sys.stderr)
sys.exit(end.exit_code)
"""


class Runs:
    """A mission of one row, whose agent waits to be told to end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("asked", "go"):
            os.mkfifo(folder / name)
        self.scratch: Scratch = make(folder, [row("A")], worker=WORKER.format(folder=str(folder)))
        self.clones = Clones(self.scratch)
        self._begun: list[subprocess.Popen[str]] = []

    def begin(self, top: Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", RUN, str(top / "plan" / "TASKS.md")]
        process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        self._begun.append(process)
        return process

    def await_agent(self) -> None:
        (self.folder / "asked").open().close()

    def let_agent_end(self) -> None:
        (self.folder / "go").open("w").close()

    @property
    def asked(self) -> list[str]:
        """The rows that an agent was asked for: what was paid."""
        return (self.folder / "ledger").read_text().split()

    def end(self) -> None:
        for process in self._begun:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            assert process.stderr is not None
            process.stderr.close()


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    made = Runs(tmp_path)
    yield made
    made.end()


def test_two_clones_start_in_one_instant(runs: Runs) -> None:
    other = runs.clones.copy("other")
    both = [runs.begin(top) for top in (runs.scratch.top, other)]
    runs.await_agent()
    # The agent of one waits; the other one leaves by itself.
    pid, status = os.waitpid(-1, 0)
    (left,) = [one for one in both if one.pid == pid]
    left.returncode = os.waitstatus_to_exitcode(status)
    assert left.returncode == 1
    assert left.stderr is not None
    assert "this mission is carried out by" in left.stderr.read()
    runs.let_agent_end()
    (winner,) = [one for one in both if one is not left]
    _, said = winner.communicate()
    assert winner.returncode == 0, said
    assert runs.asked == ["A"]
    assert runs.scratch.merged() == ["A"]
    assert runs.clones.note().state == "free"


def test_a_run_that_is_taken_over_lands_nothing(runs: Runs) -> None:
    first = runs.begin(runs.scratch.top)
    runs.await_agent()
    before = Git(runs.scratch.remote).text("for-each-ref", "refs/heads")
    runs.clones.put(replace(runs.clones.note(), clone="there", run="r", who="Somebody", numbers=""))
    runs.let_agent_end()
    _, said = first.communicate()
    assert first.returncode == 1
    assert "taken over by Somebody" in said
    assert Git(runs.scratch.remote).text("for-each-ref", "refs/heads") == before
    # Its work is kept, and it leaves the other one alone.
    assert Git(runs.scratch.top).text("show", "feat/a:work.txt") == "work"
    with pytest.raises(ClaimHeldError):
        runs.scratch.run()
    assert runs.clones.note().who == "Somebody"


def test_after_a_kill_the_same_clone_goes_on_at_once(runs: Runs) -> None:
    first = runs.begin(runs.scratch.top)
    runs.await_agent()
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    # As if it had been on another machine, where nobody can look whether it lives.
    runs.clones.put(replace(runs.clones.note(), numbers=""))
    other = Clones(runs.scratch).copy("other")
    second = runs.begin(other)
    _, said = second.communicate()
    assert second.returncode == 1, said
    assert "--take-over" not in said  # its last sign is not old enough
    again = runs.begin(runs.scratch.top)
    runs.await_agent()
    runs.let_agent_end()
    _, said = again.communicate()
    assert again.returncode == 0, said
    assert runs.scratch.merged() == ["A"]


def test_a_fresh_clone_writes_down_what_the_base_holds(tmp_path: Path) -> None:
    """... also while another clone has the mission: nothing starts for it."""
    scratch = make(tmp_path, [row("A")], config={"status": {"commit": "never"}})
    assert scratch.run().exit_code == 0
    clones = Clones(scratch)
    known = {path: text for path, text in clones.files().items() if path != CLAIM_FILE}
    clones.put(replace(clones.note(), state="held", clone="there"), **known)
    fresh, display = replace(scratch, top=clones.copy("fresh")), RecordingDisplay()
    assert fresh.statuses() == {"A": "not-started"}
    assert fresh.run(display=display).exit_code == 0
    (told,) = [line for line in display.said if "is not known here yet" in line]
    assert "Wait for its end" in told
    assert fresh.statuses() == {"A": "done"}
    assert scratch.merged() == ["A"]
    assert clones.note().clone == "there"


def test_a_clone_that_finds_nothing_to_do_knows_what_was_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = '{"outcome": "success", "summary": "ok", "input_tokens": 5, "output_tokens": 2}'
    worker = f"open('work.txt', 'w').close(); print({said!r})"
    scratch = make(tmp_path, [row("A")], worker=worker)
    assert scratch.run().exit_code == 0
    clones = Clones(scratch)
    fresh = replace(scratch, top=clones.copy("fresh"))
    assert fresh.run().exit_code == 0
    with fresh.journal() as journal:
        assert journal.spent().tokens == 7
    assert clones.note().state == "free"
    # Once both know it, neither claims anything again.
    before = Git(scratch.remote).text("for-each-ref", "refs/mission-runner")
    assert scratch.run().exit_code == fresh.run().exit_code == 0
    assert Git(scratch.remote).text("for-each-ref", "refs/mission-runner") == before
    looked = RemoteClaim.has_news

    def broken_meanwhile(claim: RemoteClaim, heard: Mapping[str, str] | None) -> bool:
        looked(claim, heard)
        fresh.edit("| feat/a | — |", "| feat/a | Z |")
        fresh.git.run("commit", "--quiet", "--all", "-m", "Edit")
        fresh.git.run("push", "--quiet", "origin", "main")
        return True

    monkeypatch.setattr(RemoteClaim, "has_news", broken_meanwhile)
    with pytest.raises(FindingsError, match="depends on Z"):
        scratch.run()


def test_who_switches_it_off_is_told_so_once(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A"), row("B")], config={"claim": "never"})
    display = RecordingDisplay()
    assert scratch.run(display=display).exit_code == 0
    assert len([said for said in display.said if "claim: never" in said]) == 1
    assert Git(scratch.remote).text("for-each-ref", "refs/mission-runner") == ""


def test_a_run_with_nothing_to_do_claims_nothing(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A", status="done")])
    assert scratch.run().exit_code == 0
    assert Git(scratch.remote).text("for-each-ref", "refs/mission-runner") == ""
