"""A run copies itself into the storage of the configured tier, and is not held up by it."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import psycopg
import pytest

from orchestrator.ports.display import RecordingDisplay
from tests.hints import commands_in, typed
from tests.integration.tiers.storage.configured import configured
from tests.scratch import Scratch, make, row
from tests.services import PASSWORD, free_port
from tiers.projection.live import LiveEvents
from tiers.settings.address import PostgresAddress, ValkeyAddress

# B waits until the file is there.
WORKER = """
import os, pathlib, time
task = os.environ["MISSION_TASK"]
while task == "B" and not (pathlib.Path(__file__).parent / "go-on").exists():
    time.sleep(0.05)
pathlib.Path(f"{task}.txt").write_text("work")
"""


def mission(
    folder: Path, database: PostgresAddress, valkey: ValkeyAddress, storage: str = "live"
) -> Scratch:
    rows = [row("A"), row("B", after="A")]
    scratch = make(folder, rows, worker=WORKER, config={"status": {"storage": storage}})
    configured(scratch.top / "mission.config.json", "standalone", database, valkey)
    (scratch.top / ".git" / "info" / "exclude").write_text("mission.config.json\n")
    return scratch


def stored(database: PostgresAddress) -> dict[str, str]:
    """The rows' statuses, as the storage has them."""
    with psycopg.connect(**database.connect_arguments()) as connection:
        row = connection.execute("SELECT to_regclass('tasks')").fetchone()
        if row is None or row[0] is None:
            return {}
        return dict(connection.execute("SELECT key, status FROM tasks").fetchall())


def test_others_see_a_run_while_it_goes_on(
    tmp_path: Path, plain_database: PostgresAddress, valkey_address: ValkeyAddress
) -> None:
    scratch = mission(tmp_path, plain_database, valkey_address)
    ends = []
    runner = threading.Thread(target=lambda: ends.append(scratch.run()))
    runner.start()
    wanted = {"A": "done", "B": "in-progress"}
    waited = threading.Event()
    for _ in range(600):
        if stored(plain_database) == wanted:
            break
        waited.wait(0.1)
    (tmp_path / "go-on").touch()
    runner.join()
    assert ends[0].exit_code == 0
    assert stored(plain_database) == {"A": "done", "B": "done"}
    with scratch.journal() as journal:
        last = journal.events()[-1].id
    with psycopg.connect(**plain_database.connect_arguments()) as connection:
        copied = connection.execute("SELECT source, last_event FROM projections").fetchall()
    assert [position for _, position in copied] == [last]
    live = LiveEvents.at(valkey_address, copied[0][0])
    assert live.last() == last
    live.close()


@pytest.mark.parametrize("storage", ["end", "never"])
def test_it_is_said_when(
    tmp_path: Path, plain_database: PostgresAddress, valkey_address: ValkeyAddress, storage: str
) -> None:
    scratch = mission(tmp_path, plain_database, valkey_address, storage)
    (tmp_path / "go-on").touch()
    assert scratch.run().exit_code == 0
    assert stored(plain_database) == ({"A": "done", "B": "done"} if storage == "end" else {})


def test_what_the_storage_lacks_is_copied_as_the_run_said(
    tmp_path: Path,
    plain_database: PostgresAddress,
    valkey_address: ValkeyAddress,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It was away, which is told once and harms nothing."""
    scratch = mission(tmp_path, plain_database, valkey_address)
    config = scratch.top / "mission.config.json"
    values = json.loads(config.read_text())
    values["storage"]["port"] = free_port()
    fit = config.read_text()
    config.write_text(json.dumps(values))
    (tmp_path / "go-on").touch()
    display = RecordingDisplay()
    assert scratch.run(display=display).exit_code == 0
    said = [line for line in display.said if "storage" in line]
    assert len(said) == 1
    assert "refuses the connection" in said[0]
    assert "`mission tier sync`" in said[0]
    assert PASSWORD.get_secret_value() not in said[0]
    config.write_text(fit)
    monkeypatch.chdir(scratch.top)
    *_, sync = commands_in(said[0])
    typed(capsys, sync)
    assert stored(plain_database) == {"A": "done", "B": "done"}


def test_without_a_configuration_nothing_is_copied(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A")])
    display = RecordingDisplay()
    assert scratch.run(display=display).exit_code == 0
    assert [line for line in display.said if "storage" in line] == []
