"""A branch that conflicts with the base: its agent may get one more attempt to settle that."""

from __future__ import annotations

from mission.journal import Attempt
from orchestrator.attempts.retrying import since_people
from orchestrator.context import Context
from orchestrator.workers.sending import works_elsewhere
from policy import tries


def may_repair(context: Context, attempt: Attempt) -> bool:
    """Whether the row's agent gets one more attempt: see `policy.tries`.

    Not on a worker: it gets a clone of what is committed, which an unfinished merge is not.
    """
    if not context.config.merge.repair or works_elsewhere(context.config, attempt.agent):
        return False
    return tries.may_repair(attempt, since_people(context, attempt))


def to_repair(context: Context, attempt: Attempt) -> Attempt | None:
    """The earlier attempt whose conflict this one is to settle; None if there is none."""
    earlier = [one for one in context.journal.attempts(attempt.task) if one.number < attempt.number]
    conflict = tries.to_repair(earlier)
    if conflict is None or works_elsewhere(context.config, attempt.agent):
        return None
    return conflict
