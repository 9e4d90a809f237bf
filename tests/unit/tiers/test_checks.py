"""Checks: all of them run, and the worst decides."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

from errors import TierError
from tiers.checks import Check, Health, examine, overall
from tiers.doctor import LOW_DISK, NO_DISK, disk_check


def green(name: str) -> Check:
    return Check(group="g", name=name, health=Health.GREEN, detail="")


def test_one_that_breaks_stops_no_other() -> None:
    def refuses() -> Iterable[Check]:
        raise TierError("no", hint="do this")

    def breaks() -> Iterable[Check]:
        raise ZeroDivisionError("geheim")

    found = examine("g", [("a", refuses), ("b", breaks), ("c", lambda: [green("c")])])
    assert [(c.name, c.health) for c in found] == [
        ("a", Health.RED),
        ("b", Health.RED),
        ("c", Health.GREEN),
    ]
    assert (found[0].detail, found[0].remedy) == ("no", "do this")
    assert "ZeroDivisionError" in found[1].detail
    assert "geheim" not in found[1].detail


@pytest.mark.parametrize(
    ("healths", "worst"),
    [
        ([], Health.GREEN),
        ([Health.GREEN], Health.GREEN),
        ([Health.YELLOW, Health.GREEN], Health.YELLOW),
        ([Health.YELLOW, Health.RED, Health.GREEN], Health.RED),
    ],
)
def test_the_worst_decides(healths: list[Health], worst: Health) -> None:
    found = [Check(group="g", name="n", health=health, detail="") for health in healths]
    assert overall(found) is worst


class Usage(NamedTuple):
    """As `shutil.disk_usage` returns it."""

    total: int
    used: int
    free: int


@pytest.mark.parametrize(
    ("free", "health"),
    [(LOW_DISK, Health.GREEN), (LOW_DISK - 1, Health.YELLOW), (NO_DISK - 1, Health.RED)],
)
def test_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, health: Health
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(0, 0, free))
    check = disk_check("g", tmp_path / "not" / "there" / "yet")
    assert check.health is health
    assert str(tmp_path) in check.detail
    assert bool(check.remedy) is (health is not Health.GREEN)
