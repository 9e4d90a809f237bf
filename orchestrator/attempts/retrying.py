"""What follows from an agent's end that is no success, with the journal's history of the row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agents.protocol import Result
from agents.registry import settings as agent_settings
from mission.clock import Clock
from mission.config import MissionConfig
from mission.journal import Attempt, Journal
from mission.journal.kinds import StatusSet
from mission.state import Actor, Status
from orchestrator.ports.ends import Again
from policy.backoff import Chance
from policy.retry import Action, Decision, decide
from policy.tries import Tries, history, sent_back, since, tries

STATUSES = {
    Action.BLOCK: Status.BLOCKED,
    Action.FAIL: Status.FAILED,
    Action.RELEASE: Status.NOT_STARTED,
}


@dataclass(frozen=True, kw_only=True)
class Retrying:
    """What follows from an agent's end, with the journal's history of the row."""

    config: MissionConfig
    journal: Journal
    clock: Clock
    dice: Chance

    def decide_next(self, attempt: Attempt, result: Result) -> Decision:
        """What to do about an attempt that ended with `result`."""
        earlier = self.since_people(attempt)
        return self.decide_after(
            result,
            tries(earlier),
            most=self.tries_of(attempt) - sent_back(earlier),
            fallback=agent_settings(attempt.agent, self.config).fallback,
        )

    def decide_after(
        self, result: Result, before: Tries, *, most: int, fallback: str | None
    ) -> Decision:
        """What to do about a try that ended with `result`; see `policy.tries.history`."""
        led_up = history(before, result.outcome, most=most, fallback=fallback)
        return decide(result, led_up, now=self.clock.now(), dice=self.dice())

    def again(self, attempt: Attempt, decision: Decision) -> Again | None:
        """When and by whom the row is tried again; None if it is not, by itself."""
        stays = None if attempt.stands_in is None else attempt.agent
        return again_by(decision, stays, now=self.clock.now())

    def tries_of(self, attempt: Attempt) -> int:
        """How many attempts the row has, of those that count."""
        return tries_of(attempt.task, attempt.agent, self.config)

    def since_people(self, attempt: Attempt) -> list[Attempt]:
        """The attempts before this one, since a person last set the row."""
        journal = self.journal
        changes = journal.events(StatusSet, task=attempt.task)
        words = [event.at for event in changes if event.what.by == Actor.PERSON]
        return [one for one in since(journal.attempts(attempt.task), words) if one.id != attempt.id]


def again_by(decision: Decision, stand_in: str | None, *, now: datetime) -> Again | None:
    """When and by whom a row is tried again; None if it is not, by itself.

    Args:
        decision: What follows from its last try.
        stand_in: Who made that in place of the agent that the row is routed to; None: nobody did.
        now: Delays are counted from it.
    """
    if decision.action is Action.RETRY:
        at = now + decision.delay
        return Again(at=at, agent=decision.agent or stand_in, limit=decision.limit)
    if decision.action is Action.PAUSE and decision.until is not None:
        return Again(at=decision.until, limit=decision.limit)
    return None


def tries_of(task: str, agent: str, config: MissionConfig) -> int:
    """How many attempts a row has, of those that count, while an agent carries it out.

    Raises:
        AgentError: The agent is not configured.
    """
    own = config.tasks.get(task)
    return (own.max_attempts if own else None) or agent_settings(agent, config).max_attempts
