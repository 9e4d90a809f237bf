"""The benchmark of a row carries out what it says, at a small size."""

from __future__ import annotations

from pathlib import Path

from bench import preparation
from bench.row import Cost, carry_out, measure, mission
from bench.row_repositories import generated, git


def test_a_small_measurement_has_all_figures() -> None:
    figures = measure(1, rows=1, files=60, commits=7, many=2, seconds=0.1)
    assert {"own", "generated", "makespan"} <= figures.keys()


def test_a_small_measurement_of_preparation_has_all_figures() -> None:
    figures = preparation.measure(1, files=60, commits=7)
    assert {"seconds", "first_seconds", "over_git"} <= figures.keys()


def test_the_generated_repository_is_as_large_as_it_says(tmp_path: Path) -> None:
    generated(tmp_path / "made.git", files=120, commits=31)
    made = tmp_path / "made.git"
    assert len(git(made, "ls-tree", "-r", "--name-only", "main").split("\n")) == 120
    assert git(made, "rev-list", "--count", "main") == "31"


def test_what_the_script_merges_is_what_the_runner_merges(tmp_path: Path) -> None:
    generated(tmp_path / "made.git", files=5, commits=3)
    git(tmp_path, "clone", "-q", str(tmp_path / "made.git"), "checkout")
    plan = mission(tmp_path / "checkout", ["R0"])
    carry_out(plan, tmp_path, slots=1, expected=1)
    assert git(tmp_path / "made.git", "show", "main:R0.txt") == "work of R0"


def test_costs_are_subtracted() -> None:
    assert Cost(seconds=3, processor=2).less(Cost(seconds=1, processor=2)) == Cost(
        seconds=2, processor=0
    )
