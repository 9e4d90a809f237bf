"""What the journal knows of errands that went out before: for nothing to be done twice."""

from __future__ import annotations

from dataclasses import dataclass

from mission.journal import Attempt, Journal
from mission.journal.kinds import ErrandKeyed, ErrandSent, NoReview, WorkHeld
from mission.outcome import Outcome
from mission.steps import End, outcome_of

# How attempts end whose errand nobody could be given.
_UNSENT = frozenset({End.INTERRUPTED, End.HELD_UP, End.STOPPED})


@dataclass(frozen=True, kw_only=True)
class Sent:
    """An errand that went out before: its run; or its key alone, where no answer came to it."""

    run: str | None = None
    key: str | None = None


def asked_before(journal: Journal, attempt: Attempt, about: str, commit: str) -> Sent:
    """The same question about the same commit, if the runner died while it asked or waited.

    One whose answer was taken in, and was no review, is not asked for that again.
    """
    answered = journal.events(NoReview, task=attempt.task, attempt=attempt.id)
    return _last(journal, attempt, (about, commit), after=answered[-1].id if answered else 0)


def left_by_a_crash(journal: Journal, attempt: Attempt) -> Sent:
    """The errand of an attempt whose runner died while a worker carried it out, or that nobody
    answered for. Attempts after it that sent none, as nobody could be asked, change nothing about
    that."""
    before = [one for one in journal.attempts(attempt.task) if one.id != attempt.id]
    for last in reversed(before):
        if (last.agent, last.branch) != (attempt.agent, attempt.branch):
            return Sent()
        sent = _last(journal, last, None)
        if sent.run is not None:
            return sent if last.end is End.INTERRUPTED else Sent()
        if last.end not in _UNSENT:
            return Sent()
        if sent.key is not None:
            return sent
    return Sent()


def held_before(journal: Journal, attempt: Attempt) -> str | None:
    """The commit that a worker had finished and could not push, if that was the attempt before."""
    before = [one for one in journal.attempts(attempt.task) if one.number < attempt.number]
    if not before or before[-1].branch != attempt.branch:
        return None
    if outcome_of(before[-1].end, before[-1].said) not in (Outcome.BLOCKED, Outcome.STOPPED):
        return None
    held = journal.events(WorkHeld, task=attempt.task, attempt=before[-1].id)
    return held[-1].what.commit if held else None


def _last(
    journal: Journal, attempt: Attempt, wanted: tuple[str, str] | None, *, after: int = 0
) -> Sent:
    """The last errand of an attempt.

    Args:
        wanted: What it is about, and the commit; None: the attempt's own work.
    """

    def is_wanted(what: ErrandKeyed | ErrandSent) -> bool:
        return not what.about if wanted is None else (what.about, what.commit) == wanted

    task, number = attempt.task, attempt.id
    sent = journal.events(ErrandSent, task=task, attempt=number, after=after)
    runs = [(one.id, one.what.remote_run) for one in sent if is_wanted(one.what)]
    keyed = journal.events(ErrandKeyed, task=task, attempt=number, after=after)
    keys = [(one.id, one.what.key) for one in keyed if is_wanted(one.what)]
    if keys and (not runs or runs[-1][0] < keys[-1][0]):
        return Sent(key=keys[-1][1])
    return Sent(run=runs[-1][1]) if runs else Sent()
