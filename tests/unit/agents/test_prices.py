"""The price table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents.prices import Prices
from mission.config import MissionConfig, Price, parse_config
from mission.usage import Tokens, Usage


@pytest.mark.parametrize(
    ("model", "priced_as"),
    [
        ("haiku", "haiku"),
        ("claude-haiku-4-5-20251001", "claude-haiku-4*"),
        ("claude-haiku-5-5-20260901", "claude-haiku-5-5*"),
        ("claude-haiku-9", "claude-haiku-*"),
        ("gpt-6.2-sol-codex", "gpt-6.2-sol*"),
        ("gpt-6.3", "gpt-6*"),
        ("gpt-5.1-codex", "gpt-5*"),
        ("gpt-5.1-codex-mini", "gpt-5*-mini"),
        ("glm-5.1", "glm-5.1*"),
    ],
)
def test_the_longest_name_that_fits_decides(model: str, priced_as: str) -> None:
    prices = Prices.shipped()
    assert prices.find(model) == prices.table[priced_as]


def _of(model: str, **tokens: int) -> Usage:
    return Usage.of({model: Tokens(**tokens)})


def test_a_tool_s_own_estimate_is_met() -> None:
    # What claude 2.1.197 and 2.1.332 said of 90 fresh, 10 cached and 20 output tokens.
    told = {
        "claude-haiku-4-5-20251001": 0.000191,
        "claude-sonnet-5": 0.000573,
        "claude-sonnet-5-5": 0.000381,
    }
    for model, cost in told.items():
        usage = _of(model, input=100, cached=10, output=20)
        assert Prices.shipped().cost(usage, "haiku") == pytest.approx(cost)


@pytest.mark.parametrize(
    ("model", "prices"),
    [
        ("claude-haiku-5-5", (0.10, 0.01, 0.125, 0.20, 0.50)),
        ("claude-sonnet-5-5", (2, 0.10, 2.50, 4, 10)),
        ("claude-opus-5-5", (4, 0.20, 5, 8, 20)),
        ("gpt-6.2-sol", (2, 0.10, 2.50, 4, 10)),
        ("glm-5.1", (1.40, 0.26, 1.75, 2.80, 4.40)),
    ],
)
def test_each_kind_of_token_has_its_price(model: str, prices: tuple[float, ...]) -> None:
    million = 10**6
    kinds = ("input", "cached", "written", "written_hour", "output")
    for kind, price in zip(kinds, prices, strict=True):
        whole = {} if kind == "output" else {"input": million}
        used = Usage.of({model: Tokens(**{kind: million} | whole)})
        priced = Prices.shipped().complete(used, "haiku")
        assert priced.cost_usd == pytest.approx(price)
        assert not priced.guess


def test_what_is_a_guess_says_so() -> None:
    shipped = Prices.shipped()
    told = shipped.complete(_of("claude-haiku-9", input=1), "haiku")
    assert told.guess == "claude-haiku-9 is priced as claude-haiku-5-5"
    alias = shipped.complete(Usage(input_tokens=1), "haiku")
    assert alias.guess == "haiku is priced as claude-haiku-5-5"
    other = shipped.complete(_of("unheard-of", input=1), "glm-5.1")
    assert other.guess == "unheard-of is priced as glm-5.1"
    own = shipped.complete(replace(_of("unheard-of", input=1), cost_usd=2.0), "neither")
    assert (own.cost_usd, own.guess) == (2.0, "its cost is the tool's own estimate")


def test_a_mission_s_price_goes_before_ours_whatever_the_tool_calls_its_model() -> None:
    config = parse_config(
        b"budget: {prices: {haiku: {input: 2, cached: 1, output: 3}}}", path="mission.yaml"
    )
    used = _of("claude-haiku-5-5", input=10**6)
    priced = Prices.of(config).complete(used, "haiku")
    assert (priced.cost_usd, priced.guess) == (2.0, "")


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
