"""Batches on a forge: one push of what was verified, and pull requests that say so."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mission.journal.kinds import Merged
from orchestrator.ports.display import RecordingDisplay
from tests.forge.mission import ForgeMission, forge_mission
from tests.integration.orchestrator.together import VERIFY, WORKER, Marking
from tests.scratch import row

NAMES = ("A", "B", "C", "D")


@contextmanager
def together(folder: Path, strategy: str, kind: str) -> Iterator[tuple[ForgeMission, Path]]:
    """A mission whose rows come to the merge queue together; and the list of what was verified."""
    marks = folder / "marks"
    marks.mkdir()
    script = folder / "verify.py"
    verify = VERIFY.format(marks=str(marks), together=len(NAMES), bad=(), flaky=False)
    script.write_text(verify)
    config = {
        "merge": {"strategy": strategy},
        "verify": [{"name": "whole", "run": [sys.executable, "-S", str(script)], "on": ["merged"]}],
        "status": {"commit": "never"},
    }
    worker = WORKER.format(marks=str(marks), first=NAMES[0], same=())
    rows = [row(name) for name in NAMES]
    with forge_mission(folder, rows, kind=kind, config=config, worker=worker) as mission:
        yield mission, marks / "verified"


def run(mission: ForgeMission, verified: Path) -> RecordingDisplay:
    """Until everything is done."""
    display = Marking(verified.parent)
    end = mission.scratch.run(slots=len(NAMES), display=display)
    assert end.exit_code == 0, [mission.scratch.notes(name) for name in NAMES]
    assert sorted(mission.scratch.merged()) == list(NAMES)
    assert set(mission.server.model.heads()) == {"main"}
    return display


@pytest.mark.parametrize("kind", ["gitea", "forgejo", "github", "gitlab"])
def test_what_was_verified_together_is_pushed_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    with together(tmp_path, "batch", kind) as (mission, verified):
        mission.sign_in(monkeypatch)
        model = mission.server.model
        model.manual_merges = kind == "gitea"

        display = run(mission, verified)

        assert sum("merge.strategy is batch" in text for text in display.said) == 1
        assert model.merges == []  # the forge merged nothing itself
        with mission.scratch.journal() as journal:
            merges = journal.events(Merged)
        commits = {event.task: event.what.commit for event in merges}
        assert len(model.pulls) == len(NAMES)
        for pull in model.pulls.values():
            task = pull.branch.removeprefix("feat/").upper()
            assert (pull.state, pull.merged) == ("closed", kind == "gitea")
            assert f"on main as {commits[task]}" in pull.body
        # One row alone, then all that came meanwhile: the base was at two verified trees.
        assert verified.read_text().splitlines()[1:] == [",".join(NAMES)]


def test_what_was_verified_ahead_is_not_verified_again_after_a_forge_s_merge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The forge's commit is another one than ours; its tree is the same."""
    with together(tmp_path, "serial", "gitea") as (mission, verified):
        mission.sign_in(monkeypatch)
        run(mission, verified)
        assert len(mission.server.model.merges) == len(NAMES)
        sizes = [len(line.split(",")) for line in verified.read_text().splitlines()]
        assert sizes == [1, 2, 3, 4]
