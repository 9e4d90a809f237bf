"""How long to wait before asking again."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

# A number in [0, 1). The system's generator, so that two runners never share a rhythm.
Chance = Callable[[], float]
system_chance: Chance = secrets.SystemRandom().random


@dataclass(frozen=True, kw_only=True, slots=True)
class Backoff:
    """Pauses that grow, with jitter so that many runners do not ask at the same instant."""

    first: timedelta  # the first pause, before jitter
    factor: float = 1.5  # each pause over the one before
    ceiling: float = 6.0  # the longest pause, as a multiple of the first
    jitter: float = 0.2  # the share of a pause that is left to chance, both ways

    def pause(self, turn: int, chance: Chance = system_chance) -> timedelta:
        """The pause after question number `turn`, counted from 0."""
        # The exponent is bounded before it is used: a long wait must not overflow.
        grown = min(self.factor ** min(turn, 64), self.ceiling)
        return self.first * grown * (1 + self.jitter * (2 * chance() - 1))
