"""A person stashes what the run has written, in the instant before it is published."""

from __future__ import annotations

from pathlib import Path

from mission.state import Status
from orchestrator.loop.board import StatusChange
from orchestrator.opening import open_mission
from orchestrator.ports.display import RecordingDisplay
from tests.scratch import make, row
from workspace.git import Git
from workspace.process import Stop


def test_what_is_stashed_is_put_back_before_it_is_published(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A"), row("B")])
    with open_mission(str(scratch.task_file), RecordingDisplay(), Stop()) as (parts, board):
        board.stage(StatusChange(task="A", status=Status.IN_PROGRESS))
        board.write()
        scratch.git.run("-c", "user.name=P", "-c", "user.email=p@x.invalid", "stash", "--quiet")
        assert parts.status_commits.publish_status()
    assert "| A | in-progress |" in Git(scratch.remote).text("show", "main:plan/TASKS.md")
    assert scratch.statuses()["A"] == "in-progress"
