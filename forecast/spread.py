"""How long things take, and how sure that is: logarithms, shrunk towards what was expected.

Lengths of time, and tokens, are taken for log-normal: none is below nothing, and few are very long.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import Final, Self

from forecast.guesses import WEIGHT

#: As many draws are told apart: a place in a table is drawn, which costs a fraction of a normal.
DRAWS: Final = 512

_WIDEST: Final = 2.0  # sd of a logarithm: one of three is seven times as much, or a seventh


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """A quantity as a multiple of what is expected of it."""

    mean: float = 0.0  # of its natural logarithm; 0: as expected
    sd: float  # of that logarithm, from one time to the next
    seen: int = 0  # observations in it

    @property
    def doubt(self) -> float:
        """The sd of the mean itself: what all times have in common, and nobody knows yet."""
        return self.sd / math.sqrt(WEIGHT + self.seen)

    def told(self, logs: Collection[float]) -> Self:
        """Shrunk towards this one: `(w·prior + n·observed) / (w + n)`, for mean and variance.

        Args:
            logs: Natural logarithms of observed to expected.
        """
        if not logs:
            return self
        count = len(logs)
        mean = (WEIGHT * self.mean + sum(logs)) / (WEIGHT + count)
        apart = sum((one - mean) ** 2 for one in logs)
        variance = (WEIGHT * self.sd**2 + apart) / (WEIGHT + count)
        return type(self)(mean=mean, sd=min(math.sqrt(variance), _WIDEST), seen=count)

    def table(self) -> tuple[float, ...]:
        """Multiples of the median, lowest first: each as likely as any other."""
        return tuple(math.exp(self.sd * deviate) for deviate in deviates())


def shrunk_share(guess: float, hits: int, of: int) -> float:
    """The share of what hits, shrunk towards a guess as `Spread.told` does."""
    return (WEIGHT * guess + hits) / (WEIGHT + of)


@cache
def deviates() -> tuple[float, ...]:
    """Places of the standard normal, lowest first, each as likely as any other."""
    normal = NormalDist()
    return tuple(normal.inv_cdf((place + 0.5) / DRAWS) for place in range(DRAWS))


def beyond(table: Sequence[float], least: float) -> int:
    """The first place of a table that holds more than `least`; as long as it, if none does."""
    return bisect_left(table, least)
