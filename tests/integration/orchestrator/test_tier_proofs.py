"""Rows that move a storage and prove things about the tier: real servers, real processes."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from mission.journal import Journal
from mission.journal.kinds import EvidenceFound
from orchestrator.operations.own_processes import OwnCommands, own_environment
from orchestrator.operations.regression import chain
from orchestrator.ports.display import RecordingDisplay
from tests.conftest import requires
from tests.integration.tiers.storage.configured import configured
from tests.scratch import Scratch, make, row
from tests.services import PASSWORD, free_port
from tiers.config import load_tier_config
from tiers.federation import MODULES, federation_modules
from tiers.sample.fill import fill
from tiers.servers.local import open_local
from tiers.settings.address import PostgresAddress, ValkeyAddress
from workspace.process import Stop

pytestmark = pytest.mark.slow


def mission(
    folder: Path,
    operations: dict[str, dict[str, object]],
    database: PostgresAddress,
    valkey: ValkeyAddress,
) -> Scratch:
    """A mission with one row an operation, one after the other, on a federated tier."""
    names = list(operations)
    after = ["—", *names]
    rows = [row(name, branch="—", after=after[number]) for number, name in enumerate(names)]
    scratch = make(folder, rows, config={"tasks": operations})
    configured(scratch.top / "mission.config.json", "federated", database, valkey)
    scratch.git.run("add", "mission.config.json")
    scratch.git.run("commit", "--quiet", "-m", "Configure the tier")
    scratch.git.run("push", "--quiet")
    return scratch


def evidence(journal: Journal, task: str) -> dict[str, str]:
    """What the attempt at a row found, by what it checked."""
    events = journal.events(EvidenceFound, task=task)
    return {event.what.check: event.what.found for event in events}


def older(folder: Path, open_path: Path) -> Path:
    """The configuration of a local storage that holds the sample, in a folder of this test alone:
    where servers cannot get to, the data would lie elsewhere, and outlive it."""
    source = folder / "local.json"
    source.write_text(json.dumps({"tier": "local", "storage": {"folder": str(open_path / "old")}}))
    with open_local(load_tier_config(source, environment={})) as address:
        fill(address)
    return source


def test_a_storage_is_moved_once(
    tmp_path: Path, open_path: Path, vector_database: PostgresAddress, valkey_address: ValkeyAddress
) -> None:
    source = older(tmp_path, open_path)
    arguments = {"from": str(source), "allow-non-empty": True}  # the run copies itself there, too
    operation: dict[str, object] = {"run": "migrate-tier", "with": arguments}
    scratch = mission(tmp_path, {"A": operation, "B": operation}, vector_database, valkey_address)
    assert scratch.run().exit_code == 0, scratch.notes("A") + scratch.notes("B")
    assert "609 rows in 6 tables" in scratch.notes("A")
    assert "before; nothing was written" in scratch.notes("B")
    with scratch.journal() as journal:
        assert "400 rows read, 400 written" in evidence(journal, "A")["notes"]
        assert evidence(journal, "B")["notes"] == "400 rows there, 400 here"
    with psycopg.connect(**vector_database.connect_arguments()) as connection:
        counted = connection.execute("SELECT count(*) FROM users").fetchone()
    assert counted == (40,)


def test_a_migration_without_a_source_blocks_its_row(
    tmp_path: Path, vector_database: PostgresAddress, valkey_address: ValkeyAddress
) -> None:
    scratch = mission(tmp_path, {"A": {"run": "migrate-tier"}}, vector_database, valkey_address)
    assert scratch.run().blocked == ("A",)
    assert "tasks.A.with.from is missing" in scratch.notes("A")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"source": "sqlite"}, "tasks.A.with.source is 'sqlite'"),
        ({"config": "../elsewhere.json"}, "tasks.A.with.config is outside the repository"),
    ],
)
def test_arguments_that_mean_nothing_block_the_row(
    tmp_path: Path,
    vector_database: PostgresAddress,
    valkey_address: ValkeyAddress,
    arguments: dict[str, object],
    told: str,
) -> None:
    operation: dict[str, object] = {"run": "migration-check", "with": arguments}
    scratch = mission(tmp_path, {"A": operation}, vector_database, valkey_address)
    assert scratch.run().blocked == ("A",)
    assert told in scratch.notes("A")


@pytest.mark.parametrize(
    "source",
    ["embedded", pytest.param("pglite", marks=requires("pglite-server", "node"))],
)
def test_a_sample_is_moved_and_compared_and_leaves_nothing(
    tmp_path: Path,
    vector_database: PostgresAddress,
    valkey_address: ValkeyAddress,
    source: str,
) -> None:
    operation: dict[str, object] = {"run": "migration-check", "with": {"source": source}}
    scratch = mission(tmp_path, {"A": operation}, vector_database, valkey_address)
    assert scratch.run().exit_code == 0, scratch.notes("A")
    assert "609 rows of a sample" in scratch.notes("A")
    with scratch.journal() as journal:
        found = evidence(journal, "A")
    assert found["team_members"] == "40 rows there, 40 here; 10 compared"
    assert found["left behind"] == "sessions, users.passwordHash"
    with psycopg.connect(**vector_database.connect_arguments()) as connection:
        left = connection.execute(
            "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM pg_database"
            " WHERE datname LIKE 'mission_check_%')"
        ).fetchone()
    assert left == (0, 0)


@pytest.mark.parametrize("operation", ["migration-check", "boot-check", "pgvector-init"])
def test_a_tier_that_is_away_blocks_the_row_with_its_remedy(
    tmp_path: Path, valkey_address: ValkeyAddress, operation: str
) -> None:
    away = PostgresAddress(port=free_port(), password=PASSWORD)
    scratch = mission(tmp_path, {"A": {"run": operation}}, away, valkey_address)
    assert scratch.run().blocked == ("A",)
    assert f"Postgres at {away.where} refuses the connection" in scratch.notes("A")
    assert "mission tier up" in scratch.notes("A")


def test_the_gateway_boots_and_refuses(
    tmp_path: Path, vector_database: PostgresAddress, valkey_address: ValkeyAddress
) -> None:
    operations: dict[str, dict[str, object]] = {
        "A": {"run": "boot-check"},
        "B": {"run": "pgvector-init"},
    }
    scratch = mission(tmp_path, operations, vector_database, valkey_address)
    assert scratch.run().exit_code == 0, scratch.notes("A")
    assert "refuses without Postgres; vector 0" in scratch.notes("A")
    with scratch.journal() as journal:
        found = evidence(journal, "A")
    assert found["gateway"] == "boots on the federated tier"
    assert found["/openapi.json"] == "6 routes, 0 of them write"
    assert found["gateway without Postgres"].startswith("exit code 1: ")
    assert "refuses the connection" in found["gateway without Postgres"]
    assert PASSWORD.get_secret_value() not in str(found)


def test_a_module_that_must_not_be_loaded_is_named_with_who_loaded_it(tmp_path: Path) -> None:
    """The recorder against a command that does load one."""
    graph_file = tmp_path / "graph.json"
    commands = OwnCommands(folder=tmp_path, environment=own_environment(), stop=Stop())
    assert commands.run("tier", "migrate", "--help", imports=graph_file).ok
    graph = json.loads(graph_file.read_text())
    assert "tiers.migration.run" in federation_modules(graph)
    assert chain(graph, "tiers.migration.run")[-3:] == [
        "cli.lazy",
        "cli.migrate",
        "tiers.migration.run",
    ]


def test_every_module_of_the_federated_tier_exists() -> None:
    assert [name for name in MODULES if find_spec(name) is None] == []


@pytest.mark.parametrize(
    ("operation", "phase"),
    [
        ("boot-check", "boots the gateway"),
        ("standalone-regression", "standalone"),
        ("migrate-tier", "migrates"),
        ("migration-check", "moves a sample"),
        ("compose-boot", "boots"),
    ],
)
def test_a_stop_leaves_the_row_to_the_next_run(
    tmp_path: Path,
    open_path: Path,
    vector_database: PostgresAddress,
    valkey_address: ValkeyAddress,
    operation: str,
    phase: str,
) -> None:
    stop = Stop()

    class Stopping(RecordingDisplay):
        """Presses Ctrl-C as soon as the operation is under way."""

        def doing(self, task: str, phase_: str, detail: str = "") -> None:
            if phase_ == phase:
                stop.request("Ctrl-C was pressed")

    given: dict[str, object] = {"run": operation}
    if operation == "migrate-tier":
        given["with"] = {"from": str(older(tmp_path, open_path)), "allow-non-empty": True}
    scratch = mission(tmp_path, {"A": given}, vector_database, valkey_address)
    end = scratch.run(stop=stop, display=Stopping())
    assert end.stopped == "Ctrl-C was pressed"
    assert scratch.statuses() == {"A": "not-started"}
