"""The journal comes into the storage in order, once, and goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from mission.journal import End, Journal
from mission.journal.kinds import Other
from mission.place import Place
from mission.plan import read_plan
from tests.command import run
from tests.integration.tiers.storage.configured import configured
from tiers.projection.live import LiveEvents
from tiers.projection.project import Projected, project
from tiers.settings.address import PostgresAddress, ValkeyAddress
from tiers.storage.schema import upgrade

TASKS = """\
# Tasks

## Milestone 1 — First (M1)

| id | status | description | issue | agent | branch | depends_on | estimate | notes |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
| T-1 | done | Boot the federated compose stack | #1 | codex | feat/a | — | 4K | |
| T-2 | not-started | Write the migration of notes | #2 | sonnet | feat/b | T-1 | 2K | a note |
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    (tmp_path / "TASKS.md").write_text(TASKS)
    return Place.find(str(tmp_path))


@pytest.fixture
def journal(place: Place) -> Iterator[Journal]:
    with Journal.open(place.journal_file) as journal:
        run_number = journal.start_run(mission="m", host="h", pid=1, pid_started=0.0)
        journal.start_attempt(
            run=run_number,
            task="T-1",
            agent="codex",
            branch=None,
            base_commit=None,
            worktree=None,
            log=None,
            route="column",
        )
        for number in range(1, 1203):
            journal.record(Other(kind="note", data={"text": f"event {number}"}), task="T-1")
        yield journal


@pytest.fixture
def database(plain_database: PostgresAddress) -> PostgresAddress:
    upgrade(plain_database, vector=False)
    return plain_database


def copy(database: PostgresAddress, place: Place, journal: Journal) -> Projected:
    with psycopg.connect(**database.connect_arguments(), autocommit=True) as connection:
        return project(connection, place, read_plan(place), journal)


def rows(database: PostgresAddress, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(**database.connect_arguments()) as connection:
        return connection.execute(query).fetchall()


def test_everything_comes_once_and_in_order(
    database: PostgresAddress, place: Place, journal: Journal
) -> None:
    assert copy(database, place, journal).events == 1202
    assert copy(database, place, journal).events == 0
    numbers = [n for (n,) in rows(database, "SELECT number FROM mission_events ORDER BY number")]
    assert numbers == [event.id for event in journal.events()]
    first = "SELECT data FROM mission_events ORDER BY number LIMIT 1"
    assert rows(database, first) == [({"text": "event 1"},)]


def test_tasks_are_as_the_file_says(
    database: PostgresAddress, place: Place, journal: Journal
) -> None:
    copy(database, place, journal)
    query = "SELECT key, status, depends_on, estimate_tokens FROM tasks ORDER BY position"
    assert rows(database, query) == [
        ("T-1", "done", [], 4000),
        ("T-2", "not-started", ["T-1"], 2000),
    ]
    place.task_file.write_text("\n".join(TASKS.splitlines()[:-1]).replace("| done", "| failed"))
    copy(database, place, journal)
    assert rows(database, "SELECT key, status FROM tasks") == [("T-1", "failed")]


def test_what_an_attempt_came_to_and_cost_follows(
    database: PostgresAddress, place: Place, journal: Journal
) -> None:
    copy(database, place, journal)
    attempt = journal.last_attempt("T-1")
    assert attempt is not None
    journal.end_attempt(attempt.id, End.FAILED, "because", input_tokens=70, output_tokens=5)
    copy(database, place, journal)
    assert rows(database, "SELECT outcome, reason FROM attempts") == [("failed", "because")]
    assert rows(database, "SELECT spent_tokens FROM tasks WHERE key = 'T-1'") == [(75,)]


def test_an_attempt_that_two_journals_know_is_counted_once(
    database: PostgresAddress, place: Place, journal: Journal, tmp_path: Path
) -> None:
    spent = "SELECT spent_tokens FROM tasks WHERE key = 'T-1'"
    theirs = journal.last_attempt("T-1")
    assert theirs is not None
    with Journal.open(tmp_path / "another clone") as other:
        run_number = other.start_run(mission="m", host="i", pid=1, pid_started=0.0)
        own = other.start_attempt(
            run=run_number, task="T-1", agent="sonnet", branch=None, base_commit=None,
            worktree=None, log=None, route="column",
        )  # fmt: skip
        other.end_attempt(own.id, End.FAILED, "ours", input_tokens=8, output_tokens=2)
        copy(database, place, other)
        assert rows(database, spent) == [(10,)]
        other.take_in_record(journal.carried("first"))  # which began earlier: ours is the second
        copy(database, place, other)
        journal.end_attempt(theirs.id, End.FAILED, "because", input_tokens=70, output_tokens=5)
        copy(database, place, journal)
        assert rows(database, spent) == [(85,)]  # by who knows most of it
        other.take_in_record(journal.carried("first"))
        copy(database, place, other)
    attempts = "SELECT agent, number FROM attempts ORDER BY agent, source"
    assert rows(database, attempts) == [("codex", 1), ("codex", 1), ("sonnet", 2)]
    assert rows(database, spent) == [(85,)]


def test_it_goes_on_after_a_death_between_two_batches(
    database: PostgresAddress, place: Place, journal: Journal
) -> None:
    copy(database, place, journal)
    with psycopg.connect(**database.connect_arguments()) as connection:  # as after one batch
        connection.execute("DELETE FROM mission_events WHERE number > 500")
        connection.execute("UPDATE projections SET last_event = 500")
    assert copy(database, place, journal).events == 702
    assert rows(database, "SELECT count(*), max(number) FROM mission_events") == [(1202, 1202)]


def test_several_at_once_copy_each_event_once(
    database: PostgresAddress, place: Place, journal: Journal
) -> None:
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: copy(database, place, journal), range(4)))
    assert sum(one.events for one in done) == 1202
    assert rows(database, "SELECT count(*) FROM mission_events") == [(1202,)]


