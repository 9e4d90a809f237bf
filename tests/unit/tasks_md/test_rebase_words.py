"""Our cells on a newer file whose words for statuses are its own."""

from __future__ import annotations

import pytest

from errors import RowConflictError
from tasks_md.model import Dialect, Plan
from tasks_md.parse import parse
from tasks_md.rebase import rebase

TEXT = """\
## M (M1)

| id | status | description | agent | branch | depends_on | notes |
| --- | --- | --- | --- | --- | --- | --- |
| A | todo | Do it. | codex | feat/a | — |  |
| B | todo | Do it. | codex | feat/b | — |  |
"""
WORDS = {"todo": "not-started", "doing": "in-progress", "finished": "done", "waiting": "blocked"}


def plan(text: str) -> Plan:
    return parse(text, dialect=Dialect(statuses=WORDS))


def no_lines(ours: str, _base: str, _theirs: str) -> str | None:
    raise AssertionError(f"only cells differ, but lines are to be merged: {ours}")


def test_rows_that_both_have_are_settled_before_lines_are_merged() -> None:
    """Their statuses stand side by side with what was edited, which lines would call a conflict."""
    new = "| C | todo | Do it. | codex | feat/c | — |  |\n"
    ours = TEXT.replace("| A | todo |", "| A | finished |") + new
    theirs = TEXT.replace("| B | todo | Do it. |", "| B | todo | Do it well. |")
    asked: list[tuple[str, str, str]] = []

    def merge(*texts: str) -> str | None:
        asked.append((texts[0], texts[1], texts[2]))
        return None

    with pytest.raises(RowConflictError, match="in the same lines"):
        rebase(plan(TEXT), plan(ours), plan(theirs), merge)
    carried = theirs.replace("| A | todo |", "| A | finished |")
    assert asked == [(ours, ours.removesuffix(new), carried)]


def test_a_status_in_the_file_s_own_words_is_carried_over() -> None:
    ours = TEXT.replace("| A | todo |", "| A | finished |")
    theirs = TEXT.replace("feat/b | — |  |", "feat/b | — | their word |")
    rebased = rebase(plan(TEXT), plan(ours), plan(theirs), no_lines)
    assert rebased == ours.replace("feat/b | — |  |", "feat/b | — | their word |")


def test_the_same_status_in_other_words_is_no_conflict() -> None:
    ours = TEXT.replace("| A | todo |", "| A | finished |")
    theirs = TEXT.replace("| A | todo |", "| A | done |")
    assert rebase(plan(TEXT), plan(ours), plan(theirs), no_lines) == theirs


def test_two_statuses_conflict() -> None:
    ours = TEXT.replace("| A | todo |", "| A | finished |")
    theirs = TEXT.replace("| A | todo |", "| A | waiting |")
    with pytest.raises(RowConflictError, match="on the remote"):
        rebase(plan(TEXT), plan(ours), plan(theirs), no_lines)
