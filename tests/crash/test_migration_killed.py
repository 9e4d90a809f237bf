"""A migration that is killed at random instants and run again converges, checksums equal.

The full proof, 100 kills over 200,000 notes, is in `make soak`; another MISSION_SEED kills at other
instants.
"""

from __future__ import annotations

import logging
import signal
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

import psycopg
import pytest

from tests.crash.converging import roll
from tests.crash.forked import CONTEXT
from tests.integration.tiers.storage.configured import configured
from tests.integration.tiers.storage.sources import fill_camel_case
from tiers.migration.places import find_place
from tiers.migration.run import migrate
from tiers.settings.address import PostgresAddress
from tiers.settings.model import Tier
from tiers.storage.schema import upgrade

LOG = logging.getLogger(__name__)
ONCE_MORE = 0.3  # of the kills hit a run that was to make good an earlier one
COUNTS = """
SELECT count(*), count(DISTINCT id), (SELECT count(*) FROM mission_events) FROM notes
"""
FOUND = "SELECT (SELECT count(*) FROM notes), (SELECT count(*) FROM mission_events)"
DIGESTS = (
    "SELECT md5(string_agg(id || body, '' ORDER BY id::int)) FROM notes",
    "SELECT md5(string_agg(id || (data ->> 'n'), '' ORDER BY id::int)) FROM {}",
)
OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
# Everything that the schema's migrations made beside the tables themselves.
MADE = """
SELECT pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
UNION ALL
SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
ORDER BY 1
"""
LEFT_OVER = "SELECT relname FROM pg_class WHERE relname LIKE 'migration%'"

pytestmark = [pytest.mark.slow, pytest.mark.crash]


@pytest.mark.parametrize(
    ("kills", "notes"),
    [
        (8, 8_000),
        pytest.param(100, 200_000, marks=[pytest.mark.soak, pytest.mark.timeout(2 * 3600)]),
    ],
)
def test_it_converges(
    plain_database: PostgresAddress,
    vector_database: PostgresAddress,
    tmp_path: Path,
    kills: int,
    notes: int,
) -> None:
    events = notes // 4  # so that kills hit what comes after the notes, too
    fill_camel_case(plain_database, notes=notes, events=events)
    upgrade(vector_database, vector=True)
    made = _made(vector_database)
    places = (
        configured(tmp_path / "from.json", "standalone", plain_database),
        configured(tmp_path / "to.json", "federated", vector_database),
    )
    # One whole run shows how long it takes; then every instant of it can be hit.
    began = time.monotonic()
    move(*places)
    whole = time.monotonic() - began
    _check(plain_database, vector_database, (notes, notes, events))
    assert _made(vector_database) == made
    _empty(vector_database)
    seed, dice = roll()
    LOG.info("seed %s", seed)
    killed, states = 0, Counter[tuple[int, int]]()
    while killed < kills:
        ended = _killed_after(dice.uniform(0, whole), *places)
        state = _state_after(vector_database, made)
        assert state in {(0, 0), (notes, 0), (notes, events)}, f"seed {seed}, {killed} kills"
        states[state] += not ended
        killed += not ended
        if not ended and dice.random() < ONCE_MORE:
            continue
        move(*places, again=_is_done(vector_database))
        _check(plain_database, vector_database, (notes, notes, events))
        assert _made(vector_database) == made
        _empty(vector_database)
    LOG.info("%s kills, %s notes, %.1f s undisturbed; found: %s", kills, notes, whole, dict(states))


def move(source: str, target: str, begun: Connection | None = None, *, again: bool = False) -> None:
    """Migrate in this process; every table is compared in it. Says on `begun` when it begins."""
    _, moved = migrate(
        find_place(source, url_tier=Tier.STANDALONE),
        find_place(target, url_tier=Tier.FEDERATED),
        agree=lambda _preview: begun.send(True) if begun is not None else None,
        progress=lambda _table, _rows: None,
        allow_non_empty=again,
    )
    assert all(one.source_checksum == one.target_checksum for one in moved)


def _killed_after(seconds: float, source: str, target: str) -> bool:
    """Start a migration and kill it so long after it began; whether it had ended by then."""
    ours, theirs = CONTEXT.Pipe()
    process = CONTEXT.Process(target=move, args=(source, target, theirs))
    process.start()
    theirs.close()
    assert ours.recv()
    process.join(seconds)
    process.kill()
    process.join()
    assert process.exitcode in {0, -signal.SIGKILL}
    ours.close()
    return process.exitcode == 0


def _state_after(target: PostgresAddress, made: list[tuple[object, ...]]) -> tuple[int, int]:
    """How far the killed one came: how many notes and events there are, each with its indexes."""
    with psycopg.connect(**target.connect_arguments(), autocommit=True) as connection:
        while connection.execute(OTHERS).fetchone() != (0,):  # the server has not noticed yet
            time.sleep(0.05)
        (found,) = connection.execute(FOUND).fetchall()
        assert connection.execute(LEFT_OVER).fetchall() == []
    assert _made(target) == made
    return int(found[0]), int(found[1])


def _made(target: PostgresAddress) -> list[tuple[object, ...]]:
    with psycopg.connect(**target.connect_arguments()) as connection:
        return connection.execute(MADE).fetchall()


def _is_done(target: PostgresAddress) -> bool:
    """Whether it was killed when all was done: then going on is starting again."""
    with psycopg.connect(**target.connect_arguments()) as connection:
        query = "SELECT count(*) FROM takeovers WHERE finished IS NOT NULL"
        return connection.execute(query).fetchone() == (1,)


def _check(source: PostgresAddress, target: PostgresAddress, counts: tuple[int, int, int]) -> None:
    """Count and digest by a way of the test's own."""
    digests = []
    for address, events in ((source, '"missionEvents"'), (target, "mission_events")):
        with psycopg.connect(**address.connect_arguments()) as connection:
            digests.append(
                [connection.execute(query.format(events)).fetchone() for query in DIGESTS]
            )
    assert digests[0] == digests[1]
    with psycopg.connect(**target.connect_arguments()) as connection:
        assert connection.execute(COUNTS).fetchone() == counts
        assert connection.execute(LEFT_OVER).fetchall() == []


def _empty(target: PostgresAddress) -> None:
    with psycopg.connect(**target.connect_arguments()) as connection:
        connection.execute("TRUNCATE users, missions, takeovers CASCADE")
        connection.execute("TRUNCATE teams, tasks, notes, mission_events, team_members CASCADE")
