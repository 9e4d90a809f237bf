"""A branch that conflicts with the base: its agent may get one more attempt to settle that."""

from __future__ import annotations

from dataclasses import dataclass

from mission.config import MissionConfig
from mission.journal import Attempt, Journal
from orchestrator.attempts.retrying import Retrying
from orchestrator.workers.sending import works_elsewhere
from policy import tries


@dataclass(frozen=True, kw_only=True)
class Repairing:
    """Work that does not apply to the base: whether its agent gets it back."""

    retrying: Retrying
    config: MissionConfig
    journal: Journal

    def may_repair(self, attempt: Attempt) -> bool:
        """Whether the row's agent gets one more attempt: see `policy.tries`.

        Not on a worker: it gets a clone of what is committed, which an unfinished merge is not.
        """
        if not self.config.merge.repair or works_elsewhere(self.config, attempt.agent):
            return False
        return tries.may_repair(attempt, self.retrying.since_people(attempt))

    def to_repair(self, attempt: Attempt) -> Attempt | None:
        """The earlier attempt whose conflict this one is to settle; None if there is none."""
        earlier = [
            one for one in self.journal.attempts(attempt.task) if one.number < attempt.number
        ]
        conflict = tries.to_repair(earlier)
        if conflict is None or works_elsewhere(self.config, attempt.agent):
            return None
        return conflict
