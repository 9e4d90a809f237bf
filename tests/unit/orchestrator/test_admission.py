"""Who may start a row now, with the shipped fakes: no git, no files."""

from __future__ import annotations

from datetime import timedelta

from mission.journal import End
from mission.outcome import Outcome
from orchestrator.ports.ends import Again, TaskEnd, Unreviewed
from policy.retry import Limit
from tests.unit.orchestrator.in_memory import InMemory, table

AGENTS = {
    name: {"type": "command", "run": ["true"], **more}
    for name, more in {"worker": {"fallback": "second"}, "second": {}, "judge": {}}.items()
}
LIMIT = Limit(outcome=Outcome.QUOTA)


def _mission(**config: object) -> InMemory:
    return InMemory(text=table(("A", ""), ("B", "")), config={"agents": AGENTS} | config)


def _met_a_limit(mission: InMemory, task: str) -> None:
    """The row's agent was asked, and its provider is at its limit."""
    row = mission.board.plan.task(task)
    assert mission.admission.admits(row, "worker") == "worker"
    attempt = mission.admission.begin(row, "worker", mission.dispatcher.start)
    again = Again(at=mission.clock.now(), limit=LIMIT)
    met = TaskEnd(
        task=task, attempt=attempt.id, status=None, end=End.AS_SAID, said=Outcome.QUOTA, again=again
    )
    mission.admission.ended(met, "worker")


def test_who_stands_in_is_admitted_while_the_provider_rests() -> None:
    mission = _mission()
    _met_a_limit(mission, "A")
    assert mission.admission.admits(mission.board.plan.task("B"), "worker") == "second"


def test_a_row_waits_where_nobody_stands_in_and_comes_back_by_itself() -> None:
    mission = _mission(agents=AGENTS | {"worker": {"type": "command", "run": ["true"]}})
    _met_a_limit(mission, "A")
    assert mission.admission.admits(mission.board.plan.task("B"), "worker") is None
    later = mission.clock.now() + timedelta(days=1)
    due = {mission.admission.delays.pop_due(later), mission.admission.delays.pop_due(later)}
    assert {one[0] for one in due if one is not None} == {"A", "B"}


def test_finished_work_waits_for_a_reviewer_and_not_for_its_author() -> None:
    mission = _mission()
    row = mission.board.plan.task("A")
    attempt = mission.admission.begin(row, "worker", mission.dispatcher.start)
    waits = Unreviewed(by=("judge",), tokens=100, at=mission.clock.now())
    ended = TaskEnd(task="A", attempt=attempt.id, status=None, unreviewed=waits)
    mission.admission.ended(ended, "worker")
    assert mission.admission.to_review("A")
    assert mission.admission.admits(row, "worker") == "judge"
    assert not mission.admission.to_review("A")
    assert (mission.admission.reviewer("A"), mission.admission.reviewer("A")) == ("judge", None)


def test_what_the_budget_has_no_room_for_is_refused_until_something_is_free_again() -> None:
    mission = _mission(budget={"mission": {"tokens": 1500}})
    first, second = mission.board.plan.task("A"), mission.board.plan.task("B")
    assert mission.admission.admits(first, "worker") == "worker"
    assert mission.admission.admits(second, "worker") is None
    assert set(mission.admission.refused) == {"B"}
    attempt = mission.admission.begin(first, "worker", mission.dispatcher.start)
    free = TaskEnd(task="A", attempt=attempt.id, status=None, said=Outcome.STOPPED)
    mission.journal.end_attempt(attempt.id, End.STOPPED)
    mission.admission.ended(free, "worker")
    assert mission.admission.admits(second, "worker") == "worker"
