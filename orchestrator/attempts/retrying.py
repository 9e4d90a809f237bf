"""What follows from an agent's end that is no success, with the journal's history of the row."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import takewhile

from agents.protocol import Result
from agents.registry import settings as agent_settings
from mission.journal import Attempt
from mission.journal.kinds import StatusSet
from mission.outcome import LIMITS, Outcome
from mission.state import Actor, Status
from orchestrator.context import Context
from orchestrator.ports.ends import SINGLE_WRITER, VERIFICATION, Again
from policy.retry import Action, Decision, History, counts, decide

STATUSES = {
    Action.BLOCK: Status.BLOCKED,
    Action.FAIL: Status.FAILED,
    Action.RELEASE: Status.NOT_STARTED,
}
_OUTCOMES = frozenset(map(str, Outcome))  # Python 3.11 cannot ask an enum for a plain text
STANDS_IN = "stands in"  # how the journal's route of an attempt begins that another agent makes

Tries = Sequence[tuple[str, Outcome]]  # who was asked before, and how that ended, in order


def decide_next(context: Context, attempt: Attempt, result: Result) -> Decision:
    """What to do about an attempt that ended with `result`."""
    earlier = since_people(context, attempt)
    return decide_after(
        context,
        result,
        _ends(earlier),
        most=tries_of(context, attempt) - _sent_back(earlier),
        fallback=agent_settings(attempt.agent, context.config).fallback,
    )


def decide_after(
    context: Context, result: Result, before: Tries, *, most: int, fallback: str | None
) -> Decision:
    """What to do about a try that ended with `result`.

    Args:
        before: The tries before this one.
        most: How many tries there may be, of those that count.
        fallback: Who could be asked instead.
    """
    earlier = [outcome for _, outcome in before]
    history = History(
        counted=sum(counts(outcome) for outcome in [*earlier, result.outcome]),
        max_attempts=most,
        refused=_in_a_row(earlier, {Outcome.AUTHENTICATION}),
        pauses=_in_a_row(earlier, LIMITS),
        fallback=fallback,
    )
    return decide(result, history, now=context.clock.now(), dice=context.dice())


def _in_a_row(earlier: Sequence[Outcome], outcomes: Collection[Outcome]) -> int:
    """How many of the last ends were one of these."""
    return len(list(takewhile(lambda outcome: outcome in outcomes, reversed(earlier))))


def again(context: Context, attempt: Attempt, decision: Decision) -> Again | None:
    """When and by whom the row is tried again; None if it is not, by itself."""
    if decision.action is Action.RETRY:
        stays = attempt.agent if attempt.route.startswith(STANDS_IN) else None
        at = context.clock.now() + decision.delay
        return Again(at=at, agent=decision.agent or stays, limit=decision.limit)
    if decision.action is Action.PAUSE and decision.until is not None:
        return Again(at=decision.until, limit=decision.limit)
    return None


def tries_of(context: Context, attempt: Attempt) -> int:
    """How many attempts the row has, of those that count."""
    own = context.config.tasks.get(attempt.task)
    settings = agent_settings(attempt.agent, context.config)
    return (own.max_attempts if own else None) or settings.max_attempts


def since_people(context: Context, attempt: Attempt) -> list[Attempt]:
    """The attempts before this one. What a person does with the row starts the count anew."""
    by_people = [
        event.at
        for event in context.journal.events(StatusSet, task=attempt.task)
        if event.what.by == Actor.PERSON
    ]
    since = max(by_people, default=None)
    return [
        one
        for one in context.journal.attempts(attempt.task)
        if one.id != attempt.id and (since is None or one.started > since)
    ]


def spent(earlier: Sequence[Attempt]) -> int:
    """How many of these attempts count: those that failed, and those whose work was not good."""
    return _sent_back(earlier) + sum(counts(outcome) for _, outcome in _ends(earlier))


def _sent_back(earlier: Sequence[Attempt]) -> int:
    return sum(one.outcome in (VERIFICATION, SINGLE_WRITER) for one in earlier)


def _ends(earlier: Sequence[Attempt]) -> Tries:
    """The attempts that ended as their agents' results did."""
    return [(one.agent, Outcome(str(one.outcome))) for one in earlier if one.outcome in _OUTCOMES]
