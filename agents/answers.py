"""Finds and checks the JSON that an agent was asked to answer with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from errors import AgentError

Model = TypeVar("Model", bound=BaseModel)

_OPENING = re.compile(r"\s*+`{3,}+(?:json)?\s*+")
_CLOSING = re.compile(r"\s*+`{3,}+\s*+")
_LONGEST = 1_000_000  # characters of an answer that are looked at
# What may begin an object. Each may go wrong at the very end, so that the search has an allowance:
# so many readings of the whole answer. A failure costs as much as reading that many characters.
_OBJECT = re.compile(r"\{(?=\s*+[\"}])")
_READINGS = 8
_FAILURE = 50
_STRIDE = 4_096  # characters; with each error the decoder counts the lines of all before it


def read_answer(answer: str, model: type[Model], what: str) -> Model:
    """The answer as a `model`: all of it, a fenced block in it, or the last object in it.

    Args:
        what: What was asked for, for the message: `review`, `plan`.

    Raises:
        AgentError: There is no JSON object in it, or none that fits; the message says why.
    """
    problem = "it holds no JSON object"
    for candidate in _candidates(answer[:_LONGEST]):
        try:
            return model.model_validate_json(candidate)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(step) for step in first["loc"]) or "the answer"
            problem = f"{where}: {first['msg']}"
    raise AgentError(
        f"the agent's answer is not a {what}: {problem}",
        hint="`mission history` names its log, which holds the whole answer",
    )


def request(model: type[BaseModel]) -> str:
    """The paragraph of a brief that asks for a `model` as the answer."""
    schema = json.dumps(model.model_json_schema(), indent=1)
    asked = "Answer with one JSON object and nothing else. It must fit this schema:"
    return f"{asked}\n\n```json\n{schema}\n```"


def _candidates(answer: str) -> Iterator[str]:
    """What may be the answer, the likeliest last, so that its problem is the one reported."""
    whole = answer.strip()
    found = list(_blocks(answer))
    if whole.startswith("{"):
        found.append(whole)
    tail = _last_object(answer)
    if tail is not None and tail not in found:
        found.insert(0, tail)
    yield from found


def _blocks(answer: str) -> Iterator[str]:
    """What stands between a line of backticks, which may say `json`, and the next one without."""
    inside: list[str] | None = None
    for line in answer.split("\n"):
        if inside is None:
            inside = [] if _OPENING.fullmatch(line) else None
        elif _CLOSING.fullmatch(line):
            yield "".join(inside)
            inside = None
        else:
            inside.append(line + "\n")


def _last_object(answer: str) -> str | None:
    """The outermost object that ends last in a text with words around it; None also where looking
    for it would take longer than an answer is worth."""
    decoder = json.JSONDecoder()
    best: str | None = None
    allowed = _READINGS * len(answer)
    rest, at = answer, 0
    while allowed >= 0 and (begin := _OBJECT.search(rest, at)):
        at = begin.start()
        if at > _STRIDE:
            rest, at = rest[at:], 0
        try:
            _, end = decoder.raw_decode(rest, at)
        except json.JSONDecodeError as error:
            allowed -= error.pos - at + _FAILURE
            at += 1
        except (
            ValueError,
            RecursionError,
        ):  # too long a number, or too deep: it says not where
            allowed -= len(rest) - at
            at += 1
        else:
            best, at = rest[at:end], end
    return best
