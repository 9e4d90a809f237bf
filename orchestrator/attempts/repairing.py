"""A branch that conflicts with the base: its agent may get one more attempt to settle that."""

from __future__ import annotations

from mission.journal import Attempt
from orchestrator.attempts.retrying import since_people
from orchestrator.context import Context
from orchestrator.ports.assignment import Assignment
from orchestrator.ports.ends import CONFLICT
from orchestrator.workers.sending import works_elsewhere


def may_repair(context: Context, assignment: Assignment) -> bool:
    """Whether the row's agent gets one more attempt.

    Once since a person last set the row; and not for work that a person has approved: what comes
    out of a repair is not what they saw. Nor by an agent on a worker: it gets a clone of what is
    committed, which an unfinished merge is not.
    """
    if not context.config.merge.repair or assignment.approved:
        return False
    if works_elsewhere(context.config, assignment.attempt.agent):
        return False
    earlier = since_people(context, assignment.attempt)
    return not any(one.outcome == CONFLICT for one in earlier)


def to_repair(context: Context, attempt: Attempt) -> Attempt | None:
    """The earlier attempt whose conflict this one is to settle; None if there is none.

    Attempts in between that were cut off, or failed, have settled nothing.
    """
    earlier = [one for one in context.journal.attempts(attempt.task) if one.number < attempt.number]
    for one in reversed(earlier):
        if one.outcome == CONFLICT:
            return None if works_elsewhere(context.config, attempt.agent) else one
        if one.head is not None:
            return None
    return None
