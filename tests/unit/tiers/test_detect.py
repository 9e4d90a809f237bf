"""A probe that dies counts as one that does not answer, and is not waited for."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tiers.config import load_tier_config
from tiers.detect import detect


def test_a_probe_that_dies_is_a_failure_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(*_: object) -> None:
        raise LookupError("a bug")

    monkeypatch.setattr("tiers.detect.probe_folder", bug)
    environment = {"MISSION_DATABASE_FOLDER": str(tmp_path / "data")}
    config = load_tier_config(folder=tmp_path, environment=environment)
    (failure,) = detect(config, deadline=timedelta(days=1)).failures
    assert "does not answer" in failure.message
