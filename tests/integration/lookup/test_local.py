"""The mission of a folder, without a transport."""

from __future__ import annotations

import re
from pathlib import Path

from lookup.local import LocalMission
from lookup.paging import MOST, answer
from lookup.tools import TOOLS
from tests import shown_mission

_DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def test_it_is_told_when_the_mission_will_be_done(tmp_path: Path) -> None:
    place = shown_mission.make(tmp_path / "plan")
    mission = LocalMission(place)
    told = next(one for one in TOOLS if one.name == "mission_forecast").asks(mission, "")
    text = answer(told, None, str)
    finish = re.search(
        rf"^finish: p50 ({_DATE}), p80 ({_DATE}), p95 ({_DATE}),", text, re.MULTILINE
    )
    assert finish is not None
    assert list(finish.groups()) == sorted(finish.groups())
    assert re.search(r"^cost: p50 \$", text, re.MULTILINE)
    assert len(text.encode()) <= MOST
    assert mission.forecast() is told  # who pages on sees the same one
    plan = place.task_file.read_text(encoding="utf-8")
    place.task_file.write_text(plan.replace("| 3K |", "| 9K |"), encoding="utf-8")
    assert mission.forecast().version != told.version


def test_what_a_mission_tells_names_nothing_of_the_machine(tmp_path: Path) -> None:
    place = shown_mission.make(tmp_path / "plan")
    mission = LocalMission(place)
    rows = [f"PAY-{number:02}" for number in range(1, 18)]
    whole = [mission.status(), *map(mission.task, rows), mission.search("pay"), mission.forecast()]
    text = "\n".join(line for told in whole for line in told.lines)
    assert "attempt 1: " in text
    assert str(tmp_path) not in text
    assert "/home" not in text
    assert ".log" not in text
