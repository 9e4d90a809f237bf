"""Every test gets a home of its own for worktrees."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def mission_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "mission-home"
    monkeypatch.setenv("MISSION_HOME", str(home))
    return home
