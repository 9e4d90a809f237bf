"""A storage moves to the federated tier: everything arrives, nothing secret does, and once."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from cli.main import main
from tests.command import answer, run
from tests.integration.tiers.storage.configured import configured
from tests.integration.tiers.storage.sources import fill_camel_case
from tests.services import PASSWORD, fresh_database
from tiers.servers.postgres import PostgresServer
from tiers.settings.address import PostgresAddress
from tiers.storage.locks import MIGRATION, advisory_lock
from tiers.storage.schema import upgrade
from tiers.storage.tables import TABLES


@pytest.fixture
def source(plain_database: PostgresAddress, tmp_path: Path) -> str:
    """The configuration of a standalone tier with an older gateway's data."""
    fill_camel_case(plain_database)
    return configured(tmp_path / "from.json", "standalone", plain_database)


@pytest.fixture
def target(vector_database: PostgresAddress, tmp_path: Path) -> str:
    """The configuration of an empty federated tier."""
    return configured(tmp_path / "to.json", "federated", vector_database)


def rows(address: PostgresAddress, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(**address.connect_arguments()) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(query).fetchall()


def migrate(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    printed = run(capsys, "tier", "migrate", *arguments, "--yes", "--json")
    found: dict[str, object] = json.loads(printed)
    return found


def test_everything_arrives(
    capsys: pytest.CaptureFixture[str], source: str, target: str, vector_database: PostgresAddress
) -> None:
    report = migrate(capsys, "--from", source, "--to", target)
    tables = report["tables"]
    assert isinstance(tables, list)
    assert {t["table"]: t["written"] for t in tables} == {
        "users": 5,
        "teams": 1,
        "team_members": 5,
        "missions": 1,
        "tasks": 12,
        "notes": 50,
        "mission_events": 7,
    }
    assert all(t["equal"] and t["read"] == t["written"] for t in tables)
    person = "SELECT id, name, email_verified, created_at::text, updated_at FROM users LIMIT 1"
    assert rows(vector_database, person) == [
        (
            "00000000-0000-0000-0000-000000000001",
            'Üser 1 \\ "quoted"\ttab',
            False,
            "2026-01-02 03:04:05.678901+00",
            None,
        )
    ]
    assert rows(vector_database, "SELECT DISTINCT joined_at::text FROM team_members") == [
        ("2026-01-01 00:00:00.123+00",)
    ]
    assert rows(vector_database, "SELECT DISTINCT depends_on, status FROM tasks") == [
        (["FED-M1-01", "a,b"], "done")
    ]
    assert rows(vector_database, "SELECT body FROM notes WHERE id = '4'") == [
        ("back\\slash \\N \\.\n",)
    ]
    embedded = "SELECT id::int FROM notes WHERE embedding IS NOT NULL ORDER BY 1"
    assert [n for (n,) in rows(vector_database, embedded)] == list(range(3, 51, 3))
    assert rows(vector_database, "SELECT data FROM mission_events WHERE id = '3'") == [
        ({"n": 3, "text": "line\nbreak"},)
    ]


def test_nothing_secret_arrives(
    capsys: pytest.CaptureFixture[str], source: str, target: str, vector_database: PostgresAddress
) -> None:
    report = migrate(capsys, "--from", source, "--to", target)
    assert report["left"] == ["apiTokens", "sessions", "users.passwordHash"]
    for table in TABLES:
        text = rows(vector_database, f"TABLE {table.name}")
        assert "HUSH" not in str(text)


def test_again_changes_nothing(
    capsys: pytest.CaptureFixture[str], source: str, target: str, vector_database: PostgresAddress
) -> None:
    migrate(capsys, "--from", source, "--to", target)
    said = run(capsys, "tier", "migrate", "--from", source, "--to", target, "--yes", code=1)
    assert "is not empty: it has rows in users" in said
    before = rows(vector_database, "SELECT xmin::text FROM notes ORDER BY id")
    again = migrate(capsys, "--from", source, "--to", target, "--allow-non-empty")
    tables = again["tables"]
    assert isinstance(tables, list)
    assert all(t["written"] == 0 and t["skipped"] == t["read"] for t in tables)
    assert rows(vector_database, "SELECT xmin::text FROM notes ORDER BY id") == before


def test_embeddings_made_since_stay(
    capsys: pytest.CaptureFixture[str], source: str, target: str, vector_database: PostgresAddress
) -> None:
    migrate(capsys, "--from", source, "--to", target)
    with psycopg.connect(**vector_database.connect_arguments()) as connection:
        vector = str([0.5] * 384)
        connection.execute("UPDATE notes SET embedding = %s WHERE embedding IS NULL", (vector,))
    migrate(capsys, "--from", source, "--to", target, "--allow-non-empty")
    assert rows(vector_database, "SELECT count(*) FROM notes WHERE embedding IS NULL") == [(0,)]


def test_a_dry_run_writes_nothing(
    capsys: pytest.CaptureFixture[str], source: str, target: str, vector_database: PostgresAddress
) -> None:
    everything = "SELECT relname, xmin::text FROM pg_class ORDER BY oid"
    before = rows(vector_database, everything)
    said = run(capsys, "tier", "migrate", "--from", source, "--to", target, "--dry-run")
    assert rows(vector_database, everything) == before
    assert "teamMembers" in said
    assert "left behind: apiTokens, sessions, users.passwordHash" in said
    facts = run(capsys, "tier", "migrate", "--from", source, "--to", target, "--dry-run", "--json")
    notes = next(t for t in json.loads(facts)["tables"] if t["table"] == "notes")
    assert (notes["source_rows"], notes["target_rows"], notes["action"]) == (50, 0, "inserted")


def test_without_a_terminal_it_wants_a_yes(
    capsys: pytest.CaptureFixture[str], source: str, target: str, vector_database: PostgresAddress
) -> None:
    said = run(capsys, "tier", "migrate", "--from", source, "--to", target, code=2)
    assert "--yes" in said
    assert not rows(vector_database, "SELECT 1 FROM pg_tables WHERE schemaname = 'public'")


def test_the_same_database_is_refused(
    capsys: pytest.CaptureFixture[str], vector_database: PostgresAddress, tmp_path: Path
) -> None:
    upgrade(vector_database, vector=True)
    here = configured(tmp_path / "a.json", "standalone", replace(vector_database, host="localhost"))
    there = configured(tmp_path / "b.json", "federated", vector_database)
    said = run(capsys, "tier", "migrate", "--from", here, "--to", there, "--yes", code=1)
    assert "the same database" in said


def test_a_newer_source_is_refused(
    capsys: pytest.CaptureFixture[str],
    plain_database: PostgresAddress,
    target: str,
    tmp_path: Path,
) -> None:
    upgrade(plain_database, vector=False)
    with psycopg.connect(**plain_database.connect_arguments()) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'storage_99'")
    source = configured(tmp_path / "from.json", "standalone", plain_database)
    said = run(capsys, "tier", "migrate", "--from", source, "--to", target, "--yes", code=1)
    assert "storage_99, which is newer than ours" in said


def test_a_second_at_once_is_refused(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    target: str,
    vector_database: PostgresAddress,
) -> None:
    monkeypatch.setattr("tiers.migration.run._PATIENCE", 0.1)
    with (
        psycopg.connect(**vector_database.connect_arguments(), autocommit=True) as other,
        advisory_lock(other, MIGRATION, patience=1, what="test"),
    ):
        said = run(capsys, "tier", "migrate", "--from", source, "--to", target, "--yes", code=1)
    assert "Another migration is under way" in said


def test_a_source_that_is_written_to_is_refused(
    capsys: pytest.CaptureFixture[str], source: str, target: str, plain_database: PostgresAddress
) -> None:
    with psycopg.connect(**plain_database.connect_arguments()) as writer:
        writer.execute("DELETE FROM notes WHERE id = 1")
        said = run(capsys, "tier", "migrate", "--from", source, "--to", target, "--yes", code=1)
        assert "Somebody is writing to the source's table notes" in said
        writer.rollback()
    migrate(capsys, "--from", source, "--to", target)


def test_a_vacuum_that_gives_way_does_not_stop_a_migration(
    capsys: pytest.CaptureFixture[str], source: str, target: str, plain_database: PostgresAddress
) -> None:
    """As autovacuum does: it holds a lock that is in our way until somebody waits for it."""
    waits = "SELECT FROM pg_locks WHERE NOT granted AND relation = 'notes'::regclass"
    locked = threading.Event()

    def give_way() -> None:
        with psycopg.connect(**plain_database.connect_arguments()) as vacuum:
            vacuum.execute("LOCK TABLE notes IN SHARE UPDATE EXCLUSIVE MODE")
            locked.set()
            while not vacuum.execute(waits).rowcount:
                pass
            vacuum.rollback()

    vacuum = threading.Thread(target=give_way, daemon=True)
    vacuum.start()
    assert locked.wait(300)
    migrate(capsys, "--from", source, "--to", target)
    vacuum.join()


def test_a_column_without_a_place_is_refused_and_can_be_given_up(
    capsys: pytest.CaptureFixture[str], source: str, target: str, plain_database: PostgresAddress
) -> None:
    with psycopg.connect(**plain_database.connect_arguments()) as connection:
        connection.execute('ALTER TABLE tasks ADD COLUMN "storyPoints" int')
    said = run(capsys, "tier", "migrate", "--from", source, "--to", target, "--yes", code=1)
    assert "--leave tasks.storyPoints" in said
    report = migrate(capsys, "--from", source, "--to", target, "--leave", "tasks.storyPoints")
    left = report["left"]
    assert isinstance(left, list)
    assert "tasks.storyPoints" in left


def test_only_towards_federated(
    capsys: pytest.CaptureFixture[str], source: str, target: str
) -> None:
    said = run(capsys, "tier", "migrate", "--from", target, "--to", source, "--yes", code=2)
    assert "goes from local or standalone to federated" in said


def test_rows_that_do_not_fit_together_are_named_without_their_content(
    capsys: pytest.CaptureFixture[str], source: str, target: str, plain_database: PostgresAddress
) -> None:
    with psycopg.connect(**plain_database.connect_arguments()) as connection:
        connection.execute("""UPDATE "teams" SET "ownerId" = gen_random_uuid()""")
    said = run(capsys, "tier", "migrate", "--from", source, "--to", target, "--yes", code=1)
    assert "teams_owner_id_fkey" in said
    with psycopg.connect(**plain_database.connect_arguments()) as connection:
        connection.execute("""UPDATE "teams" SET "ownerId" = NULL""")
    report = migrate(capsys, "--from", source, "--to", target)  # goes on, needs no flag
    assert report["resumed"] is True


def test_our_own_schema_moves_as_it_is(
    capsys: pytest.CaptureFixture[str],
    plain_database: PostgresAddress,
    target: str,
    tmp_path: Path,
) -> None:
    upgrade(plain_database, vector=False)
    with psycopg.connect(**plain_database.connect_arguments()) as connection:
        connection.execute("INSERT INTO users (id, name) VALUES ('u', 'Somebody')")
    source = configured(tmp_path / "from.json", "standalone", plain_database)
    printed = answer(capsys, "tier", "migrate", "--from", source, "--to", target, "--yes", code=0)
    assert "equal" in printed


def test_no_secret_in_what_is_printed(
    capsys: pytest.CaptureFixture[str], source: str, target: str, vector_server: PostgresServer
) -> None:
    with fresh_database(vector_server) as gone:
        pass
    for there in (target, f"postgresql://{gone.user}:x%40y@{gone.where}/{gone.database}"):
        with pytest.raises(SystemExit):
            main(["tier", "migrate", "--from", source, "--to", there, "--dry-run"])
        out, err = capsys.readouterr()
        assert PASSWORD.get_secret_value() not in out + err
        assert "x@y" not in out + err
        assert "x%40y" not in out + err
