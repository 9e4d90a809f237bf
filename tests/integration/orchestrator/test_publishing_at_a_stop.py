"""A person stops the run while statuses are published: what is said is how they are."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from errors import StoppedError
from mission.journal.kinds import StatusPublished
from mission.state import Status
from orchestrator.loop.board import StatusChange
from orchestrator.opening import open_mission
from orchestrator.ports.display import RecordingDisplay
from tests.scratch import make, row
from workspace import branches
from workspace.process import Stop


def test_statuses_that_are_on_the_base_are_not_said_to_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = branches.move_base

    def stopped_behind_it(*given: Any) -> None:
        move(*given)
        stop.request("Ctrl-C was pressed")
        raise StoppedError("stopped: Ctrl-C was pressed")

    monkeypatch.setattr(branches, "move_base", stopped_behind_it)
    gate = {"type": "script", "run": [sys.executable, "-S", "-c", "pass"]}
    scratch = make(tmp_path, [row("A"), row("B")], config={"gates": [gate]})
    display, stop = RecordingDisplay(), Stop()
    with open_mission(str(scratch.task_file), display, stop) as (parts, board):
        board.stage(StatusChange(task="A", status=Status.IN_PROGRESS))
        board.write()
        assert parts.status_commits.publish_status()
        assert stop.requested
        assert display.said == []
        board.stage(StatusChange(task="B", status=Status.IN_PROGRESS))
        board.write()
        assert not parts.status_commits.publish_status()
        (told,) = display.said
        assert told.startswith("the statuses are in plan/TASKS.md, and not on main yet: the next")
        assert [one.what.ok for one in parts.journal.events(StatusPublished)] == [False]
