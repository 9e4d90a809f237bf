"""Rows that boot the federated tier, enable vectors in it, probe it and examine it: for real."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hints import commands_in, typed
from tests.scratch import Scratch, make, row
from tests.services import free_port
from tiers.config import load_tier_config
from tiers.services.embedded import EmbeddedServices

OPERATIONS = {
    "A": {"run": "compose-boot", "with": {"with": "embedded"}},
    "B": {"run": "pgvector-init"},
    "C": {"run": "tier-detect"},
    "D": {"run": "tier-doctor"},
}


@pytest.fixture
def tier(tmp_path: Path, services_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    """A mission with one row an operation, and a federated tier on free ports."""
    monkeypatch.setenv("MISSION_HOME", str(services_folder / f"home-{tmp_path.name}"))
    monkeypatch.setenv("MISSION_DATABASE_PORT", str(free_port()))
    monkeypatch.setenv("MISSION_VALKEY_PORT", str(free_port()))
    rows = [
        row("A", branch="—"),
        row("B", branch="—", after="A"),
        row("C", branch="—", after="B"),
        row("D", branch="—", after="C"),
    ]
    scratch = make(tmp_path, rows, config={"tasks": OPERATIONS})
    (scratch.top / "mission.config.json").write_text('{"tier": "federated"}')
    scratch.git.run("add", "mission.config.json")
    scratch.git.run("commit", "--quiet", "-m", "Configure the tier")
    scratch.git.run("push", "--quiet")
    return scratch


def test_the_tier_comes_up_and_its_evidence_is_in_the_notes(tier: Scratch) -> None:
    config = load_tier_config(tier.top / "mission.config.json")
    try:
        end = tier.run()
        assert end.exit_code == 0, {name: tier.notes(name) for name in OPERATIONS}
        assert "postgres" in tier.notes("A")
        assert "a distance query answers 1.0" in tier.notes("B")
        assert "pgvector" in tier.notes("C")
        assert "checks" in tier.notes("D")
        # Killed before its end is journalled, an operation runs again: on what it left.
        again = tier.task_file.read_text().replace("| done |", "| not-started |")
        tier.task_file.write_text(again)
        assert tier.run().exit_code == 0, {name: tier.notes(name) for name in OPERATIONS}
        assert set(tier.statuses().values()) == {"done"}
    finally:
        EmbeddedServices().down(config, lambda _line: None, remove_data=True)


def test_a_tier_that_is_not_there_blocks_the_row_with_its_remedy(
    tier: Scratch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tier.task_file.read_text()
    tier.task_file.write_text(text.replace("| A | not-started |", "| A | done |"))
    assert tier.run().blocked == ("B",)
    up = commands_in(tier.notes("B"))[0]
    assert up == "mission tier up"
    # With the servers of this machine: a person chooses that in the configuration.
    config = load_tier_config(tier.top / "mission.config.json")
    try:
        assert "postgres-federated" in typed(capsys, f"{up} --with embedded", folder=tier.top)
        # What `pgvector-init` and the schema say where such a server breaks off in the middle.
        assert "pgvector" in typed(capsys, "mission tier doctor", folder=tier.top)
        typed(capsys, "mission unblock B", folder=tier.top)
        assert tier.run().exit_code == 0
    finally:
        EmbeddedServices().down(config, lambda _line: None, remove_data=True)
