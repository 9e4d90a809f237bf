"""Killed anywhere between gate, push, pull request, merge, confirm and close: all happens once.

The forge sees every step as a request, so a kill is aimed at one: at the first of each kind. In
`make soak` at the n-th, drawn by chance, a hundred times.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.crash import forked
from tests.crash.converging import errors, finish, roll
from tests.forge.mission import ForgeMission, forge_mission
from tests.scratch import row

pytestmark = [pytest.mark.crash, pytest.mark.slow]

KILLS = 100  # at requests drawn by chance, for each merge strategy
PER_MISSION = 5  # of those; then the mission is left to finish
ROWS = (
    row("A").replace("| — | worker", "| #7 | worker"),
    row("B"),
    row("C", after="A").replace("| — | worker", "| #7 | worker"),
    row("Z", after="B, C", agent="—", branch="(aggregate)").replace("| — | — |", "| #8 | — |"),
)
Request = tuple[str, str]  # method and path

# Of both strategies, the requests that change something: each was the last that a run made.
CHANGES = {"POST pulls", "POST issues/…/comments", "PATCH issues/…", "DELETE branches/…"}
EVERY_STRATEGY = pytest.mark.parametrize("strategy", ["serial", "batch"])


@EVERY_STRATEGY
def test_killed_at_the_first_request_of_each_kind_all_happens_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, strategy: str
) -> None:
    known: set[Request] = set()

    def is_new(request: Request) -> bool:
        kind = _kind(request)
        fresh = kind not in known
        known.add(kind)
        return fresh

    with _mission(tmp_path / "killed", monkeypatch, strategy) as mission:
        while _killed_when(mission, is_new):
            pass
        told = f"after kills at {sorted(known)}"
        assert set(mission.scratch.statuses().values()) == {"done"}, told
        _check(mission, told)
    changes = {f"{method} {path.rpartition('/project/')[2]}" for method, path in known}
    assert changes >= CHANGES


@EVERY_STRATEGY
@pytest.mark.soak
@pytest.mark.timeout(6 * 3600)
def test_killed_at_random_requests_all_happens_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, strategy: str
) -> None:
    seed, dice = roll()
    requests = _undisturbed(tmp_path / "undisturbed", monkeypatch, strategy)
    kills = 0
    while kills < KILLS:
        with _mission(tmp_path / f"after-{kills}", monkeypatch, strategy) as mission:
            for _ in range(min(PER_MISSION, KILLS - kills)):
                kills += _killed_when(mission, _nth(dice.randrange(requests)))
            told = f"seed {seed}, after {kills} kills"
            assert finish(mission.scratch) == 0, f"{told}: {mission.scratch.statuses()}"
            _check(mission, told)


def _nth(number: int) -> Callable[[Request], bool]:
    """Says yes to this one of the requests, counted from 0."""
    left = iter(range(number, -1, -1))
    return lambda _request: next(left) == 0


def _kind(request: Request) -> Request:
    """A request without what differs from one pull request, commit and branch to the next."""
    method, path = request
    return method, re.sub(r"\b([0-9]+|[0-9a-f]{40}|feat/[a-z]|feat%2F[a-z])\b", "…", path)


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


def _killed_when(mission: ForgeMission, hit: Callable[[Request], bool]) -> bool:
    """Run until a request is `hit`, and kill the run there. False if it had ended before."""
    server = mission.server
    looked_at = len(server.requests)
    process = forked.start(mission.scratch.task_file, errors(mission.scratch))
    while process.is_alive():
        for request in server.requests[looked_at:]:
            looked_at += 1
            if hit(request):
                process.kill()
                process.join()
                return True
        server.wait_a_moment()
    assert process.exitcode == 0, errors(mission.scratch).read_text()
    return False


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
