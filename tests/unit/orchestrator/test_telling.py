"""What rows wait for goes into the journal as it changes, and no oftener."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mission.journal import Journal
from mission.journal.kinds import RowWaits
from orchestrator.loop.telling import Telling


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "journal.sqlite") as opened:
        opened.start_run(mission="M", host="h", pid=1, pid_started=1.0)
        yield opened


def told(journal: Journal) -> list[tuple[str | None, str, str | None]]:
    return [(one.task, one.what.on, one.what.until) for one in journal.events(RowWaits)]


def rest(until: str) -> RowWaits:
    return RowWaits(on="provider", why="glm takes no work", who="glm", until=until)


def test_only_what_is_new_is_written(journal: Journal) -> None:
    telling = Telling(journal.in_run(1), ())
    for until in ("2026-01-01", "2026-01-01", "2025-12-31", "2026-01-02"):
        telling.tell({"A": rest(until)}, (), looked=True)
    telling.tell({}, (), looked=True)
    telling.tell({}, (), looked=True)
    assert told(journal) == [
        ("A", "provider", "2026-01-01"),
        ("A", "provider", "2026-01-02"),
        ("A", "", None),
    ]


def test_sums_that_change_are_no_news(journal: Journal) -> None:
    telling = Telling(journal.in_run(1), ())
    for sum_ in (1, 2, 3):
        telling.tell({"A": RowWaits(on="budget", why=str(sum_))}, (), looked=True)
    assert told(journal) == [("A", "budget", None)]


def test_a_row_over_the_budget_stays_so_until_somebody_looks(journal: Journal) -> None:
    telling = Telling(journal.in_run(1), ())
    telling.tell({"A": RowWaits(on="budget", why="1")}, (), looked=True)
    telling.tell({}, (), looked=False)
    assert len(told(journal)) == 1
    telling.tell({}, (), looked=True)
    assert told(journal)[-1] == ("A", "", None)


def test_rows_that_an_earlier_agent_is_still_at(journal: Journal) -> None:
    telling = Telling(journal.in_run(1), {"A"})
    telling.tell({}, (), looked=False)
    telling.tell({}, (), looked=True)
    assert told(journal) == [("A", "leftover", None)]
