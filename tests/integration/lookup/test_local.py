"""The mission of a folder, without a transport."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from mcp.client.client import Client

from lookup.local import LocalMission
from lookup.paging import MOST, answer
from lookup.server import OneMission, make_server
from lookup.telling import status_told, task_told
from lookup.tools import TOOLS
from mission.place import mission_home
from mission.usage import Usage
from service.making import make_standing
from service.story import Story
from tests import shown_mission
from tests.unit.service.test_waits import far, plan
from workspace.redact import Redactor

_DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def test_it_is_told_when_the_mission_will_be_done(tmp_path: Path) -> None:
    place = shown_mission.make(tmp_path / "plan")
    mission = LocalMission(place, str)
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
    mission = LocalMission(place, str)
    rows = [f"PAY-{number:02}" for number in range(1, 18)]
    whole = [mission.status(), *map(mission.task, rows), mission.search("pay"), mission.forecast()]
    text = "\n".join(line for told in whole for line in told.lines)
    assert "attempt 1: " in text
    assert str(tmp_path) not in text
    assert "/home" not in text
    assert ".log" not in text


def test_a_note_that_quotes_folders_is_told_without_them(tmp_path: Path) -> None:
    place = shown_mission.make(tmp_path / "plan")
    folders = (place.folder, place.state_dir / "logs", mission_home() / "worktrees" / "PAY-17")
    text = place.task_file.read_text(encoding="utf-8")
    said = "Close " + " and ".join(f"{folder}/x.py" for folder in folders)
    place.task_file.write_text(text.replace("Close the milestone.", said), encoding="utf-8")
    mission = LocalMission(place, str)
    for told in (mission.task("PAY-17"), mission.search("close")):
        line = next(line for line in told.lines if "x.py" in line)
        assert not any(str(folder) in line for folder in folders)
        assert str(tmp_path) not in line
        assert "Close (mission)/x.py and (" in line.replace("(repository)", "(mission)")


def test_a_secret_that_an_excerpt_cuts_is_not_told(tmp_path: Path) -> None:
    place = shown_mission.make(tmp_path / "plan")
    text = place.task_file.read_text(encoding="utf-8")
    said = f"Close {'x' * 125} planted-{'secret-' * 20}."
    place.task_file.write_text(text.replace("Close the milestone.", said), encoding="utf-8")
    redact = Redactor([f"planted-{'secret-' * 20}"]).text
    lines = LocalMission(place, redact).search("xxx").lines
    assert any("xxx" in line for line in lines)
    assert not any("planted-s" in line for line in lines)


@pytest.mark.parametrize(
    ("tool", "file", "holds", "why"),
    [
        (
            "mission_forecast",
            "mission.yaml",
            b"notify:\n  to: planted-value\n",
            "its settings, in mission.yaml",
        ),
        (
            "mission_status",
            "TASKS.md",
            b"",
            "its TASKS.md cannot be understood",
        ),
    ],
    ids=["settings", "plan"],
)
def test_why_a_mission_cannot_be_read_quotes_nothing(
    tmp_path: Path, tool: str, file: str, holds: bytes, why: str
) -> None:
    place = shown_mission.make(tmp_path / "plan")
    if holds:
        (place.folder / file).write_bytes(holds)
    else:
        (place.folder / file).unlink()

    async def ask() -> str:
        server = make_server(OneMission(lambda: LocalMission(place, str)), str, keeps=True)
        async with Client(server) as client:
            return repr(await client.call_tool(tool, {}))

    text = anyio.run(ask)
    assert f"The mission cannot be read now: {why}" in text
    assert "planted-value" not in text
    assert str(tmp_path) not in text


def test_another_clone_is_told_without_its_host() -> None:
    standing = make_standing(replace(plan(C="done"), elsewhere=far()))
    story = Story(
        task="A", row=None, chapters=(), events=(), together=(), requests=(), usage=Usage()
    )
    lines = [*status_told(standing).lines, *task_told(standing, story).lines]
    assert "waits: another clone carries the mission out" in lines
    assert not any("far" in line for line in lines)
