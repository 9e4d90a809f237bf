r"""A migration that is killed at random instants and run again converges, checksums equal.

By default 20 kills over 20,000 notes, so that CI stays quick. The full proof:

    MISSION_MIGRATION_KILLS=100 MISSION_MIGRATION_ROWS=200000 pytest \
        tests/crash/test_migration_killed.py
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests.integration.tiers.storage.configured import configured
from tests.integration.tiers.storage.sources import fill_camel_case
from tiers.address import PostgresAddress

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
    source = configured(tmp_path / "from.json", "standalone", plain_database)
    target = configured(tmp_path / "to.json", "federated", vector_database)
    arguments = ["tier", "migrate", "--from", source, "--to", target, "--yes", "--json"]
    command = [sys.executable, "-m", "cli", *arguments]
    # One whole run shows how long it takes; then every instant of it can be hit.
    began = time.monotonic()
    _finish(command)
    whole = time.monotonic() - began
    instants = random.Random(SEED)  # noqa: S311 - not for secrets
    killed = 0
    _empty(vector_database)
    while killed < KILLS:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            process.wait(instants.uniform(whole / 4, whole))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            killed += 1
        _, said = process.communicate()
        assert process.returncode in {0, -signal.SIGKILL}, said
        if process.returncode == 0 or killed % 5 == 0:
            _finish(command, done=_is_done(vector_database))
            _check(plain_database, vector_database)
            _empty(vector_database)


def _finish(command: list[str], *, done: bool = False) -> None:
    """Run it to its end; every table is compared in it."""
    further = ["--allow-non-empty"] if done else []
    ended = subprocess.run([*command, *further], capture_output=True, check=False, timeout=600)
    assert ended.returncode == 0, ended.stderr
    assert all(table["equal"] for table in json.loads(ended.stdout)["tables"])


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
