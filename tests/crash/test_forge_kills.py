"""Killed anywhere between gate, push, pull request, merge, confirm and close: all happens once.

The forge sees every step as a request, so a kill is aimed at one: at the n-th request, drawn by
chance. `MISSION_KILLS` asks for more of them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.crash import converging
from tests.crash.converging import finish, roll, start
from tests.forge.mission import ForgeMission, forge_mission
from tests.scratch import row

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(1500)]

# For each merge strategy.
KILLS = converging.KILLS * 2 // 10
PER_MISSION = 5  # then the mission is left to finish
ROWS = (
    row("A").replace("| — | worker", "| #7 | worker"),
    row("B"),
    row("C", after="A").replace("| — | worker", "| #7 | worker"),
    row("Z", after="B, C", agent="—", branch="(aggregate)").replace("| — | — |", "| #8 | — |"),
)


@pytest.mark.parametrize("strategy", ["serial", "batch"])
def test_killed_runs_on_a_forge_do_everything_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, strategy: str
) -> None:
    seed, dice = roll()
    requests = _undisturbed(tmp_path / "undisturbed", monkeypatch, strategy)
    kills = 0
    while kills < KILLS:
        folder = tmp_path / f"after-{kills}"
        with _mission(folder, monkeypatch, strategy) as mission:
            for _ in range(min(PER_MISSION, KILLS - kills)):
                kills += _run_and_kill(mission, dice.randrange(requests))
            told = f"seed {seed}, after {kills} kills"
            assert finish(mission.scratch) == 0, f"{told}: {mission.scratch.statuses()}"
            _check(mission, told)


def _undisturbed(folder: Path, monkeypatch: pytest.MonkeyPatch, strategy: str) -> int:
    """How many requests a run takes that nobody disturbs."""
    with _mission(folder, monkeypatch, strategy) as mission:
        assert finish(mission.scratch) == 0, mission.scratch.statuses()
        _check(mission, "undisturbed")
        return len(mission.server.requests)


@contextmanager
def _mission(
    folder: Path, monkeypatch: pytest.MonkeyPatch, strategy: str
) -> Iterator[ForgeMission]:
    folder.mkdir()
    monkeypatch.setenv("MISSION_HOME", str(folder / "home"))
    with forge_mission(folder, ROWS, config={"merge": {"strategy": strategy}}) as mission:
        mission.sign_in(monkeypatch)
        for number in (7, 8):
            mission.server.model.add_issue(number)
        yield mission


def _run_and_kill(mission: ForgeMission, after: int) -> int:
    """Kill a run at its request number `after`. 1 if it was killed, 0 if it had ended before."""
    until = len(mission.server.requests) + after
    with start(mission.scratch) as process:
        while process.poll() is None:
            if len(mission.server.requests) >= until:
                process.kill()
                process.wait()
                return 1
            mission.server.wait_a_moment()
        assert process.returncode == 0, (process.stderr or sys.stderr).read()
    return 0


def _check(mission: ForgeMission, told: str) -> None:
    model, scratch = mission.server.model, mission.scratch
    assert set(scratch.statuses().values()) == {"done"}, told
    assert sorted(scratch.merged()) == ["A", "B", "C"], told
    opened = sorted(pull.branch for pull in model.pulls.values())
    assert opened == ["feat/a", "feat/b", "feat/c"], f"{told}: {opened}"
    # In batches the runner merges by a push, and says so in the pull requests that it ends.
    ended = [pull.number for pull in model.pulls.values() if "has put this on main" in pull.body]
    assert sorted(model.merges + ended) == sorted(model.pulls), told
    for number in (7, 8):
        issue = model.issues[number]
        told_once = (issue.state, issue.closings, len(issue.comments))
        assert told_once == ("closed", 1, 1), f"{told}: #{number} {told_once}"
    assert set(model.heads()) == {"main"}, told
    assert scratch.git.text("status", "--porcelain") == "", told
    with scratch.journal() as journal:
        assert journal.open_attempts() == [], told
