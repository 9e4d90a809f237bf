"""What came of one play. Values."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Self

from policy.budget import Scope


@dataclass(kw_only=True, slots=True)
class Played:
    """What came of it. Seconds are since the play began."""

    ends: dict[str, float] = field(default_factory=dict)  # by row, when it was done
    begins: dict[str, float] = field(default_factory=dict)  # by row, when it first began
    tokens: list[float]  # by milestone
    usd: list[float]
    # By row, whose ends let it go on: each with a number that grows, and the other row.
    causes: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    cause: str | None = None  # the row whose end is taken in
    turns: int = 0  # the last of these numbers
    approvals: int = 0
    decisions: int = 0  # of rows that a person had to set back
    broken: frozenset[Scope] = frozenset()
    runs: int = 1  # `mission run` that a person typed
    left: tuple[str, ...] = ()  # rows that were not done

    @classmethod
    def of(cls, milestones: int) -> Self:
        """Before anything happens."""
        return cls(tokens=[0.0] * milestones, usd=[0.0] * milestones)

    def goes_on(self, task: str) -> None:
        """A row goes on now: because of the end that is taken in, if that is another's."""
        if self.cause is not None and self.cause != task:
            self.turns += 1
            self.causes.setdefault(task, []).append((self.turns, self.cause))

    def critical_path(self) -> set[str]:
        """The last row, and whatever let it go on, and so forth: what it waited for, be that a row
        before it, a slot, or its turn to merge."""
        path: set[str] = set()
        row = max(self.ends, key=self.ends.__getitem__, default=None)
        before = sys.maxsize
        while row is not None:
            path.add(row)
            earlier = (one for one in reversed(self.causes.get(row, ())) if one[0] < before)
            before, row = next(earlier, (0, None))
        return path
