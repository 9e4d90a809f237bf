"""Reviewers that are limited, overloaded or crash, and what a review may cost.

The author's finished work is never done again for them.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from mission.journal.kinds import NoReview
from mission.place import Place
from orchestrator.ports.display import RecordingDisplay
from tests.scratch import Scratch, make, row
from tests.unsteady import order, unsteady
from workspace.process import Stop

APPROVAL = {"verdict": "approve", "summary": "fine", "findings": []}


def reviewed(
    folder: Path,
    rows: list[str],
    says: dict[str, list[str]],
    agents: dict[str, dict[str, object]] | None = None,
    **more: object,
) -> Scratch:
    """A mission whose rows by `worker` are reviewed by `sonnet`; `haiku` is there too.

    Each uses 900 tokens.
    """
    shared = unsteady(folder, says, answers={"sonnet": APPROVAL, "haiku": APPROVAL})
    names = ("worker", "other", "sonnet", "haiku")
    config = {
        "agents": {name: shared | (agents or {}).get(name, {}) for name in names},
        "review": [{"match": {"agent": "worker"}, "by": ["sonnet"]}],
        **more,
    }
    return make(folder, rows, config=config, shared=False)


def attempts(scratch: Scratch, task: str) -> list[str | None]:
    with scratch.journal() as journal:
        return [one.outcome for one in journal.attempts(task)]


@pytest.fixture
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policy.retry.FIRST_DELAY", timedelta(milliseconds=1))


def test_a_reviewer_at_its_limit_is_asked_again_when_that_ends(tmp_path: Path) -> None:
    scratch = reviewed(tmp_path, [row("A")], {"sonnet": ["rate-limit 1", "quota 1"]})
    assert scratch.run().exit_code == 0
    assert order(tmp_path) == ["A worker", "A sonnet", "A sonnet", "A sonnet"]
    assert attempts(scratch, "A") == ["success"]
    with scratch.journal() as journal:
        assert journal.spent("A").tokens == 4 * 900
        told = [event.what.outcome for event in journal.events(NoReview, task="A")]
    assert told == ["rate-limit", "quota"]


def test_a_row_that_is_set_back_while_its_review_waits_is_done_anew(tmp_path: Path) -> None:
    scratch = reviewed(tmp_path, [row("A")], {"sonnet": ["rate-limit 2"]})

    class SettingBack(RecordingDisplay):
        def say(self, text: str) -> None:
            super().say(text)
            if "its review is tried again" in text:
                with scratch.journal() as journal:
                    journal.submit_request("set", "A", status="not-started", by="person")
                Place.find(str(scratch.task_file)).wake_file.touch()

    assert scratch.run(display=SettingBack()).exit_code == 0
    assert order(tmp_path) == ["A worker", "A sonnet", "A worker", "A sonnet"]
    with scratch.journal() as journal:
        assert [one.agent for one in journal.attempts("A")] == ["worker", "worker"]


def test_while_a_reviewer_rests_other_rows_go_on_and_its_own_wait(tmp_path: Path) -> None:
    rows = [row("A"), row("B", agent="sonnet", branch="—"), row("C", agent="other")]
    scratch = reviewed(tmp_path, rows, {"sonnet": ["rate-limit 2"]})
    assert scratch.run(slots=1).exit_code == 0
    assert order(tmp_path)[:3] == ["A worker", "A sonnet", "C other"]
    assert sorted(order(tmp_path)[3:]) == ["A sonnet", "B sonnet"]


def test_a_fallback_reviews_while_the_reviewer_rests(tmp_path: Path) -> None:
    agents: dict[str, dict[str, object]] = {"sonnet": {"fallback": "haiku"}}
    rows = [row("A"), row("B")]
    scratch = reviewed(tmp_path, rows, {"sonnet": ["quota 3600"]}, agents)
    assert scratch.run(slots=1).exit_code == 0
    asked = order(tmp_path)
    assert asked.count("A sonnet") + asked.count("B sonnet") == 1
    assert [one for one in asked if one.endswith("haiku")] == ["A haiku", "B haiku"]
    assert [one for one in asked if one.endswith("worker")] == ["A worker", "B worker"]


def test_a_fallback_with_the_author_s_model_does_not_review(tmp_path: Path) -> None:
    agents: dict[str, dict[str, object]] = {
        "worker": {"model": "one"},
        "sonnet": {"model": "two", "fallback": "haiku"},
        "haiku": {"model": "one"},
    }
    scratch = reviewed(tmp_path, [row("A")], {"sonnet": ["rate-limit 1"]}, agents)
    assert scratch.run().exit_code == 0
    assert order(tmp_path) == ["A worker", "A sonnet", "A sonnet"]


@pytest.mark.usefixtures("no_delay")
@pytest.mark.parametrize("outcome", ["overloaded", "crashed", "killed"])
def test_a_reviewer_that_may_come_back_is_asked_again(tmp_path: Path, outcome: str) -> None:
    scratch = reviewed(tmp_path, [row("A")], {"sonnet": [outcome, outcome]})
    assert scratch.run().exit_code == 0
    assert order(tmp_path) == ["A worker", "A sonnet", "A sonnet", "A sonnet"]


def test_an_overload_is_the_fallback_s_turn(tmp_path: Path) -> None:
    agents: dict[str, dict[str, object]] = {"sonnet": {"fallback": "haiku"}}
    scratch = reviewed(tmp_path, [row("A")], {"sonnet": ["overloaded"] * 9}, agents)
    assert scratch.run().exit_code == 0
    assert order(tmp_path) == ["A worker", "A sonnet", "A haiku"]


@pytest.mark.usefixtures("no_delay")
def test_a_reviewer_that_does_not_come_back_blocks_and_the_work_is_kept(tmp_path: Path) -> None:
    scratch = reviewed(tmp_path, [row("A"), row("B", after="A")], {"sonnet": ["crashed"] * 3})
    assert scratch.run().blocked == ("A",)
    assert order(tmp_path) == ["A worker", *["A sonnet"] * 3]
    assert "after 3 attempts" in scratch.notes("A")
    assert "mission unblock A" in scratch.notes("A")
    with scratch.journal() as journal:
        journal.submit_request("unblock", "A", by="person")
    assert scratch.run().exit_code == 0
    assert order(tmp_path)[4:] == ["A sonnet", "B worker", "B sonnet"]


@pytest.mark.usefixtures("no_delay")
@pytest.mark.parametrize("outcome", ["authentication", "bad-request"])
def test_what_cannot_pass_blocks_at_once(tmp_path: Path, outcome: str) -> None:
    scratch = reviewed(tmp_path, [row("A")], {"sonnet": [outcome] * 2})
    assert scratch.run().blocked == ("A",)
    asked = 2 if outcome == "authentication" else 1  # somebody else may have refreshed the login
    assert order(tmp_path) == ["A worker", *["A sonnet"] * asked]
    assert outcome in scratch.notes("A")


class Stopping(RecordingDisplay):
    """Stops the run when it says that a review waits."""

    def __init__(self, stop: Stop) -> None:
        super().__init__()
        self._stop = stop

    def say(self, text: str) -> None:
        super().say(text)
        if "its review is tried again" in text:
            self._stop.request("a person stopped it")


def test_a_run_that_is_stopped_while_a_review_waits_goes_on_with_the_review(
    tmp_path: Path,
) -> None:
    scratch = reviewed(tmp_path, [row("A")], {"sonnet": ["quota 3600"]})
    stop = Stop()
    assert scratch.run(stop=stop, display=Stopping(stop)).stopped == "a person stopped it"
    assert scratch.statuses() == {"A": "in-progress"}
    assert scratch.run().exit_code == 0
    assert order(tmp_path) == ["A worker", "A sonnet", "A sonnet"]


def test_a_review_task_waits_and_falls_back_like_any_row(tmp_path: Path) -> None:
    agents: dict[str, dict[str, object]] = {"sonnet": {"fallback": "haiku"}}
    rows = [row("R", agent="sonnet", branch="—"), row("S", agent="sonnet", branch="—")]
    scratch = reviewed(tmp_path, rows, {"sonnet": ["quota 3600"]}, agents)
    assert scratch.run(slots=1).exit_code == 0
    assert order(tmp_path) == ["R sonnet", "R haiku", "S haiku"]


def budgeted(folder: Path, rows: list[str], budget: dict[str, object], **rule: object) -> Scratch:
    by = {"match": {"agent": "worker"}, "by": ["sonnet"], **rule}
    return reviewed(folder, rows, {}, review=[by], budget=budget)


def test_a_review_that_a_limit_does_not_allow_waits_and_nothing_fails(tmp_path: Path) -> None:
    scratch = budgeted(tmp_path, [row("A")], {"mission": {"tokens": 1500}}, estimate="1K")
    end = scratch.run()
    assert end.failed == end.blocked == ()
    assert "1,900 of 1,500 tokens" in end.over_budget["A"]
    assert "Raise `budget.mission` in mission.yaml, then type `mission run`" in end.over_budget["A"]
    assert end.exit_code == 1
    assert scratch.statuses() == {"A": "not-started"}
    assert order(tmp_path) == ["A worker"]
    assert scratch.run().over_budget.keys() == {"A"}  # the limit is as it was
    config = scratch.task_file.with_name("mission.yaml")
    settings = yaml.safe_load(config.read_text())
    settings["budget"]["mission"]["tokens"] = 1900
    config.write_text(yaml.safe_dump(settings))
    assert scratch.run().exit_code == 0
    assert order(tmp_path) == ["A worker", "A sonnet"]


def test_a_review_is_taken_for_half_as_dear_as_its_row(tmp_path: Path) -> None:
    scratch = budgeted(tmp_path, [row("A")], {"mission": {"tokens": 1399}})
    assert "1,400 of 1,399 tokens" in scratch.run().over_budget["A"]
    assert order(tmp_path) == ["A worker"]


def test_reviews_at_the_same_time_cannot_overshoot_together(tmp_path: Path) -> None:
    rows = [row(name) for name in "ABC"]
    scratch = budgeted(tmp_path, rows, {"mission": {"tokens": 4700}}, estimate="1K")
    end = scratch.run(slots=3)
    assert len(scratch.merged()) == 2  # 2,700 for the work, 900 for each of two reviews
    assert len(end.over_budget) == 1
    with scratch.journal() as journal:
        assert journal.spent().tokens == 5 * 900


def test_a_review_may_use_what_is_left_of_its_row_s_own_limit(tmp_path: Path) -> None:
    scratch = budgeted(tmp_path, [row("A")], {"task_factor": 0.9})
    end = scratch.run()
    assert "A used 900 tokens" in end.over_budget["A"]
    assert end.failed == end.blocked == ()
    assert order(tmp_path) == ["A worker"]
