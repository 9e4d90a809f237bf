"""Which word of a person an attempt begins with, and where it begins then."""

from __future__ import annotations

import pytest

from mission.journal import Attempt, Journal, RequestKind
from mission.journal.kinds import StatusSet
from mission.state import Actor, Status
from policy.beginning import Begin, begin, is_anew, looks, word_for

RETRY, KEEP = RequestKind.RETRY, RequestKind.RETRY_KEEP
TAKE, ANEW = RequestKind.UNBLOCK_KEEP, RequestKind.UNBLOCK_ANEW


class Row:
    """A row's journal."""

    def __init__(self) -> None:
        journal = Journal.in_memory()
        run = journal.start_run(mission="M", host="here", pid=1, pid_started=1.0)
        self.journal = journal.in_run(run)

    def say(self, reason: str, *, by: Actor = Actor.PERSON) -> None:
        new = Status.NOT_STARTED.value
        self.journal.record(StatusSet(old="failed", new=new, by=by, reason=reason), task="A")

    def attempt(self, *, worktree: str | None = "/w", head: str | None = None) -> Attempt:
        made = self.journal.start_attempt(
            task="A", agent="w", branch="b", base_commit=None, worktree=worktree, log=None, route=""
        )
        return self.journal.update_attempt(made.id, head=head) if head else made

    def word(self, number: int | None = None) -> RequestKind | None:
        attempts, changed = self.journal.attempts("A"), self.journal.events(StatusSet, task="A")
        return word_for(number, attempts, changed)


@pytest.mark.parametrize("kind", [RETRY, KEEP, TAKE, ANEW, RequestKind.UNBLOCK])
def test_a_word_holds_for_the_attempt_that_begins_with_it(kind: RequestKind) -> None:
    row = Row()
    row.attempt()
    row.say(f"{kind} by ann by the sea@here")
    held = row.attempt(worktree=None)  # it never got to its folder
    assert (row.word(held.number), row.word()) == (kind, kind)
    second = row.attempt()
    assert (row.word(second.number), row.word()) == (kind, None)
    assert row.word(second.number + 1) is None


def test_a_word_is_used_up_by_work_that_was_done_elsewhere() -> None:
    row = Row()
    row.say("retry by ann@here")
    row.attempt(worktree=None, head="1f2e")
    assert row.word() is None


def test_what_the_runner_or_an_edit_says_is_no_word() -> None:
    row = Row()
    row.say("retry by ann@here", by=Actor.RUNNER)
    assert row.word() is None
    row.say("retry by ann@here")
    row.say("an edit of the file")
    assert row.word() is None


@pytest.mark.parametrize(
    ("word", "worked", "looked", "foreign", "own"),
    [
        (None, False, True, Begin.ASK, Begin.GO_ON),
        (RequestKind.UNBLOCK, False, True, Begin.ASK, Begin.GO_ON),
        (RequestKind.UNBLOCK, True, False, None, Begin.GO_ON),
        (RETRY, True, True, Begin.ASK, Begin.ANEW),
        (KEEP, True, False, None, Begin.GO_ON),
        (TAKE, False, False, None, Begin.GO_ON),
        (ANEW, False, True, Begin.ANEW, Begin.ANEW),
        (ANEW, True, True, Begin.ANEW, Begin.ANEW),
    ],
)
def test_where_an_attempt_begins(
    word: RequestKind | None, worked: bool, looked: bool, foreign: Begin | None, own: Begin
) -> None:
    assert looks(word, worked=worked) is looked
    if foreign is not None:
        assert begin(word, foreign=True) is foreign
    assert begin(word, foreign=False) is own
    assert is_anew(word) is (own is Begin.ANEW)
