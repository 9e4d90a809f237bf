"""What a doctor looks at: named checks, each green, yellow or red, with a remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from errors import MissionError


class Health(StrEnum):
    """How something is. Healthy is never yellow."""

    GREEN = "green"
    YELLOW = "yellow"  # works, and will not for long, or not for everybody
    RED = "red"  # does not work


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """What one look found."""

    group: str  # tier, runner
    name: str  # one or two words
    health: Health
    detail: str  # what was seen, one line, no secrets
    remedy: str = ""  # what to do; never empty unless green
    milliseconds: float | None = None  # a service's latency


Look = Callable[[], Iterable[Check]]


def examine(group: str, looks: Sequence[tuple[str, Look]]) -> tuple[Check, ...]:
    """Run every look, whatever the others come to."""
    return tuple(check for name, look in looks for check in _guarded(group, name, look))


def overall(checks: Iterable[Check]) -> Health:
    """The worst of them; green where there are none."""
    found = {check.health for check in checks}
    return next((health for health in (Health.RED, Health.YELLOW) if health in found), Health.GREEN)


def _guarded(group: str, name: str, look: Look) -> tuple[Check, ...]:
    try:
        return tuple(look())
    except MissionError as error:
        detail, remedy = error.message, error.hint or "See the message"
    except Exception as error:  # noqa: BLE001 - a doctor reports what breaks, and goes on
        # The kind alone: the text of an unknown error may hold anything.
        detail, remedy = f"the check broke: {type(error).__name__}", "This is a bug: report it"
    return (Check(group=group, name=name, health=Health.RED, detail=detail, remedy=remedy),)
