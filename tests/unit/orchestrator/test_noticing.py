"""Plan and settings that people break while a run is under way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from errors import MissionError
from orchestrator.loop.events import FileChanged
from orchestrator.ports.assignment import Assignment
from orchestrator.ports.carrier import ScriptedCarrier
from orchestrator.ports.ends import TaskEnd
from orchestrator.soundness.noticing import Noticing
from tests.unit.orchestrator.in_memory import InMemory, done, table

ROWS = (("A", ""), ("B", "A"), ("C", "B"), ("D", "A"))


def edited(tmp_path: Path, edit: Callable[[InMemory], None]) -> tuple[InMemory, Noticing]:
    """A mission that a person edits while A is under way."""
    mission = InMemory(text=table(*ROWS), slots=1)
    noticing = Noticing(tmp_path / "mission.yaml", mission.display.say)
    mission.notice = noticing.look

    def carry_out(assignment: Assignment) -> TaskEnd:
        if assignment.task.id == "A":
            edit(mission)
            mission.events.put(FileChanged())
        return done(assignment)

    mission.dispatcher._agents = ScriptedCarrier(carry_out)
    return mission, noticing


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("| feat/b | A |", "| feat/b | Z |", "depends on Z"),
        ("| feat/b | A |", "| feat/b | C |", "wait"),
        ("| B | not-started |", "| B | soon |", "'soon' is not declared"),
    ],
)
def test_a_broken_plan_is_told_at_once_with_the_rows_that_cannot_run(
    tmp_path: Path, old: str, new: str, why: str
) -> None:
    def edit(mission: InMemory) -> None:
        mission.file.text = mission.file.text.replace(old, new)

    mission, noticing = edited(tmp_path, edit)
    mission.run()
    assert (mission.statuses()["A"], mission.statuses()["D"]) == ("done", "done")
    [told] = noticing.left
    assert "These rows cannot run: B, C (" in told
    said = mission.display.said
    assert said.index(told) < said.index("A: done")


def test_a_plan_that_is_mended_is_told_too(tmp_path: Path) -> None:
    mission, noticing = edited(tmp_path, lambda _: None)
    good, plan = mission.file.text, mission.board.plan
    mission.file.text = good.replace("| feat/b | A |", "| feat/b | Z |")
    noticing.look(mission.file.read())
    assert len(noticing.left) == 1
    mission.file.text = good
    noticing.look(mission.file.read())
    assert list(noticing.left) == []
    assert mission.display.said[-1] == "The plan is in order again"
    noticing.look(plan)
    assert len(mission.display.said) == 2


def test_broken_settings_are_told_and_the_run_goes_on(tmp_path: Path) -> None:
    settings = tmp_path / "mission.yaml"

    def edit(mission: InMemory) -> None:
        settings.write_text("max_paralel: 3\n")

    mission, noticing = edited(tmp_path, edit)
    mission.run()
    assert set(mission.statuses().values()) == {"done"}
    [told] = noticing.left
    assert "max_paralel" in told
    assert "no row can run in the next one" in told
    assert told in mission.display.said
    settings.write_text("max_parallel: 3\n")
    noticing.look(mission.board.plan)
    assert list(noticing.left) == []
    settings.write_text("max_parallel: 4\n")
    noticing.look(mission.board.plan)
    assert mission.display.said[-1].startswith("mission.yaml was changed (max_parallel): this run")


@pytest.mark.parametrize("text", ["", "| id | status |\n| --- | --- |\n"])
def test_a_row_that_is_gone_as_it_ends_stops_the_run_with_a_word(tmp_path: Path, text: str) -> None:
    def edit(mission: InMemory) -> None:
        mission.file.text = text

    mission, _ = edited(tmp_path, edit)
    with pytest.raises(MissionError, match="A"):
        mission.run()
    assert len(mission.journal.open_attempts()) == 1
