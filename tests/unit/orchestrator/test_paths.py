"""The single writer's guard sees every way to take the task file's place."""

from __future__ import annotations

import pytest

from orchestrator.gating.paths import touched


@pytest.mark.parametrize(
    "files",
    [
        ["docs/TASKS.md"],
        ["src/a.py", "docs/TASKS.md"],
        ["docs/tasks.md"],  # the same file where letter case does not count
        ["docs"],  # a file or a link where its folder was
        ["docs/TASKS.md/x"],  # a folder where it was
    ],
)
def test_touched(files: list[str]) -> None:
    assert touched(files, "docs/TASKS.md")


@pytest.mark.parametrize(
    "files", [[], ["TASKS.md"], ["docs/TASKS.md.orig"], ["docs/other/TASKS.md"], ["doc"]]
)
def test_not_touched(files: list[str]) -> None:
    assert not touched(files, "docs/TASKS.md")


def test_unicode_forms_are_one_name() -> None:
    assert touched(["pla\u0301n/TASKS.md"], "pl\u00e1n/TASKS.md")
