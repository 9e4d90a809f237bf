"""Finds and checks the JSON that an agent was asked to answer with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from mission.errors import AgentError

Model = TypeVar("Model", bound=BaseModel)

_BLOCK = re.compile(r"^\s*`{3,}(?:json)?[ \t]*\n(.*?)^\s*`{3,}[ \t]*$", re.MULTILINE | re.DOTALL)
_LONGEST = 1_000_000  # characters of an answer that are looked at


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
        hint="`mission history` names the log that holds the whole answer",
    )


def request(model: type[BaseModel]) -> str:
    """The paragraph of a brief that asks for a `model` as the answer."""
    schema = json.dumps(model.model_json_schema(), indent=1)
    asked = "Answer with one JSON object and nothing else. It must fit this schema:"
    return f"{asked}\n\n```json\n{schema}\n```"


def _candidates(answer: str) -> Iterator[str]:
    """What may be the answer, the likeliest last, so that its problem is the one reported."""
    whole = answer.strip()
    found = [block.group(1) for block in _BLOCK.finditer(answer)]
    if whole.startswith("{"):
        found.append(whole)
    tail = _last_object(answer)
    if tail is not None and tail not in found:
        found.insert(0, tail)
    yield from found


def _last_object(answer: str) -> str | None:
    """The outermost object that ends last in a text with words around it."""
    decoder = json.JSONDecoder()
    best: str | None = None
    at = answer.find("{")
    while at != -1:
        try:
            _, end = decoder.raw_decode(answer, at)
        except (ValueError, RecursionError):
            at = answer.find("{", at + 1)
            continue
        best = answer[at:end]
        at = answer.find("{", end)
    return best
