"""Providers that take no work for a while, and who stands in for their agents meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from agents.registry import provider, settings
from mission.config import MissionConfig

OPERATION = "operation"  # what the journal calls the agent of a built-in operation


class Rests:
    """Which providers rest, for everybody who asks their agents in a run: rows, reviews, plans.

    Used by one thread at a time: the loop's, or the run's own before and after it.
    """

    def __init__(self, config: MissionConfig) -> None:
        self._config = config
        self._until: dict[str, datetime] = {}  # by provider

    def begin(self, agent: str, until: datetime) -> None:
        """The agent's provider takes no work, from anyone, until then. The longest rest counts.

        Raises:
            AgentError: The agent is not configured.
        """
        name = self._provider(agent)
        self._until[name] = max(until, self._until.get(name, until))

    def first_at_work(self, names: Sequence[str], now: datetime) -> tuple[str, datetime | None]:
        """The first of these agents whose provider takes work, and None; if all of them rest, the
        first of them, and when one is back.

        Raises:
            AgentError: One of them is not configured.
        """
        back: list[datetime] = []
        for name in names:
            until = self._until.get(self._provider(name), now)
            if until <= now:
                return name, None
            back.append(until)
        return names[0], min(back)

    def _provider(self, agent: str) -> str:
        if is_operation(agent):
            return OPERATION
        return provider(agent, settings(agent, self._config))


def is_operation(agent: str) -> bool:
    """Whether the journal's name of who carries a row out is that of a built-in operation."""
    return agent.startswith(f"{OPERATION}:")


def line_up(agent: str, config: MissionConfig) -> tuple[str, ...]:
    """An agent, then those who stand in for it, in their order.

    Raises:
        AgentError: One of them is not configured.
    """
    names: list[str] = []
    following: str | None = agent
    while following is not None and following not in names:
        names.append(following)
        if is_operation(following):
            break
        following = settings(following, config).fallback
    return tuple(names)
