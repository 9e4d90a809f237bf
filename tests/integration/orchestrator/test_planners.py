"""Planners that are limited, overloaded or crash, and those who stand in for them."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pytest

from errors import AgentError
from mission.journal.kinds import RowWaits
from orchestrator.opening import open_mission
from orchestrator.ports.display import RecordingDisplay
from orchestrator.ports.engine import ThreadEngine
from orchestrator.run import RunRequest, run_mission
from orchestrator.run_end import RunEnd
from tests.integration.orchestrator.test_expanding import PLACEHOLDER, PLAN
from tests.scratch import Scratch, make, row
from tests.unsteady import order, unsteady
from workspace.process import Stop


def away(folder: Path, says: dict[str, list[str]], **settings: object) -> Scratch:
    """A mission whose second milestone is planned by `other`, or `codex` in its place."""
    planner = unsteady(folder, says, answers={"other": PLAN, "codex": PLAN})
    agents = {
        "worker": {"type": "command", "run": [sys.executable, "-S", str(folder / "worker.py")]},
        "other": planner | settings,
        "codex": planner,
    }
    scratch = make(folder, [row("A"), PLACEHOLDER], config={"agents": agents}, shared=False)
    text = scratch.task_file.read_text()
    scratch.task_file.write_text(text.replace("`worker` | `other`", "`other` | `worker`"))
    return scratch


def run_expanding(scratch: Scratch, display: RecordingDisplay | None = None) -> RunEnd:
    with ThreadEngine(2) as engine:
        request = RunRequest(path=str(scratch.task_file), expand=True)
        return run_mission(request, engine, display or RecordingDisplay(), Stop())


def asked(folder: Path) -> list[str]:
    return [line.partition(" ")[2] for line in order(folder)]


def test_a_planner_that_is_away_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("policy.retry.FIRST_DELAY", timedelta(milliseconds=1))
    scratch = away(tmp_path, {"other": ["overloaded", "rate-limit 1", "crashed"]})
    assert run_expanding(scratch).exit_code == 0
    assert scratch.merged() == ["A", "M2-01", "M2-02"]
    assert asked(tmp_path) == ["other"] * 4
    with scratch.journal() as journal:
        waits = [event.what for event in journal.events(RowWaits, task="M2")]
    assert {(wait.on, wait.who) for wait in waits} == {("provider", "other")}


def test_who_stands_in_for_a_planner_is_asked_while_it_rests(tmp_path: Path) -> None:
    scratch = away(tmp_path, {"other": ["quota 3600"]}, fallback="codex")
    assert run_expanding(scratch).exit_code == 0
    assert asked(tmp_path) == ["other", "codex"]


def test_an_overload_of_a_planner_is_its_fallback_s_turn(tmp_path: Path) -> None:
    says = {"other": ["overloaded"] * 9}
    scratch = away(tmp_path, says, fallback="codex")
    assert run_expanding(scratch).exit_code == 0
    assert asked(tmp_path) == ["other", "codex"]


def test_a_planner_that_does_not_come_back_leaves_the_placeholder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("policy.retry.FIRST_DELAY", timedelta(milliseconds=1))
    scratch = away(tmp_path, {"other": ["crashed"] * 9})
    display = RecordingDisplay()
    assert run_expanding(scratch, display).exit_code == 0
    assert scratch.merged() == ["A"]
    assert asked(tmp_path) == ["other"] * 3
    assert any("M2 stays a placeholder" in told for told in display.said)


def test_people_are_answered_while_a_run_waits_for_its_planner(tmp_path: Path) -> None:
    scratch = away(tmp_path, {"other": ["quota 3600"]})
    stop, told = Stop(), RecordingDisplay()

    class Asking(RecordingDisplay):
        def say(self, text: str) -> None:
            told.say(text)
            if "did not plan" in text:
                with scratch.journal() as journal:
                    journal.submit_request("set", "A", by="ada", status="done")
            if "A: set by a person" in text:
                stop.request("seen")

    with ThreadEngine(2) as engine:
        request = RunRequest(path=str(scratch.task_file), expand=True)
        assert run_mission(request, engine, Asking(), stop).stopped == "seen"


def test_a_command_that_plans_waits_a_little_and_else_says_what_to_type(tmp_path: Path) -> None:
    scratch = away(tmp_path, {"other": ["rate-limit 1", "quota 3600"]})
    with (
        open_mission(str(scratch.task_file), RecordingDisplay(), Stop()) as (parts, _),
        pytest.raises(AgentError, match="Type `mission expand M2` after 20"),
    ):
        parts.planning.expand_patiently("M2", force=True)
    assert asked(tmp_path) == ["other", "other"]
