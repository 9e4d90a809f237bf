"""Attempts of a journal that version 2 of its schema had written, as they are read now."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from mission.journal import Attempt, Journal
from mission.journal.versions import SCHEMA_VERSION

OLD_JOURNAL = Path(__file__).with_name("journal_2.sql")

# Row and number: step, the agent's word, the end, and what version 2 had told as its outcome.
ENDED = {
    ("good", 1): ("ended", "success", "success", "success"),
    ("asks", 1): ("ended", "needs-qa", "needs-qa", "needs-qa"),
    ("red", 2): ("ended", "success", "verification", "verification"),
    ("nothing", 1): ("ended", "success", "no-changes", "no-changes"),
    ("broken", 2): ("ended", "crashed", "as-said", "crashed"),
    ("cannot", 1): ("ended", "blocked", "as-said", "blocked"),  # its agent said so
    ("gated", 1): ("ended", "success", "held-up", "blocked"),  # a gate was closed
    ("writes", 2): ("ended", "success", "single-writer", "single-writer"),
    ("limited", 1): ("ended", "quota", "as-said", "quota"),
    ("reads", 1): ("ended", "success", "success", "success"),
    ("counts", 1): ("ended", None, "success", "success"),  # an operation
    ("many", 1): ("ended", None, "interrupted", "interrupted"),
    ("many", 2): ("ended", None, "superseded", "superseded"),
    ("many", 3): ("ended", None, "conflict", "conflict"),
    ("many", 4): ("ended", None, "review", "review"),
    ("many", 5): ("ended", None, "stopped", "stopped"),  # before any agent was asked
    ("stopped", 1): ("ended", "stopped", "as-said", "stopped"),
    ("many", 6): ("ended", None, "failed", "failed"),
    ("M2", 1): ("ended", None, "success", "success"),
}
OPEN = {
    ("begun", 1): ("started", None, None, None),
    ("said", 1): ("unfinished", "rate-limit", None, "rate-limit"),
    ("answered", 1): ("answered", "success", None, "success"),
    ("approved", 1): ("worked", "needs-qa", None, None),
    ("taken", 1): ("verified", "success", None, "success"),
    ("asked", 1): ("pushed", "needs-qa", None, "needs-qa"),
    ("landing", 1): ("merging", "success", None, "success"),
}


@pytest.fixture
def old_journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(OLD_JOURNAL.read_text(encoding="utf-8"))
    connection.close()
    return path


def _check(journal: Journal) -> None:
    attempts = {(one.task, one.number): one for one in journal.attempts()}
    told = {key: _told(attempts[key]) for key in ENDED | OPEN}
    assert told == ENDED | OPEN
    assert {(one.task, one.number) for one in journal.open_attempts()} == OPEN.keys()
    assert [one.task for one in attempts.values() if one.approved] == ["approved"]
    assert attempts["approved", 1].taken_up
    stand_ins = {one.task: one.stands_in for one in attempts.values() if one.stands_in is not None}
    assert stand_ins == {"limited": "worker", "alone": ""}  # whom `alone` stood in for is lost
    assert attempts["said", 1].stage == "started"


def _told(attempt: Attempt) -> tuple[str, str | None, str | None, str | None]:
    return attempt.step, attempt.said, attempt.end, attempt.outcome


def test_it_is_read_and_stays_as_it_is(old_journal: Path) -> None:
    before = old_journal.read_bytes()
    with Journal.open_to_read(old_journal) as journal:
        _check(journal)
    assert old_journal.read_bytes() == before


def test_it_is_brought_up_to_date_once(old_journal: Path) -> None:
    for _ in range(2):
        with Journal.open(old_journal) as journal:
            _check(journal)
    with sqlite3.connect(old_journal) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


def test_it_has_the_columns_of_a_new_one(old_journal: Path, tmp_path: Path) -> None:
    Journal.open(old_journal).close()
    Journal.open(tmp_path / "new.sqlite").close()
    assert _schema(old_journal) == _schema(tmp_path / "new.sqlite")


def _schema(path: Path) -> dict[str, set[tuple[object, ...]]]:
    with sqlite3.connect(path) as connection:
        columns = connection.execute(
            "SELECT name, type, \"notnull\", dflt_value FROM pragma_table_info('attempts')"
        )
        indexes = connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")
        return {"columns": set(columns), "indexes": set(indexes)}
