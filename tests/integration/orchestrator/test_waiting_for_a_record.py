"""The engine's record may be waited for long: the mission is free meanwhile."""

from __future__ import annotations

from pathlib import Path

from mission.place import Place
from orchestrator.ports.display import RecordingDisplay
from orchestrator.ports.engine import ThreadEngine
from orchestrator.run import RunRequest, run_mission
from tasks_md.lock import refuse_if_held
from tests.scratch import make, row
from workspace.process import Stop


class Late(ThreadEngine):
    """Its run gets its name, and its record is waited for, while others may write."""

    def __init__(self, state_dir: Path) -> None:
        super().__init__(1)
        self._state_dir = state_dir

    def missing(self) -> tuple[str, ...]:
        refuse_if_held(self._state_dir, timeout=0.0)
        self.run_id = "quiet-otter"
        return ("A #1",)


def test_a_run_that_waits_for_its_record_holds_nothing(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A", status="done")])
    request = RunRequest(path=str(scratch.task_file))
    with Late(Place.find(request.path).state_dir) as engine:
        end = run_mission(request, engine, RecordingDisplay(), Stop())
    assert end.missing == ("A #1",)
    with scratch.journal() as journal:
        run = journal.last_run()
    assert run is not None
    assert run.engine_run == "quiet-otter"
