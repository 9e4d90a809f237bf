"""Every test gets a home of its own for worktrees."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def tmp_path(disk_path: Path) -> Path:
    """Not in memory: that is below `/dev`, of which a sandbox shows its own."""
    return disk_path


@pytest.fixture(autouse=True)
def mission_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "mission-home"
    monkeypatch.setenv("MISSION_HOME", str(home))
    return home
