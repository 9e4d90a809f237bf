"""The price table."""

from __future__ import annotations

import pytest

from agents.prices import Prices
from mission.config import MissionConfig, Price, parse_config
from mission.usage import Usage


@pytest.mark.parametrize(
    ("model", "priced_as"),
    [
        ("haiku", "haiku"),
        ("claude-haiku-4-5-20251001", "claude-haiku-*"),
        ("gpt-5.1-codex", "gpt-5*"),
        ("gpt-5.1-codex-mini", "gpt-5*-mini"),
        ("glm-5.1", "glm-5*"),
    ],
)
def test_the_longest_name_that_fits_decides(model: str, priced_as: str) -> None:
    prices = Prices.shipped()
    assert prices.find(model) == prices.table[priced_as]


def test_a_tool_s_own_estimate_is_met() -> None:
    # What claude 2.1.197 said of 90 fresh, 10 cached and 20 output tokens of haiku.
    usage = Usage(input_tokens=100, cached_tokens=10, output_tokens=20)
    assert Prices.shipped().cost(usage, "haiku") == pytest.approx(0.000191)


def test_an_unknown_model_has_no_cost() -> None:
    assert Prices.shipped().cost(Usage(input_tokens=1), "unheard-of") is None
    assert Prices.shipped().cost(Usage(input_tokens=1), None) is None


def test_a_mission_can_override_prices() -> None:
    config = parse_config(
        b"budget: {prices: {haiku: {input: 2, cached: 1, output: 3}}}", path="mission.yaml"
    )
    assert Prices.of(config).find("haiku") == Price(input=2, cached=1, output=3)
    assert Prices.of(MissionConfig()).find("haiku") != Price(input=2, cached=1, output=3)


def test_the_tool_s_own_cost_stays() -> None:
    usage = Usage(input_tokens=100, output_tokens=20, cost_usd=0.5)
    assert Prices.shipped().complete(usage, "haiku") == usage
