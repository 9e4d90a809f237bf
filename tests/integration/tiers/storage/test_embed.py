"""`mission tier embed` makes what is missing, and goes on where it was killed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests.command import run
from tests.integration.tiers.storage.configured import configured
from tiers.settings.address import PostgresAddress, ValkeyAddress
from tiers.storage.schema import upgrade

NOTES = 3000
EMBEDDED = "SELECT count(embedding) FROM notes"


def embedded(address: PostgresAddress) -> int:
    with psycopg.connect(**address.connect_arguments()) as connection:
        row = connection.execute(EMBEDDED).fetchone()
    assert row is not None
    return int(row[0])


def test_killed_it_goes_on(
    capsys: pytest.CaptureFixture[str],
    vector_database: PostgresAddress,
    valkey_address: ValkeyAddress,
    tmp_path: Path,
) -> None:
    upgrade(vector_database, vector=True)
    with psycopg.connect(**vector_database.connect_arguments()) as connection:
        connection.execute(
            "INSERT INTO notes (id, body) SELECT n, md5(n::text) FROM generate_series(1, %s) n",
            (NOTES,),
        )
    config = configured(tmp_path / "to.json", "federated", vector_database, valkey_address)
    command = ("tier", "embed", "--config", config, "--embedder", "hashing", "--json")
    with subprocess.Popen(
        [sys.executable, "-m", "cli", *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith(b"notes: "), "the first batch is committed"
        process.kill()
    done = embedded(vector_database)
    assert 0 < done < NOTES
    while (later := embedded(vector_database)) != done:  # the server has not noticed yet
        done = later
        time.sleep(0.1)
    assert json.loads(run(capsys, *command)) == {"embedder": "hashing-1", "embedded": NOTES - done}
    assert embedded(vector_database) == NOTES
    assert json.loads(run(capsys, *command))["embedded"] == 0
