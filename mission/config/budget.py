"""What may be spent, and what models cost."""

from __future__ import annotations

from pydantic import Field

from mission.config.section import Section
from mission.config.values import Tokens


class Limit(Section):
    """How much may be spent; what is not given is not limited."""

    tokens: Tokens | None = Field(
        default=None,
        ge=0,
        description="New tokens: output, and input that did not come from a cache.",
    )
    usd: float | None = Field(default=None, ge=0, description="Cost in US dollars.")


class Price(Section):
    """What a model costs, in US dollars per million tokens."""

    input: float = Field(ge=0, description="Input that was not cached.")
    cached: float = Field(ge=0, description="Input from the provider's cache.")
    output: float = Field(ge=0, description="Output, reasoning included.")
    written: float | None = Field(
        default=None,
        ge=0,
        description="Input written to the provider's cache for some minutes; by default 1.25 times"
        " `input`.",
    )
    written_hour: float | None = Field(
        default=None,
        ge=0,
        description="Input written to the cache for an hour; by default twice `input`.",
    )


class BudgetConfig(Section):
    """What may be spent before dispatch stops. Reaching a limit fails no task."""

    task_factor: float | None = Field(
        default=None,
        gt=0,
        description="A task may use this many times its estimate; input from a cache is free.",
    )
    run: Limit = Field(default_factory=Limit, description="For one run.")
    day: Limit = Field(default_factory=Limit, description="For one calendar day, UTC.")
    mission: Limit = Field(default_factory=Limit, description="For the mission as a whole.")
    prices: dict[str, Price] = Field(
        default_factory=dict,
        description="Prices by model, or by agent where no model is named, over the shipped"
        " ones. A name may hold `*`.",
    )
