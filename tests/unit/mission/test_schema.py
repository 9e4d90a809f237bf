"""The JSON Schema that editors use says what the reader accepts."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from errors import ConfigError
from mission.config import MissionConfig, parse_config
from mission.config.schema import schema_text
from mission.reference import reference_text

DOCS = Path(__file__).parents[3] / "docs"


def test_the_schema_in_docs_is_current() -> None:
    current = (DOCS / "mission.schema.json").read_text(encoding="utf-8")
    assert current == schema_text(), "run `make schema`"


def test_the_reference_in_docs_is_current_and_knows_every_key() -> None:
    text = reference_text()
    assert (DOCS / "mission-yaml.md").read_text(encoding="utf-8") == text, "run `make docs`"
    schema = json.loads(schema_text())
    for section in [schema, *schema["$defs"].values()]:
        for name in section.get("properties", {}):
            assert f"| `{name}` |" in text


def test_every_default_is_one_that_the_schema_accepts() -> None:
    schema = json.loads(schema_text())
    for section in [schema, *schema["$defs"].values()]:
        for key in section.get("properties", {}).values():
            if "default" in key:
                # Without a look at the schema itself each time, which the next test takes once.
                node = key | {"$defs": schema["$defs"]}
                jsonschema.Draft202012Validator(node).validate(key["default"])


def test_it_is_a_valid_schema_with_a_word_on_every_key() -> None:
    schema = json.loads(schema_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    for section in [schema, *schema["$defs"].values()]:
        for name, key in section.get("properties", {}).items():
            assert key.get("description"), f"{section['title']}.{name} has no description"


VALID = [
    "{}",
    "gates: [{type: script, run: [x], timeout: 1h30m, interval: 0.5s}]",
    "budget: {day: {tokens: 1.5M, usd: 3.5}, run: {tokens: 800}}",
    "tasks: {A: {with: {a: [1, {b: null}]}}}",
    "verify: [{name: t, run: [make], on: [merged]}]",
    "statuses: {todo: not-started}",
    "agents: {haiku: {max_turns: 3}, mine: {run: [x]}, codex: {type: glm, allow: [Read]}}",
    "gates: [{type: queue, required: [ci]}, {type: none, reads: 2}]",
    "forge: {type: none, url: 'https://git.example.org'}",
]
INVALID = [
    "bas: x",
    "max_parallel: 0",
    "gates: [{type: script, timeout: 45}]",
    "gates: [{type: script, timeout: ''}]",
    "gates: [{type: script, timeout: soon}]",
    "budget: {day: {tokens: 4X}}",
    "budget: {day: {tokens: -1}}",
    "tasks: {A: {with_: {}}}",
    "verify: [{name: t, run: make}]",
    "verify: [{name: t, run: [make], on: [brunch]}]",
    "statuses: {todo: later}",
    "gates: [{type: script, run: [x], required: [ci]}]",
    "gates: [{type: script}]",
    "gates: [{run: [x]}]",
    "agents: {mine: {type: command}}",
    "agents: {mine: {type: codex, max_turns: 3}}",
    "agents: {haiku: {type: command, run: [x], max_turns: 3}}",
    "forge: {type: gitea, tenant: blue}",
]


@pytest.mark.parametrize("text", VALID)
def test_both_accept(text: str) -> None:
    jsonschema.validate(yaml.safe_load(text.replace("on:", "'on':")), json.loads(schema_text()))
    assert isinstance(parse_config(text.encode()), MissionConfig)


@pytest.mark.parametrize("text", INVALID)
def test_both_refuse(text: str) -> None:
    value = yaml.safe_load(text.replace("on:", "'on':"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(value, json.loads(schema_text()))
    with pytest.raises(ConfigError):
        parse_config(text.encode())
