"""A person stops the run while statuses are published: what is said is how they are."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from errors import ClaimLostError, StoppedError
from mission.journal.kinds import StatusPublished
from mission.state import Status
from orchestrator.loop.board import StatusChange
from orchestrator.opening import open_mission
from orchestrator.ports.display import RecordingDisplay
from tests.scratch import make, row
from workspace import branches
from workspace.process import Stop
from workspace.repository import Repository
from workspace.settings import Settings


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

        def taken_over(*_given: Any) -> None:
            raise ClaimLostError("taken over by x")

        display.said.clear()
        monkeypatch.setattr(Repository, "fetch_base", taken_over)
        assert not parts.status_commits.publish_status()
        assert display.said == ["status is written here, but not committed: taken over by x"]
        monkeypatch.setattr(Repository, "fetch_base", stopped)
        monkeypatch.setattr(Repository, "base_tip", stopped)
        assert not parts.status_commits.publish_status()  # nobody can tell where the base is


def stopped(*_given: Any) -> None:
    raise StoppedError("stopped: Ctrl-C was pressed")


def test_a_hook_that_cannot_be_read_at_the_end_leaves_no_run_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(*_given: Any) -> None:
        raise PermissionError(13, "Permission denied", "hooks/pre-push")

    scratch, display = make(tmp_path, [row("A")]), RecordingDisplay()
    with open_mission(str(scratch.task_file), display, Stop()):
        monkeypatch.setattr(Settings, "check", unreadable)
    (told,) = display.said
    assert "hooks/pre-push" in told
    with scratch.journal() as journal:
        assert journal.open_runs() == []
