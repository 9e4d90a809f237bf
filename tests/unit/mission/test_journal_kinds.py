"""Every kind of event survives the journal, and journals of older versions are read."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import JournalError
from mission.journal import Journal
from mission.journal.kinds import (
    BranchSetAside,
    BranchStays,
    CheckoutBehind,
    DispatchBegan,
    ErrandKeyed,
    FinishExpected,
    ForecastMade,
    ForgeRaced,
    Happening,
    LetterAnswered,
    LetterCame,
    MergeAwaited,
    Merged,
    NoLookup,
    Noticed,
    NotifyBegan,
    Other,
    RemoteAway,
    ReviewMade,
    RowWaits,
    StatusSet,
    Told,
    Verified,
    WentOn,
    WillConflict,
)
from mission.journal.look import look
from mission.journal.stored import WORDS, data_of, read_happening, word_of
from mission.journal.versions import SCHEMA_VERSION
from mission.usage import Usage

OLD_JOURNAL = Path(__file__).with_name("journal_1.sql")


@given(st.sampled_from(sorted(WORDS, key=WORDS.__getitem__)).flatmap(st.from_type))
def test_what_happened_comes_back_as_it_was(what: Happening) -> None:
    stored = json.loads(json.dumps(data_of(what)))
    assert repr(read_happening(word_of(what), stored)) == repr(what)  # not even NaN is itself


@given(st.dictionaries(st.text(), st.none() | st.integers() | st.text()))
def test_a_word_of_somebody_else_is_kept_as_it_is(data: dict[str, object]) -> None:
    other = Other(kind="theirs", data=data)
    assert read_happening("theirs", data_of(other)) == other


def test_fields_may_be_missing_or_unknown_in_another_version_s_journal() -> None:
    told = {"step": "tests", "ok": True, "tree": "t", "later": [1]}
    assert read_happening("verify", told) == Verified(step="tests", ok=True, tree="t")
    lacks = {"step": "tests"}
    assert read_happening("verify", lacks) == Other(kind="verify", data=lacks)


@pytest.fixture
def old_journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(OLD_JOURNAL.read_text(encoding="utf-8"))
    connection.close()
    return path


def _check(journal: Journal) -> None:
    assert {attempt.outcome for attempt in journal.attempts()} == {"success"}
    (merge,) = journal.events(Merged)
    assert merge.task == "FED-M1-11"
    assert [event.what.new for event in journal.events(StatusSet, task="FED-M1-11")][-1] == "done"
    (review,) = journal.events(ReviewMade)
    assert review.what.usage == Usage(
        input_tokens=1020, cached_tokens=1000, output_tokens=10, cost_usd=0.01
    )
    (warning,) = journal.events(WillConflict)
    assert warning.what.files == ("docs/a.md", "docs/b.md")
    (raced,) = journal.events(ForgeRaced)
    assert raced.what.expected == "a" * 40
    known = {type(event.what) for event in journal.events()}
    assert known == {*WORDS, Other} - {
        WentOn,
        RemoteAway,
        DispatchBegan,
        RowWaits,
        MergeAwaited,
        ForecastMade,
        LetterCame,
        LetterAnswered,
        NotifyBegan,
        Noticed,
        FinishExpected,
        Told,
        BranchSetAside,
        BranchStays,
        CheckoutBehind,
        ErrandKeyed,
        NoLookup,
    }  # newer ones
    (other,) = (event.what for event in journal.events() if isinstance(event.what, Other))
    assert other.kind == "note"


def test_a_journal_of_the_first_version_is_read_and_stays_as_it_is(old_journal: Path) -> None:
    before = old_journal.read_bytes()
    with Journal.open_to_read(old_journal) as journal:
        _check(journal)
    look(old_journal, _check)
    assert old_journal.read_bytes() == before


def test_a_journal_of_the_first_version_is_brought_up_to_date_once(old_journal: Path) -> None:
    for _ in range(2):
        with Journal.open(old_journal) as journal:
            _check(journal)
    with sqlite3.connect(old_journal) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


def test_an_upgrade_that_fails_changes_nothing(old_journal: Path) -> None:
    with sqlite3.connect(old_journal) as connection:
        connection.execute("DROP TABLE attempts")
        connection.execute("DROP TABLE events")
        connection.execute("CREATE VIEW events AS SELECT 1 AS kind")
    with pytest.raises(JournalError):
        Journal.open(old_journal)
    with sqlite3.connect(old_journal) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
