"""What agents use is journalled while they use it: a kill loses neither tokens nor sessions."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from mission.journal.kinds import ReviewMade, UsageBooked
from tests.scratch import Scratch, make, row

pytestmark = pytest.mark.crash

# Speaks as Claude Code does. Who is named in `stuck` says what it used and never ends; whoever goes
# on with a session reports the totals of all of it.
TOOL = """#!{python} -S
import json, pathlib, sys, time
here = pathlib.Path({here!r})
given = dict(part.split("=", 1) for part in sys.argv if "=" in part)
who, resumed = given["--model"], given.get("--resume")
session = resumed or given["--session-id"]
with (here / "starts").open("a") as starts:
    starts.write(f"{{who}} {{resumed}}\\n")
def say(**event):
    print(json.dumps(event | {{"session_id": session}}), flush=True)
used = {{"input_tokens": 90, "cache_read_input_tokens": 10, "output_tokens": 5}}
say(type="system", subtype="init", model=who)
say(type="assistant", message={{"id": "m1", "model": who, "usage": used, "content": []}})
while (here / f"stuck-{{who}}").exists():
    time.sleep(0.05)
if who == "author":
    pathlib.Path("work.txt").write_text("work")
    said = "Done."
else:
    said = json.dumps({{"verdict": "approve", "summary": "fine"}})
total = {{name: count * (2 if resumed else 1) for name, count in used.items()}}
say(type="result", subtype="success", is_error=False, result=said, usage=total,
    permission_denials=[], total_cost_usd=0.5 * (2 if resumed else 1))
"""


def mission(folder: Path) -> Scratch:
    """One row, whose author and reviewer are the tool above."""
    tool = folder / "tool"
    tool.write_text(TOOL.format(python=sys.executable, here=str(folder)))
    tool.chmod(0o755)
    agents = {
        name: {"type": "claude", "model": name, "program": str(tool), "sandbox": {"type": "none"}}
        for name in ("author", "critic")
    }
    agents["worker"] = agents["author"]
    return make(folder, [row("A")], config={"agents": agents, "review": [{"by": ["critic"]}]})


def killed(scratch: Scratch, folder: Path, who: str) -> None:
    """Run until the journal holds what `who` has used by then, and kill the run."""
    (folder / f"stuck-{who}").touch()
    environment = {**os.environ, "MISSION_HOME": str(folder / "home")}
    command = [sys.executable, "-m", "tests.crash.runner", str(scratch.task_file)]
    running = subprocess.Popen(command, env=environment)
    wanted = {"author": 95, "critic": 190}[who]
    deadline = time.monotonic() + 300
    with scratch.journal() as journal:
        while journal.spent("A").tokens < wanted:
            assert time.monotonic() < deadline, journal.attempts("A")
            assert running.poll() is None
            threading.Event().wait(0.05)
    running.send_signal(signal.SIGKILL)
    running.wait()
    (folder / f"stuck-{who}").unlink()


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    return mission(tmp_path)


def test_an_author_that_was_killed_goes_on_in_its_session(scratch: Scratch, tmp_path: Path) -> None:
    killed(scratch, tmp_path, "author")
    assert scratch.run().exit_code == 0
    with scratch.journal() as journal:
        first, second = journal.attempts("A")
        assert (first.outcome, first.tokens, first.cached_tokens) == ("interrupted", 95, 10)
        assert first.session is not None
        assert second.session == first.session
        assert second.tokens == 95 + 95  # its own, and the review
        assert journal.spent("A").cached_tokens == 30
    author, again, critic = (tmp_path / "starts").read_text().splitlines()
    assert (author, again) == ("author None", f"author {first.session}")
    assert critic == "critic None"


def test_a_review_that_was_killed_is_paid_for(scratch: Scratch, tmp_path: Path) -> None:
    killed(scratch, tmp_path, "critic")
    assert scratch.run().exit_code == 0
    with scratch.journal() as journal:
        (attempt,) = journal.attempts("A")
        assert attempt.tokens == 3 * 95
        assert attempt.cached_tokens == 30
        assert len(journal.events(ReviewMade)) == 1
        booked = [event.what.input_tokens for event in journal.events(UsageBooked)]
        assert sum(booked) == 200
    assert (tmp_path / "starts").read_text().count("author") == 1
