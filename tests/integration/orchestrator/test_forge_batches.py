"""Batches on a forge: one push of what was verified, and pull requests that say so."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mission.journal import EventKind
from tests.forge.mission import ForgeMission, forge_mission
from tests.integration.orchestrator.together import VERIFY, WORKER, Marking
from tests.scratch import row

pytestmark = pytest.mark.timeout(240)

NAMES = ("A", "B", "C", "D")


def run(mission: ForgeMission, marks: Path) -> None:
    """Until nothing is left to do; no tree was on the base that was not verified as a whole."""
    display = Marking(marks)
    end = mission.scratch.run(slots=len(NAMES), display=display)
    assert end.exit_code == 0, [mission.scratch.notes(name) for name in NAMES]
    assert sum("merge.strategy is batch" in text for text in display.said) == 1


@pytest.mark.parametrize("kind", ["gitea", "forgejo", "github", "gitlab"])
def test_what_was_verified_together_is_pushed_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    script = tmp_path / "verify.py"
    together = len(NAMES)
    script.write_text(VERIFY.format(marks=str(marks), bad=(), flaky=False, together=together))
    config = {
        "merge": {"strategy": "batch"},
        "verify": [{"name": "whole", "run": [sys.executable, str(script)], "on": ["merged"]}],
        "status": {"commit": "never"},
    }
    worker = WORKER.format(marks=str(marks), same=(), together=together)
    rows = [row(name) for name in NAMES]
    with forge_mission(tmp_path, rows, kind=kind, config=config, worker=worker) as mission:
        mission.sign_in(monkeypatch)
        model = mission.server.model
        model.manual_merges = kind == "gitea"

        run(mission, marks)

        assert set(mission.scratch.statuses().values()) == {"done"}
        assert sorted(mission.scratch.merged()) == list(NAMES)
        assert model.merges == []  # the forge merged nothing itself
        commits = {
            event.task: str(event.data["commit"])
            for event in mission.scratch.journal().events(kind=EventKind.MERGE)
        }
        for pull in model.pulls.values():
            task = pull.branch.removeprefix("feat/").upper()
            assert (pull.state, pull.merged) == ("closed", kind == "gitea")
            assert f"on main as {commits[task]}" in pull.body
        assert len(model.pulls) == together
        assert set(model.heads()) == {"main"}
        # One row alone, then all that came meanwhile: the base was at two verified trees.
        assert (marks / "verified").read_text().splitlines()[1:] == [",".join(NAMES)]
