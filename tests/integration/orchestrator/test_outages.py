"""A provider that is overloaded for a while: nothing fails by it, and nobody has to do anything."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pytest

from orchestrator.ports.display import RecordingDisplay
from tests.scratch import Scratch, make, row

pytestmark = pytest.mark.timeout(120)

# Overloaded as long as a file is there; `other` never is.
WORKER = """
import json, os, pathlib, sys
task, agent = os.environ["MISSION_TASK"], os.environ["MISSION_AGENT"]
if agent == "worker" and pathlib.Path(sys.argv[1]).exists():
    print(json.dumps({"outcome": "overloaded", "summary": "529 Overloaded"}))
else:
    pathlib.Path(f"{task}.txt").write_text(task)
"""


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policy.retry.FIRST_DELAY", timedelta(milliseconds=20))


def overloaded(folder: Path, rows: list[str], **config: object) -> Scratch:
    """A mission whose `worker` is overloaded while the file `down` is there."""
    (folder / "down").touch()
    run = [sys.executable, "-S", str(folder / "worker.py"), str(folder / "down")]
    agent = {"type": "command", "run": run, "max_attempts": 1}
    return make(
        folder,
        rows,
        worker=WORKER,
        config={"agents": {"worker": agent, "other": agent}, **config},
        shared=False,
    )


class Ending(RecordingDisplay):
    """Ends the outage once so many attempts met it."""

    def __init__(self, down: Path, *, after: int) -> None:
        super().__init__()
        self._down = down
        self._left = after

    def say(self, text: str) -> None:
        super().say(text)
        self._left -= "will be tried again" in text
        if self._left <= 0:
            self._down.unlink(missing_ok=True)


def test_an_outage_fails_no_row_and_burns_no_attempt(tmp_path: Path) -> None:
    scratch = overloaded(tmp_path, [row(name) for name in "ABCDEF"])
    display = Ending(tmp_path / "down", after=8)
    assert scratch.run(slots=3, display=display).exit_code == 0
    assert sorted(scratch.merged()) == list("ABCDEF")
    with scratch.journal() as journal:
        outcomes = [attempt.outcome for attempt in journal.attempts()]
    # Three met it at the same time; after that one at a time asked, and nobody else.
    assert (outcomes.count("overloaded"), outcomes.count("success")) == (8, 6)


def test_a_provider_that_stays_overloaded_leaves_its_rows_as_they_were(tmp_path: Path) -> None:
    rows = [row("A"), row("B", after="A"), row("C", agent="other"), row("D")]
    scratch = overloaded(tmp_path, rows, patience="0.5s")
    display = RecordingDisplay()
    end = scratch.run(display=display)
    assert end.exit_code == 1
    assert scratch.statuses() == dict.fromkeys("ABD", "not-started") | {"C": "done"}
    assert end.given_up.keys() == {"A", "D"}
    assert "worker took no work for 0.5s" in end.given_up["A"]
    assert "mission run" in end.given_up["A"]
    assert scratch.notes("A") == ""
    (tmp_path / "down").unlink()
    assert scratch.run().exit_code == 0
    assert sorted(scratch.merged()) == list("ABCD")


FORGETS = """
import json, os, pathlib, signal
here, number = pathlib.Path(__file__).parent, os.environ["MISSION_ATTEMPT"]
(here / f"asked-{number}").write_text(os.environ.get("MISSION_SESSION", ""))
if number == "1":
    print(json.dumps({"outcome": "overloaded", "summary": "529", "session": "the-first"}))
elif number == "2":
    os.kill(os.getpid(), signal.SIGKILL)
else:
    pathlib.Path("A.txt").write_text("work")
"""


def test_a_session_outlives_an_attempt_that_was_killed_before_it_told_one(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A")], worker=FORGETS, shared=False)
    assert scratch.run().exit_code == 0
    asked = [(tmp_path / f"asked-{number}").read_text() for number in (1, 2, 3)]
    assert asked == ["", "the-first", "the-first"]
