"""What follows when work did not come to its end: the rules of real runs, asked with what a play
knows of a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from forecast.scene import Course
from mission.outcome import LIMITS, Outcome
from mission.steps import End
from orchestrator.attempts.retrying import again_by
from orchestrator.ports.ends import Again
from policy.retry import Action, decide
from policy.tries import history, may_go_back, may_repair, sent_back, tries


@dataclass(frozen=True, kw_only=True, slots=True)
class _Try:
    """An attempt that is over, or holds work; as far as `policy.tries` asks."""

    agent: str
    end: End | None = None
    said: Outcome | None = None
    taken_up: bool = False
    approved: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class _Said:
    """What an agent's attempt came to; as far as `policy.retry` asks."""

    outcome: Outcome
    retry_at: datetime | None = None
    summary: str = ""


class Setbacks:
    """Remembers the tries of each row since a person last set it."""

    def __init__(self, chance: Callable[[], float], *, repair: bool) -> None:
        """`repair`: whether agents settle conflicts."""
        self._chance = chance
        self._repair = repair
        self._earlier: dict[str, list[_Try]] = {}

    def failed(
        self, course: Course, agent: str, outcome: Outcome, *, now: datetime
    ) -> Again | None:
        """An agent's end that is no success: when and by whom the row is tried again; None: a
        person is asked."""
        stint = course.stints[agent]
        earlier = self._earlier.setdefault(course.task.id, [])
        until = None
        if outcome in LIMITS and stint.limits:
            seconds = stint.limits[int(self._chance() * len(stint.limits))]
            until = now + timedelta(seconds=seconds)
        led_up = history(
            tries(earlier),
            outcome,
            most=stint.tries - sent_back(earlier),
            fallback=stint.fallback,
        )
        said = _Said(outcome=outcome, retry_at=until)
        decision = decide(said, led_up, now=now, dice=self._chance())
        earlier.append(_Try(agent=agent, end=End.AS_SAID, said=outcome))
        if decision.action is Action.RELEASE:
            return None
        return again_by(decision, None if agent == course.carrier else agent, now=now)

    def not_good(self, course: Course, agent: str, end: End, *, approved: bool) -> bool:
        """Finished work that does not merge: whether its agent gets it back.

        Args:
            course: Its row.
            agent: Who did it.
            end: Why it does not merge.
            approved: Whether a person has let it.
        """
        earlier = self._earlier.setdefault(course.task.id, [])
        # What a person has let was held up for that, and is taken up again.
        this = _Try(agent=agent, end=end, taken_up=approved, approved=approved)
        if end is End.CONFLICT:
            back = self._repair and may_repair(this, earlier)
        else:
            back = may_go_back(this, earlier, end, most=course.stints[agent].tries)
        earlier.append(this)
        return back

    def set_by_person(self, task: str) -> None:
        """A person has set the row back: its tries are counted anew."""
        self._earlier.pop(task, None)
