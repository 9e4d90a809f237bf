"""What every agent pays for in each request, and what the tools take."""

from __future__ import annotations

import json

import pytest

from lookup.told import FakeMission, LookupFailedError
from lookup.tools import TOOLS, Tool

#: Bytes of English and of JSON that make one token, at the very least: the encodings of the models
#: that are called here take four and more of English, and three and more of JSON.
_BYTES_OF_A_TOKEN = 3
_MOST_TOKENS = 400

MANY = pytest.mark.parametrize("missions", [False, True], ids=["one", "several"])


def named(name: str) -> Tool:
    return next(one for one in TOOLS if one.name == name)


@MANY
def test_their_descriptions_are_short(missions: bool) -> None:
    told = [
        {
            "name": f"mcp__mission_runner__{one.name}",
            "description": one.description,
            "input_schema": one.schema(missions=missions),
        }
        for one in TOOLS
    ]
    size = len(json.dumps(told).encode())
    assert size / _BYTES_OF_A_TOKEN <= _MOST_TOKENS, size


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"id": 7},
        {"id": ["A"]},
        {"id": "A", "path": "/etc/passwd"},
        {"id": "A", "cursor": None},
        {"id": "A" * 501},
        {"id": "A\0"},
        {"words": "A"},
        {"id": "A", "mission": "another"},
    ],
    ids=str,
)
def test_other_arguments_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(LookupFailedError):
        named("mission_task").checked(given, missions=False)


def test_an_argument_goes_to_the_mission_as_it_is() -> None:
    mission = FakeMission("row: A")
    for name, word in (("mission_task", "../A"), ("mission_search", "%s $(id)")):
        tool = named(name)
        assert tool.takes is not None
        given = tool.checked({tool.takes: word}, missions=False)
        tool.asks(mission, given[tool.takes])
    assert mission.asked == [("task", "../A"), ("search", "%s $(id)")]


@MANY
def test_what_they_need_is_in_their_schema(missions: bool) -> None:
    for tool in TOOLS:
        needed = tool.schema(missions=missions).get("required", [])
        assert isinstance(needed, list)
        assert tool.checked(dict.fromkeys(needed, "x"), missions=missions) is not None
        for name in needed:
            with pytest.raises(LookupFailedError, match=name):
                tool.checked(dict.fromkeys(set(needed) - {name}, "x"), missions=missions)
