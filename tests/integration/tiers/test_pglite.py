"""PGlite on a real folder: it keeps data, has one server at a time, and ends with its owner."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from errors import StoppedError
from tests.conftest import requires
from tiers.config import load_tier_config
from tiers.detect import detect
from tiers.probes.probe import Cause
from tiers.servers.local import open_local
from tiers.servers.pglite import serve_pglite
from tiers.services.embedded import EmbeddedServices
from workspace.process import Stop

pytestmark = [requires("node", "pglite-server"), pytest.mark.slow]

# Writes a row, says so, and waits to be killed.
_OWNER = """
import sys
from pathlib import Path
import psycopg
from tiers.servers.pglite import serve_pglite

with serve_pglite(Path(sys.argv[1])) as address:
    with psycopg.connect(**address.connect_arguments(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'a' AS value")
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    return tmp_path / "pglite"


def test_a_killed_owners_folder_can_be_opened_at_once(folder: Path) -> None:
    command = [sys.executable, "-c", _OWNER, str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "ready\n"
        owner.kill()
    with (
        serve_pglite(folder) as address,  # waits for the old server's end
        psycopg.connect(**address.connect_arguments()) as connection,
    ):
        assert connection.execute("SELECT value FROM kept").fetchone() == ("a",)


def test_a_stop_is_heeded_while_it_starts(folder: Path) -> None:
    stop = Stop()
    stop.request("Ctrl-C was pressed")
    with pytest.raises(StoppedError, match="Ctrl-C was pressed"), serve_pglite(folder, stop):
        pytest.fail("it has started")
    with serve_pglite(folder) as address, psycopg.connect(**address.connect_arguments()) as again:
        assert again.execute("SELECT 1").fetchone() == (1,), "nothing holds the folder any more"


def test_a_local_tier_may_be_a_pglite_folder(folder: Path) -> None:
    environment = {"MISSION_DATABASE_TYPE": "pglite", "MISSION_DATABASE_FOLDER": str(folder)}
    config = load_tier_config(folder=folder.parent, environment=environment)
    assert [f.cause for f in detect(config).failures] == [Cause.FOLDER], "there is nothing yet"
    with (
        open_local(config) as address,
        psycopg.connect(**address.connect_arguments()) as connection,
    ):
        assert connection.execute("SELECT 1").fetchone() == (1,)
    detect(config).require()
    said: list[str] = []
    EmbeddedServices().up(config, said.append)
    assert said == [f"PGlite on {folder} is started when it is needed, and ended after that"]
