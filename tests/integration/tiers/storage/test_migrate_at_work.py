"""What happens while a migration is at work: others who migrate, write, read, or press Ctrl-C.

A lock that the test holds on the target's notes keeps the migration where it is.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.integration.tiers.storage.configured import configured
from tests.integration.tiers.storage.sources import fill_camel_case
from tests.services import PostgresMaker
from tests.terminal import CTRL_C, on_terminal
from tiers.servers.postgres import PostgresServer
from tiers.settings.address import PostgresAddress
from tiers.storage.schema import upgrade

WAITING = """
SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = %s::regclass AND mode ~ %s
"""
INSERTING = "^RowExclusiveLock$"  # from the staging table, which has all the rows by then
LEFT_OVER = "SELECT relname FROM pg_class WHERE relname LIKE 'migration%'"
SECONDS = 60.0


@pytest.fixture
def command(
    plain_database: PostgresAddress, vector_database: PostgresAddress, tmp_path: Path
) -> list[str]:
    """A migration from a filled standalone tier to an empty federated one."""
    fill_camel_case(plain_database)
    upgrade(vector_database, vector=True)
    source = configured(tmp_path / "from.json", "standalone", plain_database)
    target = configured(tmp_path / "to.json", "federated", vector_database)
    return ["tier", "migrate", "--from", source, "--to", target]


@contextmanager
def held(address: PostgresAddress, mode: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection that holds a lock on the notes until the block ends or it rolls back."""
    connection = psycopg.connect(**address.connect_arguments())
    try:
        connection.execute(sql.SQL("LOCK TABLE notes IN {} MODE").format(sql.SQL(mode)))
        yield connection
    finally:
        connection.close()  # its server may have died


@contextmanager
def started(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """The command as a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-m", "cli", *command, "--yes"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_somebody(address: PostgresAddress, table: str, mode: str = "") -> None:
    """Until somebody waits for a lock on the table."""
    deadline = time.monotonic() + SECONDS
    with psycopg.connect(**address.connect_arguments(), autocommit=True) as connection:
        while connection.execute(WAITING, (table, mode)).fetchone() == (0,):
            assert time.monotonic() < deadline
            time.sleep(0.02)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and what was printed."""
    said, _ = process.communicate(timeout=SECONDS)
    return process.returncode, said


def moved_notes(address: PostgresAddress) -> object:
    with psycopg.connect(**address.connect_arguments()) as connection:
        return connection.execute("SELECT count(*) FROM notes").fetchone()


def test_a_second_one_is_refused_while_the_first_is_at_work(
    command: list[str], vector_database: PostgresAddress
) -> None:
    with held(vector_database, "SHARE") as holder, started(command) as first:
        wait_for_somebody(vector_database, "notes")
        with started(command) as second:
            code, said = ended(second)
        assert code == 1
        assert "Another migration is under way" in said
        holder.rollback()
        code, said = ended(first)
        assert code == 0, said
    assert moved_notes(vector_database) == (50,)


def test_who_wants_to_write_to_the_source_meanwhile_is_told_of(
    command: list[str], plain_database: PostgresAddress, vector_database: PostgresAddress
) -> None:
    with (
        psycopg.connect(**plain_database.connect_arguments(), autocommit=True) as writer,
        ThreadPoolExecutor(1) as thread,
        held(vector_database, "SHARE") as holder,
        started(command) as migration,
    ):
        wait_for_somebody(vector_database, "notes")
        insert = """INSERT INTO notes ("id", "body") VALUES (51, 'written meanwhile')"""
        waits = thread.submit(writer.execute, insert)
        wait_for_somebody(plain_database, "notes")
        holder.rollback()
        code, said = ended(migration)
        assert code == 1
        assert "The source is in use: somebody waits to write to it" in said
        assert waits.result().rowcount == 1, "it was kept waiting, not refused"
    with started(command) as again:  # goes on, needs no flag
        code, said = ended(again)
    assert code == 0, said
    assert moved_notes(vector_database) == (51,)


def test_who_reads_the_target_all_the_time_does_not_keep_it_from_being_filled(
    command: list[str], vector_database: PostgresAddress
) -> None:
    """Then indexes and constraints stay in place, and rows go in one by one."""
    with held(vector_database, "ACCESS SHARE"), started(command) as migration:
        code, said = ended(migration)
        assert code == 0, said
    assert moved_notes(vector_database) == (50,)


def test_no_file_of_ours_holds_data_not_even_when_killed(
    command: list[str],
    plain_database: PostgresAddress,
    vector_database: PostgresAddress,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All rows are in the target's staging when it waits for the lock."""
    with psycopg.connect(**plain_database.connect_arguments()) as connection:
        connection.execute("UPDATE notes SET body = repeat('findme ', 100)")
    for name in ("TMPDIR", "HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "MISSION_HOME"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(name, str(tmp_path / name))
    with held(vector_database, "SHARE"), started(command) as migration:
        wait_for_somebody(vector_database, "notes", INSERTING)
        opened = [str(link.readlink()) for link in Path(f"/proc/{migration.pid}/fd").iterdir()]
        assert not [name for name in opened if name.startswith("/") and "/dev/" not in name]
        migration.kill()
        migration.wait()
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or b"findme" not in file.read_bytes(), file
    with started(command) as again:
        code, said = ended(again)
    assert code == 0, said
    with psycopg.connect(**vector_database.connect_arguments()) as connection:
        assert connection.execute(LEFT_OVER).fetchall() == []


def test_a_server_that_dies_in_the_middle_leaves_nothing_over(
    plain_database: PostgresAddress, make_postgres: PostgresMaker, tmp_path: Path
) -> None:
    """Killed as a power cut would, its staging table full."""
    server = make_postgres(start=False)
    process = server.start()
    try:
        upgrade(server.address, vector=True)
        fill_camel_case(plain_database)
        source = configured(tmp_path / "from.json", "standalone", plain_database)
        target = configured(tmp_path / "to.json", "federated", server.address)
        command = ["tier", "migrate", "--from", source, "--to", target]
        with held(server.address, "SHARE"), started(command) as migration:
            wait_for_somebody(server.address, "notes", INSERTING)
            assert staging_files(server), "it is there to be left over"
            postmaster = int((server.data / "postmaster.pid").read_text().splitlines()[0])
            os.kill(postmaster, signal.SIGQUIT)  # at once, without any clearing up
            code, said = ended(migration)
            assert code == 1
            assert "run the same command to go on" in said
    finally:
        process.stop()
    process = server.start()
    try:
        assert staging_files(server) == []
        assert moved_notes(server.address) == (0,)
        with started(command) as again:
            code, said = ended(again)
        assert code == 0, said
        assert moved_notes(server.address) == (50,)
    finally:
        process.stop()


def staging_files(server: PostgresServer) -> list[Path]:
    """Files of temporary tables: `t3_16456`."""
    return list((server.data / "base").glob("*/t[0-9]*"))


def test_ctrl_c_stops_it_and_the_same_command_goes_on(
    command: list[str], tmp_path: Path, vector_database: PostgresAddress
) -> None:
    with (
        held(vector_database, "SHARE"),
        on_terminal(*command, "--yes", folder=tmp_path) as terminal,
    ):
        wait_for_somebody(vector_database, "notes")
        terminal.type(CTRL_C)
        assert terminal.end() == 130
    assert "Run the same command to go on" in terminal.printed
    assert "Traceback" not in terminal.printed
    assert moved_notes(vector_database) == (0,)
    with started(command) as again:
        code, said = ended(again)
    assert code == 0, said
    assert moved_notes(vector_database) == (50,)
