"""`mission limit` is for a run that is under way, and for that one alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from mission.journal.kinds import DispatchBegan
from mission.place import Place
from mission.slots import SlotsFile
from tests.command import run
from tests.scratch import make, row


def test_a_limit_is_for_one_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    scratch = make(tmp_path, [row("A")])
    monkeypatch.chdir(scratch.top)
    path = str(scratch.task_file)
    said = run(capsys, "limit", path, "3", code=2)
    assert "no run is under way" in said
    assert "`mission run --max-parallel 3`" in said
    for wrong in ("0", "1025", "two", "1.5", "٣"):
        assert "from 1 to 1024" in run(capsys, "limit", path, wrong, code=2)

    place = Place.find(path)
    file = SlotsFile.of(place.keep_state())
    file.write(1)  # of a run that was killed
    scratch.run()
    assert scratch.statuses() == {"A": "done"}
    assert file.read() is None
    with scratch.journal() as journal:
        assert [one.what.slots for one in journal.events(DispatchBegan)] == [4]
