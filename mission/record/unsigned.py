"""A record that nobody has signed, where what asks in a person's name has to be. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mission.answers import answer_text, read_answer, unsigned
from mission.record.merging import BOOKED, numbers
from mission.record.values import CarriedAttempt, CarriedEvent, Record
from mission.steps import End, Step

_ANSWERED = "letter-answered"  # the journal's word for a letter that has its answer
_NOT_SIGNED = "another clone began it; what it says of it is not signed"


def hints(theirs: Record, ours: Record) -> tuple[Record, frozenset[str]]:
    """What counts of a record that anybody may have written who can push: what attempts used, and
    which letters ask for nothing any more. All else is as this clone knows it, and an attempt that
    it does not know was cut off, before any of ours at the row.

    Returns:
        That as a record; and the rows of which the other one says more.
    """
    known = {one.key: one for one in ours.attempts}
    used = {one.key: one.usage for one in theirs.attempts}
    number_of = numbers(ours.attempts, theirs.attempts)
    new = [_cut_off(one) for one in theirs.attempts if one.key not in known]
    mine = [replace(one, **used.get(one.key, one.usage).columns()) for one in ours.attempts]
    there = {one.key for one in theirs.runs}
    counts = Record(
        clone=theirs.clone,
        runs=(*(one for one in ours.runs if one.key not in there), *theirs.runs),
        attempts=tuple(replace(one, number=number_of[one.key]) for one in (*new, *mine)),
        events=tuple(_events(theirs, ours)),
    )
    more = {one.task for one in theirs.attempts if _says_more(one, known.get(one.key))}
    asked = {one.key for one in ours.requests}
    pending = {one.task for one in theirs.requests if one.finished is None and one.key not in asked}
    return counts, frozenset(more | pending)


def _cut_off(one: CarriedAttempt) -> CarriedAttempt:
    """An attempt of which nothing is known but that somebody paid for it."""
    return replace(
        one,
        branch=None,
        base_commit=None,
        step=Step.ENDED.value,
        said=None,
        end=End.INTERRUPTED.value,
        approved=False,
        taken_up=False,
        head=None,
        squash=None,
        merge_base=None,
        ended=one.ended or one.started,
        reason=_NOT_SIGNED,
        summary="",
        session=None,
        exit_code=None,
        route="",
        stands_in=None,
    )


def _says_more(theirs: CarriedAttempt, ours: CarriedAttempt | None) -> bool:
    """Whether an attempt is another one there than here."""
    return ours is None or (theirs.step, theirs.approved) != (ours.step, ours.approved)


def _events(theirs: Record, ours: Record) -> Iterator[CarriedEvent]:
    """Usage as it is; that letters were answered, without what the answer was."""
    answered = {one.data.get("letter") for one in ours.events if one.kind == _ANSWERED}
    for one in theirs.events:
        if one.kind == BOOKED:
            yield one
        elif one.kind == _ANSWERED and one.data.get("letter") not in answered:
            answer = read_answer(str(one.data.get("answer")))
            if answer is not None:
                yield replace(one, data={**one.data, "answer": answer_text(unsigned(answer))})
