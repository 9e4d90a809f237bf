"""The end of a run: each step of it is done, whatever comes of those before."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.claiming.remote_claim import RemoteClaim
from orchestrator.opening import open_mission
from orchestrator.ports.display import RecordingDisplay
from tests.scratch import make, row
from workspace.process import Stop


def test_a_step_that_fails_keeps_no_other_from_being_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = make(tmp_path, [row("A")])
    done: list[str] = []

    def fails(_claim: RemoteClaim) -> None:
        done.append("claim")
        raise LookupError("a bug")

    monkeypatch.setattr(RemoteClaim, "give_back", fails)
    monkeypatch.setattr("orchestrator.opening._leave_as_found", lambda *_: done.append("settings"))
    monkeypatch.setattr("orchestrator.opening._clear_pool", lambda *_: done.append("pool"))
    with (
        pytest.raises(LookupError, match="a bug"),
        open_mission(str(scratch.task_file), RecordingDisplay(), Stop()),
    ):
        pass
    assert done == ["claim", "settings", "pool"]
    with scratch.journal() as journal:
        assert [run.outcome for run in journal.runs()] == ["ended"]
