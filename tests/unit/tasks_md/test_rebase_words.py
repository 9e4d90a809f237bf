"""Our cells on a newer file whose words for statuses are its own."""

from __future__ import annotations

import pytest

from mission.errors import RowConflictError
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


def test_a_status_in_the_file_s_own_words_is_carried_over() -> None:
    ours = TEXT.replace("| A | todo |", "| A | finished |")
    theirs = TEXT.replace("feat/b | — |  |", "feat/b | — | their word |")
    rebased = rebase(plan(TEXT), plan(ours), plan(theirs))
    assert rebased == ours.replace("feat/b | — |  |", "feat/b | — | their word |")


def test_the_same_status_in_other_words_is_no_conflict() -> None:
    ours = TEXT.replace("| A | todo |", "| A | finished |")
    theirs = TEXT.replace("| A | todo |", "| A | done |")
    assert rebase(plan(TEXT), plan(ours), plan(theirs)) == theirs


def test_two_statuses_conflict() -> None:
    ours = TEXT.replace("| A | todo |", "| A | finished |")
    theirs = TEXT.replace("| A | todo |", "| A | waiting |")
    with pytest.raises(RowConflictError, match="on the remote"):
        rebase(plan(TEXT), plan(ours), plan(theirs))
