"""docs/agents.md: complete, and its examples are good ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agents import registry
from mission.config import SHIPPED_AGENTS, parse_config
from mission.outcome import Outcome
from policy.routing import route
from tests.unit.agents.plans import make_task

PAGE = (Path(__file__).parents[3] / "docs" / "agents.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_it_names_every_outcome() -> None:
    assert [word for word in Outcome if f"`{word}`" not in PAGE] == []


def test_it_names_every_shipped_agent() -> None:
    assert [name for name in SHIPPED_AGENTS if f"`{name}`" not in PAGE] == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_its_examples_are_accepted(example: str) -> None:
    config = parse_config(example.encode(), path="mission.yaml")
    for name in config.agents:
        assert registry.create(name, registry.settings(name, config)).name == name
    assert route(make_task(), config).rule


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 6