def test_a_journal_that_was_begun_anew_is_another_one(
    database: PostgresAddress, place: Place, journal: Journal
) -> None:
    before = copy(database, place, journal).origin
    journal.close()
    place.journal_file.rename(place.journal_file.with_suffix(".old"))
    with Journal.open(place.journal_file) as anew:
        anew.start_run(mission="m", host="h", pid=1, pid_started=0.0)
        anew.record(Other(kind="note", data={"text": "anew"}))
        after = copy(database, place, anew)
    assert after.events == 1
    assert after.origin.source != before.source
    assert after.origin.mission == before.mission


def test_text_that_postgres_cannot_keep_arrives_readable(
    database: PostgresAddress, place: Place, journal: Journal
) -> None:
    journal.record(Other(kind="note", data={"text": "a\0b", "more": ["\ud800"]}))
    copy(database, place, journal)
    query = "SELECT data FROM mission_events ORDER BY number DESC LIMIT 1"
    assert rows(database, query) == [({"text": "a\N{REPLACEMENT CHARACTER}b", "more": ["?"]},)]


def test_live_events_come_once_and_in_order(
    valkey_address: ValkeyAddress, journal: Journal
) -> None:
    live = LiveEvents.at(valkey_address, "source")
    other = LiveEvents.at(valkey_address, "source")
    with ThreadPoolExecutor(2) as pool:
        sent = sum(pool.map(lambda stream: stream.publish(journal), (live, other)))
    assert sent == 1202
    numbers: list[int] = []
    while found := live.read(numbers[-1] if numbers else 0):
        numbers += [event.number for event in found]
    assert numbers == [event.id for event in journal.events()]
    journal.record(Other(kind="note", data={"text": "later"}))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(other.read, numbers[-1], wait=timedelta(seconds=20))
        assert live.publish(journal) == 1
        assert [event.event["data"] for event in waiting.result()] == [{"text": "later"}]
    live.close()
    other.close()


def test_the_command_does_both(
    capsys: pytest.CaptureFixture[str],
    vector_database: PostgresAddress,
    valkey_address: ValkeyAddress,
    place: Place,
    journal: Journal,
    tmp_path: Path,
) -> None:
    config = configured(tmp_path / "to.json", "federated", vector_database, valkey_address)
    command = ("tier", "sync", str(place.task_file), "--config", config, "--json")
    first = json.loads(run(capsys, *command))
    assert (first["events"], first["sent"]) == (1202, 1202)
    again = json.loads(run(capsys, *command))
    assert (again["events"], again["sent"], again["last_event"]) == (0, 0, 1202)
