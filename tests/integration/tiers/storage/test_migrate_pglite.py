"""A folder that PGlite wrote moves to the federated tier, and comes out as it went in."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest

from errors import TierError
from tests.command import run
from tests.conftest import requires
from tests.integration.tiers.storage.configured import configured
from tests.integration.tiers.storage.sources import fill_camel_case
from tiers.servers.pglite import open_pglite, serve_pglite
from tiers.settings.address import PostgresAddress

pytestmark = [requires("pglite-server", "node"), pytest.mark.slow]


def test_a_pglite_folder_moves(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    vector_database: PostgresAddress,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    folder = tmp_path / "gateway-data"
    with serve_pglite(folder) as address:
        fill_camel_case(address, notes=200)
        with pytest.raises(TierError, match="is in use by another process"), open_pglite(folder):
            pass
    target = configured(tmp_path / "to.json", "federated", vector_database)
    command = ("tier", "migrate", "--from", str(folder), "--to", target)
    report = json.loads(run(capsys, *command, "--yes", "--json"))
    assert {t["table"]: t["read"] for t in report["tables"]}["notes"] == 200
    assert all(t["equal"] and t["read"] == t["written"] for t in report["tables"])
    assert report["source"] == f"pglite {folder}"
    with psycopg.connect(**vector_database.connect_arguments()) as connection:
        counted = connection.execute("SELECT count(*), count(embedding) FROM notes").fetchone()
    assert counted == (200, 66)


def test_a_folder_without_pglite_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TierError, match="holds no PGlite data"), open_pglite(tmp_path):
        pass
