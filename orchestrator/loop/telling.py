"""Journals what rows wait for that only the run knows: for those who look on without a server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from errors import BudgetError
from mission.journal import Journal
from mission.journal.database import to_text
from mission.journal.kinds import RowWaits
from mission.waits import WaitsFor
from orchestrator.ports.assignment import Assignment
from orchestrator.ports.planner import PlannerAwayError

_OVER = RowWaits(on="")
_LEFTOVER = RowWaits(on=WaitsFor.LEFTOVER, why="an agent of an earlier run is still at work on it")


class Telling:
    """Writes what has changed, and nothing else. Used by the loop's thread."""

    def __init__(self, journal: Journal, held: Iterable[str]) -> None:
        """`held`: rows that an agent of an earlier run is still at."""
        self._journal = journal
        self._held = held
        self._told: dict[str, RowWaits] = {}

    def tell(
        self, waits: Mapping[str, RowWaits], live: Iterable[Assignment], *, looked: bool
    ) -> None:
        """Journal what is new.

        Args:
            waits: What admission knows, by row.
            live: What is under way.
            looked: Whether the loop looked for rows to start. If it did not, nobody knows whether
                those that were over the budget still are.
        """
        waits = {**waits, **_reviewed(live), **dict.fromkeys(self._held, _LEFTOVER)}
        news = {task: wait for task, wait in waits.items() if _is_new(wait, self._told.get(task))}
        for task, told in list(self._told.items()):
            if task not in waits and (looked or told.on != WaitsFor.BUDGET):
                del self._told[task]
                news[task] = _OVER
        if not news:
            return
        with self._journal.together():
            for task, wait in news.items():
                tell_wait(self._journal, task, wait)
        self._told |= {task: wait for task, wait in news.items() if wait is not _OVER}


def tell_wait(journal: Journal, task: str, wait: RowWaits) -> None:
    """Journal what a row, or a milestone that is to be planned, waits for."""
    journal.record(wait, task=task)


def planner_away(error: PlannerAwayError) -> RowWaits:
    """What a milestone waits for whose planner cannot be asked now."""
    until = to_text(error.at)
    return RowWaits(on=WaitsFor.PROVIDER, why=error.message, who=error.agent, until=until)


def over_budget(error: BudgetError) -> RowWaits:
    """What a milestone waits for whose planning a limit does not allow."""
    return RowWaits(on=WaitsFor.BUDGET, why=f"{error.message}. {error.hint}")


def _reviewed(live: Iterable[Assignment]) -> dict[str, RowWaits]:
    return {
        one.task.id: RowWaits(
            on=WaitsFor.REVIEWER, why=f"{one.reviewer} reviews it", who=one.reviewer
        )
        for one in live
        if one.reviewer is not None
    }


def _is_new(wait: RowWaits, told: RowWaits | None) -> bool:
    """Whether people should be told. Sums in a text change with every row that ends, and a row that
    is looked at early is not what it waits for: neither is news."""
    if told is None or (wait.on, wait.who) != (told.on, told.who):
        return True
    return wait.until is not None and (told.until is None or wait.until > told.until)
