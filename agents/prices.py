"""What tokens cost: a table in a data file, over which `mission.yaml` has its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files

import yaml
from pydantic import Field

from mission.config import MissionConfig, Price
from mission.usage import Tokens, Usage

_MILLION = 1_000_000
# What writing to a cache costs, in times of input, where the table does not say it.
_WRITTEN, _WRITTEN_HOUR = 1.25, 2.0


class ListedPrice(Price):
    """An entry of the shipped table."""

    guess: str = Field(default="", description="Whose price it is, where the model's is not known.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Prices:
    """The price tables in force."""

    table: Mapping[str, Price]  # the shipped one, by model; a name may hold `*`
    own: Mapping[str, Price] = field(default_factory=dict)  # the mission's, which goes before

    @classmethod
    def of(cls, config: MissionConfig) -> Prices:
        """The shipped table with the mission's own prices over it."""
        return cls(table=_shipped(), own=config.budget.prices)

    @classmethod
    def shipped(cls) -> Prices:
        """The table of `prices.yaml` alone."""
        return cls(table=_shipped())

    def find(self, *models: str | None) -> Price | None:
        """The price of the first of these names that has one: by the name itself, else by the
        longest pattern that fits it. The mission's own prices are looked at first, for all."""
        found = (
            price
            for table in (self.own, self.table)
            for name in models
            if name and (price := _entry(table, name)) is not None
        )
        return next(found, None)

    def cost(self, usage: Usage, model: str | None) -> float | None:
        """US dollars for `usage`: by the models that the tool says it used, and by `model` where it
        says none; None if the price of one is not known."""
        costs = [_cost(tokens, price) for tokens, price in self._priced(usage, model)]
        known = [cost for cost in costs if cost is not None]
        return sum(known) if len(known) == len(costs) else None

    def complete(self, usage: Usage, model: str | None) -> Usage:
        """`usage` with its cost: by these tables where its models are told and known, else the
        tool's own. It says where that is a guess."""
        if usage.nothing or (usage.cost_usd is not None and not usage.by_model):
            return usage
        cost = self.cost(usage, model)
        if cost is None:
            why = "its cost is the tool's own estimate" if usage.cost_usd is not None else ""
            return replace(usage, guess=_together(usage.guess, why))
        doubts = [self._doubt(name, model) for name in usage.parts]
        return replace(usage, cost_usd=cost, guess=_together(usage.guess, *doubts))

    def _priced(self, usage: Usage, model: str | None) -> Iterator[tuple[Tokens, Price | None]]:
        for name, tokens in usage.parts.items():
            yield tokens, self.find(name, model)

    def _doubt(self, name: str, model: str | None) -> str:
        """Why the price of what was used under `name` may be another; empty if it is that."""
        price = self.find(name, model)
        if isinstance(price, ListedPrice):
            if price.guess:
                return f"{name or model} is priced as {price.guess}"
            if name and self.find(name) is None:
                return f"{name} is priced as {model}"
        return ""


def _entry(table: Mapping[str, Price], model: str) -> Price | None:
    if model in table:
        return table[model]
    fitting = [name for name in table if fnmatchcase(model, name)]
    return table[max(fitting, key=len)] if fitting else None


def _cost(tokens: Tokens, price: Price | None) -> float | None:
    if price is None:
        return None
    written = _WRITTEN * price.input if price.written is None else price.written
    hour = _WRITTEN_HOUR * price.input if price.written_hour is None else price.written_hour
    return (
        tokens.fresh * price.input
        + tokens.cached * price.cached
        + tokens.written * written
        + tokens.written_hour * hour
        + tokens.output * price.output
    ) / _MILLION


def _together(*reasons: str) -> str:
    return "; ".join(dict.fromkeys(one for one in reasons if one))


@cache
def _shipped() -> Mapping[str, Price]:
    text = files("agents").joinpath("prices.yaml").read_text(encoding="utf-8")
    return {name: ListedPrice.model_validate(price) for name, price in yaml.safe_load(text).items()}
