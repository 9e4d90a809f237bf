"""How long things take in one play, and what they use: drawn from the scene's tables."""

from __future__ import annotations

import math
from random import Random

from forecast.scene import Scene, Stint
from forecast.spread import DRAWS, beyond


class Draws:
    """One play's luck: what its pools have in common is drawn once, the rest each time."""

    def __init__(self, scene: Scene, dice: Random) -> None:
        self._random = dice.random
        self._checks = scene.checks
        everybody = dice.gauss(0.0, 1.0)
        #: By pool, by how much its work takes longer in this play, and uses more.
        self.factors = [
            (math.exp(pool.time_doubt * common), math.exp(pool.token_doubt * common))
            for pool in scene.pools
            for common in (
                math.sqrt(1 - pool.own) * everybody + math.sqrt(pool.own) * dice.gauss(0.0, 1.0),
            )
        ]

    def stint(self, stint: Stint, elapsed: float = 0.0) -> tuple[float, float]:
        """Seconds left, and tokens used: who takes long uses much.

        Args:
            stint: Whose work, at what.
            elapsed: Seconds for which it has been going on.
        """
        slower, more = self.factors[stint.pool]
        middle = stint.seconds * slower
        first = beyond(stint.times, elapsed / middle) if elapsed else 0
        if first == DRAWS:  # longer than anything that was thought of
            place = DRAWS - 1
            left = elapsed * 0.25 * -math.log(1.0 - self._random())
        else:
            place = first + int(self._random() * (DRAWS - first))
            left = middle * stint.times[place] - elapsed
        return left, stint.tokens * more * stint.uses[place]

    def delivery(self) -> float:
        """Seconds from an agent's end to the queue, verifying its branch included."""
        checks = self._checks
        return checks.delivery * checks.deliveries[int(self._random() * DRAWS)]

    def push_wait(self) -> float:
        """Seconds for which gates keep a branch from being pushed."""
        waits = self._checks.push_waits
        return waits[int(self._random() * len(waits))] if waits else 0.0
