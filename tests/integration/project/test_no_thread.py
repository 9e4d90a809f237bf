"""A machine that gives no further thread: one message, and nobody waits for what will not come.

The limit is a real one, of user tasks. Root is above it, so root becomes another user first.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
_HINT = (
    "The machine limits them (`ulimit -u`, `ulimit -v`, cgroup): raise that or lower max_parallel"
)
# How a script begins: with everything imported that is imported late, as a user who may have what
# runs already and nothing more.
_START = """
import asyncio, resource, threading
from errors import MissionError, told
from workspace.process import Stop
def limit():
    asyncio.run(asyncio.sleep(0))
    if os.geteuid() == 0:
        os.setresuid(54321, 54321, 54321)
    resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
    try:
        threading.Thread(target=print).start()
    except RuntimeError:
        return
    raise SystemExit("not limited")
"""
_SUBMITS = """
from orchestrator.ports.engine import Job, ThreadEngine
ends, ran = [], []
with ThreadEngine(2) as engine:
    limit()
    job = Job(task="A", name="A (attempt 2)", tags=(), after=(), run=lambda: ran.append(1))
    engine.submit(job, lambda _job, error: ends.append(error))
(error,) = ends
assert not ran
"""
_HANDS_OVER = """
from workspace.side_thread import one_thread
limit()
try:
    with one_thread("scribe") as pool:
        raise SystemExit("it was begun")
except MissionError as caught:
    error = caught
"""
_WORKS = """
from flows.signals import on_a_thread
limit()
try:
    on_a_thread(lambda: print("it was begun"), Stop())
except MissionError as caught:
    error = caught
"""
_ASKS = """
from forges.http import Api
client = Api(root="https://forge.example", headers={})
limit()
try:
    client.get("/x")
except MissionError as caught:
    error = caught
"""


@pytest.mark.parametrize(
    ("script", "message", "hint"),
    [
        (_SUBMITS, "A (attempt 2) got no thread: can't start new thread", _HINT),
        (_HANDS_OVER, "“scribe” got no thread: can't start new thread", _HINT),
        (_WORKS, "“work” got no thread: can't start new thread", _HINT),
        (
            _ASKS,
            "forge.example was not asked: “forge” got no thread: can't start new thread",
            "",
        ),
    ],
    ids=["a job", "the scribe", "the command", "a forge"],
)
def test_it_is_told_at_once(script: str, message: str, hint: str) -> None:
    told = "import os, sys\n" + _START + script + "print(error.message); print(error.hint)\n"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", told],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{message}\n{hint}\n"
