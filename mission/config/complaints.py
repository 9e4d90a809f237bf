"""What a `mission.yaml` has that its models do not accept, in words that name place and remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from errors.finding import Finding, Severity
from mission.config import accepted
from mission.config.document import Document, Location, Mark, Refused
from mission.config.model import MissionConfig
from tasks_md.nearest import did_you_mean

# A value under these keys, or under a key with such a name, may be a secret: it is not repeated.
_PRIVATE_KEYS = frozenset({"set", "environment", "with"})
_PRIVATE_NAME = re.compile(r"token(?!s$)|secret|passw|key|auth|credential", re.IGNORECASE)


def complaints(document: Document) -> tuple[Finding, ...]:
    """Everything that `document` has and a mission's settings have not: what is no good YAML, then
    the rest, each in the order of the file.

    Each of them is an error: nothing of such a file counts.
    """
    mistakes = [
        _finding(document, one.mark, "unreadable-settings", one.message, "")
        for one in document.mistakes
    ]
    found: set[Finding] = set()
    if isinstance(document.value, dict):
        found.update(_refused(document))
    elif document.value not in (None, Refused.REFUSED):
        found.add(
            _finding(
                document,
                document.mark(()),
                "unreadable-settings",
                "must hold keys and values at its top level",
                f"Accepted keys: {', '.join(MissionConfig.model_fields)}",
            )
        )
    return (*mistakes, *sorted(found, key=lambda one: (one.line, one.column, one.message)))


def dotted(location: Location) -> str:
    """A place in the file as people write it: `agents.codex.run[0]`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return text.removeprefix(".")


def _refused(document: Document) -> Iterator[Finding]:
    try:
        MissionConfig.model_validate(document.value, by_alias=True, by_name=False)
    except ValidationError as error:
        schema = MissionConfig.model_json_schema()
        for details in error.errors(include_url=False, include_input=True):
            if details["input"] is not Refused.REFUSED:  # that is among the mistakes
                yield _complaint(details, document, schema)


def _complaint(details: ErrorDetails, document: Document, schema: accepted.Schema) -> Finding:
    location = _location(details["loc"], document)
    mark = document.mark(location)
    key = dotted(location)
    if details["type"] == "extra_forbidden":
        node = accepted.node_at(schema, location[:-1]) or {}
        names = accepted.keys(schema, node)
        hint = did_you_mean(str(location[-1]), names, f"Accepted here: {', '.join(names)}")
        return _finding(document, mark, "unknown-key", f'unknown key "{key}"', hint)
    node = accepted.node_at(schema, location) or {}
    wanted = f"Accepted: {accepted.describe(schema, node)}"
    if details["type"] == "missing":
        return _finding(document, mark, "missing-key", f'"{key}" is missing', wanted)
    given = _shown(details["input"], location)
    if isinstance(details["input"], int | float) and "text" in wanted:
        wanted += "; what is meant as text stands in quotes"
    words = f"cannot be {given}" if given else "has a value of the wrong kind"
    hint = did_you_mean(str(details["input"]), accepted.values(schema, node), wanted)
    return _finding(document, mark, "bad-value", f'"{key}" {words}', hint)


def _finding(document: Document, mark: Mark, rule: str, message: str, hint: str) -> Finding:
    return Finding(
        rule=rule,
        severity=Severity.ERROR,
        path=document.path,
        line=mark.line,
        column=mark.column,
        message=message,
        hint=hint,
    )


def _location(loc: tuple[str | int, ...], document: Document) -> Location:
    """Pydantic's way down to a problem, without the steps that only pydantic knows."""
    kept: list[str | int] = []
    value: object = document.value
    for step in loc:
        if isinstance(value, dict) and isinstance(step, str) and step != "[key]":
            value = value.get(step)  # a key that is missing ends the way
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step]
        else:
            break  # the label of a union's member, or "[key]"
        kept.append(step)
    return tuple(kept)


def _shown(value: object, location: Location) -> str:
    """A short scalar as it was given; nothing for collections and for what may be secret."""
    private = any(
        step in _PRIVATE_KEYS or (isinstance(step, str) and _PRIVATE_NAME.search(step))
        for step in location
    )
    if private or isinstance(value, dict | list):
        return ""
    if value is None:
        return "empty"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, str) and value.isdecimal():
        text = f'"{text}"'  # that it is text is what is wrong with it
    return text if len(text) <= 60 and text.isprintable() else ""
