"""Tools bring sandboxes of their own."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def tmp_path(disk_path: Path) -> Path:
    """Not in memory: that is below `/dev`, of which a sandbox shows its own."""
    return disk_path
