"""Tokens and money: what an attempt, a review or a whole mission used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict


class UsageColumns(TypedDict):
    """The numbers by the names that the journal has for them."""

    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost_usd: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """Tokens and money of one attempt. Cached tokens are part of input, as providers bill them."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0  # reasoning included
    cost_usd: float | None = None  # None: no price is known

    @property
    def tokens(self) -> int:
        """What was new: input that was not cached, and output. Estimates mean these."""
        return max(0, self.input_tokens - self.cached_tokens) + self.output_tokens

    @property
    def nothing(self) -> bool:
        """Whether no token was used, cached ones included."""
        return not (self.input_tokens or self.output_tokens)

    def columns(self) -> UsageColumns:
        """The numbers by the names that the journal has for them."""
        return UsageColumns(
            input_tokens=self.input_tokens,
            cached_tokens=self.cached_tokens,
            output_tokens=self.output_tokens,
            cost_usd=self.cost_usd,
        )

    def plus(self, more: Usage) -> Usage:
        """Both together. The cost is that of what has a price."""
        costs = [one for one in (self.cost_usd, more.cost_usd) if one is not None]
        return Usage(
            input_tokens=self.input_tokens + more.input_tokens,
            cached_tokens=self.cached_tokens + more.cached_tokens,
            output_tokens=self.output_tokens + more.output_tokens,
            cost_usd=sum(costs) if costs else None,
        )

    def minus(self, earlier: Usage) -> Usage:
        """What came since `earlier`, of two sums of the same work. The cost is that of both, where
        they are known; never less than nothing, as damaged sums might have it."""
        cost = None
        if self.cost_usd is not None:
            cost = max(0.0, self.cost_usd - (earlier.cost_usd or 0.0))
        return Usage(
            input_tokens=max(0, self.input_tokens - earlier.input_tokens),
            cached_tokens=max(0, self.cached_tokens - earlier.cached_tokens),
            output_tokens=max(0, self.output_tokens - earlier.output_tokens),
            cost_usd=cost,
        )
