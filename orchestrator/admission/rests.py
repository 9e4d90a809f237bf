"""Providers that take no work for a while, and who stands in for their agents meanwhile.

A provider that is overloaded, or at its limit, rests. Afterwards one row at a time asks it: only
when that one gets an answer, or has been at work for a while, do the others come back. One that is
overloaded for longer than the mission's patience is given up for this run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents.registry import provider as provider_of
from agents.registry import settings
from mission.config import MissionConfig
from mission.config.values import format_duration
from mission.outcome import Outcome
from policy.retry import LONGEST_DELAY, Limit, rest_end

OPERATION = "operation"  # what the journal calls the agent of a built-in operation

#: What to do about a provider that was given up.
GO_ON = "Type `mission run` once it works again, or raise `patience` in mission.yaml"

#: A row that has been at work for so long has been answered: the tools' own retries take less.
PROBE = timedelta(minutes=1)

# Ends that do not say whether the provider answers.
_UNTOLD = frozenset(
    {
        *(Outcome.SILENT, Outcome.TIMED_OUT, Outcome.CRASHED),
        *(Outcome.STOPPED, Outcome.KILLED, Outcome.BLOCKED),
    }
)


@dataclass(kw_only=True, slots=True)
class _Rest:
    """What a provider is like since it first had to rest, until it answers again."""

    until: datetime
    times: int = 0  # how often it had to
    overloaded: datetime | None = None  # since when it is; None: it is at a limit
    probe: str | None = None  # the row that asks it
    since: datetime | None = None  # ... since then
    given_up: bool = False

    @property
    def back(self) -> datetime:
        """When the next row may ask it."""
        if self.probe is None or self.since is None:
            return self.until
        return max(self.until, self.since + PROBE)


class Rests:
    """Which providers rest, for everybody who asks their agents in a run: rows, reviews, plans.

    Used by one thread at a time: the loop's, or the run's own before and after it.
    """

    def __init__(self, config: MissionConfig) -> None:
        self._config = config
        self._rests: dict[str, _Rest] = {}  # by provider
        self._providers: dict[str, str] = {}  # by agent, of those that were asked about

    def __bool__(self) -> bool:
        """Whether one rests, or had to and has not answered since."""
        return bool(self._rests)

    def begin(self, agent: str, limit: Limit, *, now: datetime, dice: float) -> datetime:
        """The agent's provider takes no work, from anyone, until the moment that is returned. The
        longest rest counts: what several rows met at the same time is one rest.

        Raises:
            AgentError: The agent is not configured.
        """
        rest = self._rests.setdefault(self.provider(agent), _Rest(until=now))
        anew = rest.until <= now
        rest.times += anew
        until = rest_end(limit, rest.times - 1, now=now, dice=dice)
        if limit.outcome is not Outcome.OVERLOADED:
            rest.overloaded = None
        elif anew:
            rest.overloaded = rest.overloaded or now
            ends = rest.overloaded + self._config.patience
            rest.given_up = now >= ends
            until = min(until, max(now, ends))  # at the end it is asked once more
        rest.until = max(rest.until, until)
        return rest.until

    def first_at_work(
        self, names: Sequence[str], now: datetime, own: Mapping[str, datetime] | None = None
    ) -> tuple[str, datetime | None]:
        """The first of these agents whose provider takes work, and None; if all of them rest, the
        first of them, and when one is back.

        Args:
            own: Agents that the row itself may not ask before.

        Raises:
            AgentError: One of them is not configured.
        """
        back: list[datetime] = []
        for name in names:
            rest = self._rests.get(self.provider(name))
            if rest is not None and rest.given_up:
                continue
            at = max((own or {}).get(name, now), rest.back if rest is not None else now)
            if at <= now:
                return name, None
            back.append(at)
        return names[0], min(back, default=None)

    def given_up(self, names: Sequence[str]) -> str:
        """Why none of these agents is asked any more in this run; empty if one still may be.

        Raises:
            AgentError: One of them is not configured.
        """
        providers = dict.fromkeys(map(self.provider, names))
        for name in providers:
            rest = self._rests.get(name)
            if rest is None or not rest.given_up:
                return ""
        patience = format_duration(self._config.patience)
        return f"{' and '.join(providers)} took no work for {patience}"

    def clock_set(self, by: timedelta) -> None:
        """The time of day was set. What lasts, lasts as long as before; what ends at a time of
        day, such as a limit, ends no later."""
        for rest in self._rests.values():
            rest.until += min(by, timedelta())
            rest.overloaded = rest.overloaded and rest.overloaded + by
            rest.since = rest.since and rest.since + by

    def asked(self, agent: str, task: str, now: datetime) -> None:
        """The row now asks the agent: where its provider had to rest, others wait for the answer.

        Raises:
            AgentError: The agent is not configured.
        """
        name = self.provider(agent)
        rest = self._rests.get(name)
        if rest is None:
            return
        if now - rest.until > LONGEST_DELAY and rest.probe is None:  # nobody asked it for long
            rest = self._rests[name] = _Rest(until=now)
        if rest.probe is None:
            rest.probe, rest.since = task, now

    def left(self, agent: str, task: str) -> None:
        """The row does not ask the agent any more: the next one may.

        Raises:
            AgentError: The agent is not configured.
        """
        rest = self._rests.get(self.provider(agent))
        if rest is not None and rest.probe == task:
            rest.probe = rest.since = None

    def answered(self, agent: str, outcome: Outcome | None) -> None:
        """The agent has ended like this, and its provider was not the reason. None: it has done
        what it was asked for, whatever came of that.

        Raises:
            AgentError: The agent is not configured.
        """
        if outcome not in _UNTOLD:
            self._rests.pop(self.provider(agent), None)

    def provider(self, agent: str) -> str:
        """Who answers when the agent is asked.

        Raises:
            AgentError: The agent is not configured.
        """
        if agent not in self._providers:
            self._providers[agent] = (
                OPERATION
                if is_operation(agent)
                else provider_of(agent, settings(agent, self._config))
            )
        return self._providers[agent]


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
