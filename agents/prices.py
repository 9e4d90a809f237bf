"""What tokens cost: a table in a data file, which `mission.yaml` can override."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files

import yaml

from mission.config import MissionConfig, Price
from mission.usage import Usage

_MILLION = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Prices:
    """The price table in force."""

    table: Mapping[str, Price]  # by model; a name may hold `*`

    @classmethod
    def of(cls, config: MissionConfig) -> Prices:
        """The shipped table with the mission's own prices over it."""
        return cls(table={**_shipped(), **config.budget.prices})

    @classmethod
    def shipped(cls) -> Prices:
        """The table of `prices.yaml` alone."""
        return cls(table=_shipped())

    def find(self, model: str | None) -> Price | None:
        """The price of `model`: by its name, else by the longest pattern that fits it."""
        if not model:
            return None
        if model in self.table:
            return self.table[model]
        fitting = [name for name in self.table if fnmatchcase(model, name)]
        return self.table[max(fitting, key=len)] if fitting else None

    def cost(self, usage: Usage, model: str | None) -> float | None:
        """US dollars for `usage`; None if the model's price is not known.

        Writing to a cache is billed as input: tools do not tell it apart reliably.
        """
        price = self.find(model)
        if price is None:
            return None
        fresh = max(0, usage.input_tokens - usage.cached_tokens)
        return (
            fresh * price.input
            + usage.cached_tokens * price.cached
            + usage.output_tokens * price.output
        ) / _MILLION

    def complete(self, usage: Usage, model: str | None) -> Usage:
        """`usage` with its cost: the tool's own where it gave one, else by this table."""
        if usage.cost_usd is not None or usage.nothing:
            return usage
        return replace(usage, cost_usd=self.cost(usage, model))


@cache
def _shipped() -> Mapping[str, Price]:
    text = files("agents").joinpath("prices.yaml").read_text(encoding="utf-8")
    return {name: Price.model_validate(price) for name, price in yaml.safe_load(text).items()}
