r"""A migration that is killed at random instants and run again converges, checksums equal.

By default 20 kills over 20,000 notes, so that CI stays quick. The full proof:

    MISSION_MIGRATION_KILLS=100 MISSION_MIGRATION_ROWS=200000 pytest \
        tests/crash/test_migration_killed.py
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

import psycopg
import pytest

from tests.integration.tiers.storage.configured import configured
from tests.integration.tiers.storage.sources import fill_camel_case
from tiers.migration.places import find_place
from tiers.migration.run import migrate
from tiers.settings.address import PostgresAddress
from tiers.settings.model import Tier

KILLS = int(os.environ.get("MISSION_MIGRATION_KILLS", "20"))
ROWS = int(os.environ.get("MISSION_MIGRATION_ROWS", "20000"))
SEED = 20260419
CONSTRAINTS = "SELECT count(*), count(DISTINCT id) FROM notes"
LEFT_OVER = "SELECT relname FROM pg_class WHERE relname LIKE 'migration%'"

pytestmark = [pytest.mark.slow, pytest.mark.crash]


@pytest.mark.timeout(3600)
def test_it_converges(
    plain_database: PostgresAddress, vector_database: PostgresAddress, tmp_path: Path
) -> None:
    fill_camel_case(plain_database, notes=ROWS)
    places = (
        configured(tmp_path / "from.json", "standalone", plain_database),
        configured(tmp_path / "to.json", "federated", vector_database),
    )
    # One whole run shows how long it takes; then every instant of it can be hit.
    began = time.monotonic()
    move(*places)
    whole = time.monotonic() - began
    _check(plain_database, vector_database)
    _empty(vector_database)
    instants = random.Random(SEED)  # noqa: S311 - not for secrets
    killed = 0
    while killed < KILLS:
        ended = _killed_after(instants.uniform(0, whole), *places)
        killed += not ended
        if ended or killed % 5 == 0:
            move(*places, again=_is_done(vector_database))
            _check(plain_database, vector_database)
            _empty(vector_database)


def move(source: str, target: str, begun: Connection | None = None, *, again: bool = False) -> None:
    """Migrate in this process; every table is compared in it. Says on `begun` when it begins."""
    _, moved = migrate(
        find_place(source, url_tier=Tier.STANDALONE),
        find_place(target, url_tier=Tier.FEDERATED),
        agree=lambda _plan: begun.send(True) if begun is not None else None,
        progress=lambda _table, _rows: None,
        allow_non_empty=again,
    )
    assert all(one.source_checksum == one.target_checksum for one in moved)


def _killed_after(seconds: float, source: str, target: str) -> bool:
    """Start a migration and kill it so long after it began; whether it had ended by then."""
    # A server that has imported everything forks the children: the kills hit the work.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "tiers.migration.run"])
    ours, theirs = context.Pipe()
    process = context.Process(target=move, args=(source, target, theirs))
    process.start()
    theirs.close()
    assert ours.recv()
    process.join(seconds)
    process.kill()
    process.join()
    assert process.exitcode in {0, -signal.SIGKILL}
    ours.close()
    return process.exitcode == 0


def _is_done(target: PostgresAddress) -> bool:
    """Whether it was killed when all was done: then going on is starting again."""
    with psycopg.connect(**target.connect_arguments()) as connection:
        query = "SELECT count(*) FROM takeovers WHERE finished IS NOT NULL"
        return connection.execute(query).fetchone() == (1,)


def _check(source: PostgresAddress, target: PostgresAddress) -> None:
    """Count and digest by a way of the test's own."""
    digests = []
    for address in (source, target):
        with psycopg.connect(**address.connect_arguments()) as connection:
            query = "SELECT md5(string_agg(id || body, '' ORDER BY id::int)) FROM notes"
            digests.append(connection.execute(query).fetchone())
    assert digests[0] == digests[1]
    with psycopg.connect(**target.connect_arguments()) as connection:
        assert connection.execute(CONSTRAINTS).fetchone() == (ROWS, ROWS)
        assert connection.execute(LEFT_OVER).fetchall() == []


def _empty(target: PostgresAddress) -> None:
    with psycopg.connect(**target.connect_arguments()) as connection:
        connection.execute("TRUNCATE users, missions, takeovers CASCADE")
        connection.execute("TRUNCATE teams, tasks, notes, mission_events, team_members CASCADE")
