"""The whole command, Prefect included, killed at random instants: it converges, and Prefect's
record has nothing left that runs. `make soak` kills it more often.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.crash.converging import roll
from tests.prefect_server import new_server
from tests.scratch import Scratch, make, row
from workspace.git import Git

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(900)]

LONGEST = 9.0  # seconds until a kill: past the imports, into the rows
ROWS = (
    row("A"),
    row("B", after="A"),
    row("C", after="A"),
    row("D", after="B, C"),
    row("Z", after="D", agent="—", branch="(aggregate)"),
)
MISSION = (sys.executable, "-m", "cli")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def scratch(
    tmp_path: Path, prefect_database: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Scratch]:
    new_server(tmp_path / "home" / "prefect", prefect_database)
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    yield make(tmp_path, ROWS)
    subprocess.run([*MISSION, "server", "stop"], cwd=ROOT, check=False, capture_output=True)


def start(scratch: Scratch) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*MISSION, "run", str(scratch.task_file)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize(
    "kills", [3, pytest.param(40, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])]
)
def test_the_command_converges_and_prefect_has_nothing_left_that_runs(
    scratch: Scratch, kills: int
) -> None:
    seed, dice = roll()
    subprocess.run([*MISSION, "server", "start"], cwd=ROOT, check=True, capture_output=True)
    for _ in range(kills):
        with start(scratch) as process:
            try:
                process.wait(dice.uniform(1.0, LONGEST))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
    with start(scratch) as process:
        _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, f"seed {seed}: {errors.decode()}"
    assert set(scratch.statuses().values()) == {"done"}, f"seed {seed}"
    assert sorted(scratch.merged()) == ["A", "B", "C", "D"], f"seed {seed}"
    assert not Git(scratch.remote).run("fsck", "--strict", "--no-dangling").stderr.strip()
    assert running(scratch) == [], f"seed {seed}"


def running(scratch: Scratch) -> list[str]:
    """Flow runs and task runs that Prefect's record calls under way."""
    asked = [*MISSION, "server", "status", "--secret", "--json"]
    status = subprocess.run(asked, cwd=ROOT, capture_output=True, check=True)
    told = json.loads(status.stdout)
    login = tuple(told["secret"].split(":"))
    under_way = {"state": {"type": {"any_": ["RUNNING", "PENDING"]}}}
    found = []
    for kind in ("flow_runs", "task_runs"):
        answer = httpx.post(
            f"{told['api']}/{kind}/filter", json={kind: under_way}, auth=login, timeout=30
        )
        answer.raise_for_status()
        found += [str(run["name"]) for run in answer.json()]
    return found
