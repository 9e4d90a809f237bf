"""The running total of what was spent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from mission.config import MissionConfig
from mission.journal import End, Journal
from orchestrator.admission.budgeting import Budget, unknown_price
from policy.budget import Refusal
from tasks_md.parse import parse
from tests.scratch import HEADER, row

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
TASKS = parse(HEADER + row("A") + row("B"))  # 1K tokens each


def budget(journal: Journal, run: int, *, now: datetime = NOON, **limits: object) -> Budget:
    config = MissionConfig.model_validate(
        {"budget": limits, "agents": {"worker": {"type": "fake"}}}
    )
    return Budget(config, journal, run, now)


def attempt(journal: Journal, run: int, task: str, tokens: int, *, agent: str = "worker") -> int:
    started = journal.start_attempt(
        run=run, task=task, agent=agent, branch="b", base_commit=None, worktree=None, log=None,
        route="",
    )  # fmt: skip
    journal.update_attempt(started.id, output_tokens=tokens)
    return started.id


def start(folder: Path, clock: datetime = NOON) -> tuple[Journal, int]:
    journal = Journal.open(folder / "journal.sqlite", clock=lambda: clock)
    return journal, journal.start_run(mission="m", host="h", pid=1, pid_started=1.0)


def test_an_attempt_that_goes_on_is_booked_once(tmp_path: Path) -> None:
    journal, run = start(tmp_path)
    with journal:
        first = attempt(journal, run, "A", 900)
        journal.end_attempt(first, End.NEEDS_QA)
        left = budget(journal, run, mission={"tokens": 2000})
        journal.take_up_attempt(first, approved=True)
        left.settle("A", first, NOON)
        left.settle("A", first, NOON)
        assert left.reserve(TASKS.task("B"), "worker", NOON) is None


def test_what_a_review_adds_later_is_booked_too(tmp_path: Path) -> None:
    journal, run = start(tmp_path)
    with journal:
        left = budget(journal, run, mission={"tokens": 2000})
        first = attempt(journal, run, "A", 900)
        left.settle("A", first, NOON)
        journal.update_attempt(first, output_tokens=1900)
        left.settle("A", first, NOON)
        assert isinstance(left.reserve(TASKS.task("B"), "worker", NOON), Refusal)


def test_what_ends_after_midnight_counts_for_the_new_day(tmp_path: Path) -> None:
    journal, run = start(tmp_path)
    with journal:
        left = budget(journal, run, day={"tokens": 1500})
        tomorrow = NOON + timedelta(hours=13)
        first = attempt(journal, run, "A", 900)
        left.settle("A", first, tomorrow)
        assert isinstance(left.reserve(TASKS.task("B"), "worker", tomorrow), Refusal)


def test_a_clock_set_back_over_midnight_frees_nothing_of_the_day(tmp_path: Path) -> None:
    journal, run = start(tmp_path)
    with journal:
        left = budget(journal, run, day={"tokens": 1500})
        left.settle("A", attempt(journal, run, "A", 900), NOON)
        yesterday = NOON - timedelta(hours=13)
        assert isinstance(left.reserve(TASKS.task("B"), "worker", yesterday), Refusal)


def test_an_agent_with_a_colon_in_its_name_does_not_escape_the_price_check() -> None:
    config = MissionConfig.model_validate(
        {
            "budget": {"run": {"usd": 1}},
            "agents": {"claude:big": {"type": "claude", "model": "unheard-of"}},
        }
    )
    told = unknown_price(config, "claude:big")
    assert told is not None
    assert "claude:big (unheard-of)" in told[0]
    assert unknown_price(config, "operation:boot-check") is None


def test_a_row_s_own_model_is_what_is_priced(tmp_path: Path) -> None:
    journal, run = start(tmp_path)
    with journal:
        tasks = {"A": {"agent": "sonnet", "model": "unheard-of"}, "B": {"model": "haiku-5-5"}}
        config = MissionConfig.model_validate({"budget": {"run": {"usd": 9}}, "tasks": tasks})
        told = Budget(config, journal, run, NOON).reserve(TASKS.task("A"), "sonnet", NOON)
        assert isinstance(told, Refusal)
        assert "sonnet (unheard-of)" in told.message
        assert Budget(config, journal, run, NOON).reserve(TASKS.task("B"), "sonnet", NOON) is None


def test_money_is_set_aside_by_the_expected_mix_of_tokens(tmp_path: Path) -> None:
    """1K new tokens of sonnet would be a cent, were all of them output."""
    journal, run = start(tmp_path)
    with journal:
        config = MissionConfig.model_validate({"budget": {"run": {"usd": 0.0055}}})
        assert Budget(config, journal, run, NOON).reserve(TASKS.task("A"), "sonnet", NOON) is None
        # An agent that does nothing but write is as dear as it is.
        done = attempt(journal, run, "B", 100_000, agent="sonnet")
        journal.update_attempt(done, cost_usd=0.0)
        told = Budget(config, journal, run, NOON).reserve(TASKS.task("A"), "sonnet", NOON)
        assert isinstance(told, Refusal)
        assert "$0.01 of $0.01" in told.message
