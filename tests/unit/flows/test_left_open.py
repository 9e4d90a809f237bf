"""What a run notes of its record for the next one, and what becomes of it where it cannot."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from errors import GitError
from flows import following
from flows.following import FollowedEngine, LeftOpen, follow
from flows.keeper_process import Keeper
from mission.place import Place
from orchestrator.ports.display import RecordingDisplay
from orchestrator.run import RunRequest
from tests.scratch import make, row
from tests.unit.flows.test_keeper_process import script
from workspace.process import Stop


def test_it_is_there_until_a_record_is_closed(tmp_path: Path) -> None:
    said: list[str] = []
    left = LeftOpen(tmp_path)
    for given_up in (True, True, False, False):
        left.note(given_up, said.append)
        assert bool(left) == given_up
    assert said == []


@pytest.mark.parametrize("given_up", [True, False])
def test_where_it_cannot_be_noted_that_is_said(tmp_path: Path, given_up: bool) -> None:
    state = tmp_path / "state"
    state.touch()  # no folder, as one that is full or read-only
    said: list[str] = []
    LeftOpen(state).note(given_up, said.append)
    (line,) = said
    assert line.startswith("The next run is not told whether Prefect's record of this one is")


def test_how_the_run_ended_is_told_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = make(tmp_path, [row("A")])
    state = Place.find(str(scratch.task_file)).state_dir

    def ends(_request: RunRequest, engine: FollowedEngine, *_: object, **_more: object) -> None:
        engine.close_stale(("an earlier one",))
        if state.exists():
            state.rmdir()
        state.parent.mkdir(parents=True, exist_ok=True)
        state.touch()
        raise GitError("how it ended")

    monkeypatch.setattr("flows.following.orchestrator.run_mission", ends)
    monkeypatch.setattr(following, "Keeper", partial(Keeper, command=script()))
    display = RecordingDisplay()
    with pytest.raises(GitError, match="how it ended"):
        follow(RunRequest(path=str(scratch.task_file)), display, Stop())
    assert "The next run is not told" in display.said[-1]
