"""Tokens and money: what an attempt, a review or a whole mission used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypedDict


class UsageColumns(TypedDict):
    """The numbers by the names that the journal has for them."""

    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost_usd: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Tokens:
    """What one model was used for, by what providers bill apart."""

    input: int = 0  # all of it: what the next three name is part of it
    cached: int = 0  # read from the provider's cache
    written: int = 0  # written to it, for some minutes
    written_hour: int = 0  # written to it, for an hour
    output: int = 0  # reasoning included

    @property
    def fresh(self) -> int:
        """Input that the cache had no part in."""
        return max(0, self.input - self.cached - self.written - self.written_hour)

    def plus(self, more: Tokens) -> Tokens:
        """Both together."""
        return Tokens(
            input=self.input + more.input,
            cached=self.cached + more.cached,
            written=self.written + more.written,
            written_hour=self.written_hour + more.written_hour,
            output=self.output + more.output,
        )

    def minus(self, earlier: Tokens) -> Tokens:
        """What came since `earlier`; never less than nothing."""
        return Tokens(
            input=max(0, self.input - earlier.input),
            cached=max(0, self.cached - earlier.cached),
            written=max(0, self.written - earlier.written),
            written_hour=max(0, self.written_hour - earlier.written_hour),
            output=max(0, self.output - earlier.output),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """Tokens and money of one attempt. Cached tokens are part of input, as providers bill them."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0  # reasoning included
    cost_usd: float | None = None  # None: no price is known
    by_model: Mapping[str, Tokens] = field(default_factory=dict)  # where the tool tells it
    guess: str = ""  # why the numbers are not exact; empty: they are

    @classmethod
    def of(cls, by_model: Mapping[str, Tokens], *, cost_usd: float | None = None) -> Usage:
        """The sum of what several models were used for."""
        return cls(
            input_tokens=sum(one.input for one in by_model.values()),
            cached_tokens=sum(one.cached for one in by_model.values()),
            output_tokens=sum(one.output for one in by_model.values()),
            cost_usd=cost_usd,
            by_model=by_model,
        )

    @property
    def parts(self) -> Mapping[str, Tokens]:
        """By model; under no name, where the tool does not tell which one it used."""
        if self.by_model or self.nothing:
            return self.by_model
        own = Tokens(input=self.input_tokens, cached=self.cached_tokens, output=self.output_tokens)
        return {"": own}

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
        parts = dict(self.parts)
        for name, tokens in more.parts.items():
            parts[name] = parts.get(name, Tokens()).plus(tokens)
        costs = [one for one in (self.cost_usd, more.cost_usd) if one is not None]
        return Usage(
            input_tokens=self.input_tokens + more.input_tokens,
            cached_tokens=self.cached_tokens + more.cached_tokens,
            output_tokens=self.output_tokens + more.output_tokens,
            cost_usd=sum(costs) if costs else None,
            by_model={} if parts.keys() <= {""} else parts,
            guess="; ".join(dict.fromkeys(one for one in (self.guess, more.guess) if one)),
        )

    def minus(self, earlier: Usage) -> Usage:
        """What came since `earlier`, of two sums of the same work. The cost is that of both, where
        they are known; never less than nothing, as damaged sums might have it. Of which model it
        was is not told: sums that were journalled do not know."""
        cost = None
        if self.cost_usd is not None:
            cost = max(0.0, self.cost_usd - (earlier.cost_usd or 0.0))
        return Usage(
            input_tokens=max(0, self.input_tokens - earlier.input_tokens),
            cached_tokens=max(0, self.cached_tokens - earlier.cached_tokens),
            output_tokens=max(0, self.output_tokens - earlier.output_tokens),
            cost_usd=cost,
            guess=self.guess,
        )
