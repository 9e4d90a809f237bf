"""What follows from an agent's end that is no success, with the journal's history of the row."""

from __future__ import annotations

from agents.protocol import Outcome, Result
from agents.registry import settings as agent_settings
from agents.retry import Action, Decision, History, counts, decide
from mission.journal import Attempt, EventKind
from mission.state import Actor, Status
from orchestrator.context import Context
from orchestrator.ends import Again

STATUSES = {
    Action.BLOCK: Status.BLOCKED,
    Action.FAIL: Status.FAILED,
    Action.RELEASE: Status.NOT_STARTED,
}
_OUTCOMES = frozenset(map(str, Outcome))  # Python 3.11 cannot ask an enum for a plain text
STANDS_IN = "stands in"  # how the journal's route of an attempt begins that another agent makes
_PAUSES = (Outcome.RATE_LIMIT, Outcome.QUOTA)


def decide_next(context: Context, attempt: Attempt, result: Result) -> Decision:
    """What to do about an attempt that ended with `result`."""
    history = _history(context, attempt, result)
    return decide(result, history, now=context.clock(), dice=context.dice())


def again(context: Context, attempt: Attempt, decision: Decision) -> Again | None:
    """When and by whom the row is tried again; None if it is not, by itself."""
    if decision.action is Action.RETRY:
        stays = attempt.agent if attempt.route.startswith(STANDS_IN) else None
        at = context.clock() + decision.delay
        return Again(at=at, agent=decision.agent or stays, rests=decision.until)
    if decision.action is Action.PAUSE and decision.until is not None:
        return Again(at=decision.until, rests=decision.until)
    return None


def _history(context: Context, attempt: Attempt, result: Result) -> History:
    """The attempts that count. What a person does with the row starts the count anew."""
    settings = agent_settings(attempt.agent, context.config)
    own = context.config.tasks.get(attempt.task)
    by_people = [
        event.at
        for event in context.journal.events(task=attempt.task, kind=EventKind.STATUS)
        if event.data["by"] == Actor.PERSON
    ]
    since = max(by_people, default=None)
    before = [
        one
        for one in context.journal.attempts(attempt.task)
        if one.id != attempt.id
        and one.outcome in _OUTCOMES
        and (since is None or one.started > since)
    ]
    earlier = [Outcome(str(one.outcome)) for one in before]
    tried = {one.agent for one in before}
    pauses = 0
    while pauses < len(earlier) and earlier[-1 - pauses] in _PAUSES:
        pauses += 1
    fallback = settings.fallback
    if result.outcome is Outcome.OVERLOADED and fallback in tried:
        fallback = None  # two that stand in for each other would hand the row on for ever
    return History(
        counted=sum(counts(outcome) for outcome in [*earlier, result.outcome]),
        max_attempts=(own.max_attempts if own else None) or settings.max_attempts,
        pauses=pauses,
        fallback=fallback,
    )
