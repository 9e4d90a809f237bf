"""The two commands of the README do what it says: they make .venv, then run the real thing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("words", "last"),
    [
        (["demo"], ".venv/bin/mission demo --from-scratch"),
        (["demo", "DEMO=--keep"], ".venv/bin/mission demo --from-scratch --keep"),
        (["test"], ".venv/bin/python -m pytest -n auto --dist worksteal"),
        (
            ["soak"],
            (
                'PATH="$(.ci/services --all-versions):$PATH" '
                ".venv/bin/python -m pytest -m soak --log-cli-level=INFO"
            ),
        ),
        (["test", "ARGS=-n 0"], ".venv/bin/python -m pytest -n auto --dist worksteal -n 0"),
    ],
)
def test_what_make_runs(words: list[str], last: str) -> None:
    told = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", *words],
        cwd=ROOT,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert [line.strip() for line in told.stdout.splitlines()] == [".ci/setup", last]


def test_ci_runs_lint_and_every_test() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert script[-2:] == ["make lint", "make test"]
    lint = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "lint"],
        cwd=ROOT,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for tool in ("ruff check .", "ruff format --check .", "mypy", "lint-imports"):
        assert f".venv/bin/{tool}" in lint
