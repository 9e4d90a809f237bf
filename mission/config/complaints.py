"""What a `mission.yaml` has that its models do not accept, in words that name place and remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from errors import ConfigError
from errors.finding import Finding, Severity
from mission.config import accepted
from mission.config.document import Document, Location, Mark, Refused
from mission.config.kinds import UNKNOWN_TYPE, UNLOADABLE, Kinds
from mission.config.model import BY_TYPE, MissionConfig
from mission.config.section import Section
from tasks_md.nearest import did_you_mean
from tasks_md.words import shorten

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
        for details in error.errors(include_url=False, include_input=True):
            if details["input"] is not Refused.REFUSED:  # that is among the mistakes
                yield _complaint(details, document)


def _complaint(details: ErrorDetails, document: Document) -> Finding:
    location = _location(details["loc"], document.value)
    union = union_at(location, document)
    if union is not None and details["type"] in _OF_A_TYPE:
        return _of_a_type(details, document, location, union)
    if details["type"] == "extra_forbidden":
        return _unknown_key(document, location, union)
    schema, node = _expected(document, location)
    wanted = f"Accepted: {accepted.describe(schema, node)}"
    if details["type"] == "missing":
        return _missing_key(document, location, union, wanted)
    return _bad_value(details, document, location, wanted, accepted.values(schema, node))


def section_complaints(
    document: Document, place: Location, given: Mapping[str, object], model: type[Section]
) -> Iterator[Finding]:
    """What a section at `place` has that `model` does not accept, where no model of ours says that
    the section is of that one."""
    try:
        model.model_validate(given, by_alias=True, by_name=False)
    except ValidationError as error:
        schema = _schema(model)
        for details in error.errors(include_url=False, include_input=True):
            rest = _location(details["loc"], given)
            node = accepted.node_at(schema, rest) or {}
            wanted = f"Accepted: {accepted.describe(schema, node)}"
            where = (*place, *rest)
            mark, key = document.mark(where), dotted(where)
            if details["input"] is Refused.REFUSED:
                continue
            if details["type"] == "missing":
                yield _finding(document, mark, "missing-key", f'"{key}" is missing', wanted)
            elif details["type"] == "extra_forbidden":
                names = accepted.keys(schema, accepted.node_at(schema, rest[:-1]) or {})
                hint = did_you_mean(str(rest[-1]), names, f"Accepted here: {', '.join(names)}")
                yield _finding(document, mark, "unknown-key", f'unknown key "{key}"', hint)
            else:
                yield _bad_value(details, document, where, wanted, accepted.values(schema, node))


def _bad_value(
    details: ErrorDetails,
    document: Document,
    location: Location,
    wanted: str,
    words: Sequence[str],
) -> Finding:
    given = _shown(details["input"], location)
    if isinstance(details["input"], int | float) and "text" in wanted:
        wanted += "; what is meant as text stands in quotes"
    what = f"cannot be {given}" if given else "has a value of the wrong kind"
    own = details.get("ctx", {}).get("error")  # what a validator of a plug-in's says
    if own is not None and not _is_private(location):
        what = f"is refused: {' '.join(str(own).split())}"
    hint = did_you_mean(str(details["input"]), words, wanted)
    mark = document.mark(location)
    return _finding(document, mark, "bad-value", f'"{dotted(location)}" {what}', hint)


_OF_A_TYPE = {UNKNOWN_TYPE: "unknown-type", UNLOADABLE: "unloadable-plugin"}


def _of_a_type(
    details: ErrorDetails, document: Document, location: Location, union: UnionAt
) -> Finding:
    """There is no such type, or it is of a plug-in that cannot be loaded."""
    place = (*location, "type")
    context = details.get("ctx", {})
    rule = _OF_A_TYPE[details["type"]]
    message, hint = str(context.get("message", "")), str(context.get("hint", ""))
    if rule == "unknown-type":
        kind, names = str(context["kind"]), union.kinds.names()
        message = f"there is no type {shorten(kind)}"
        rest = f"Accepted: {', '.join(names)}, and what other packages add"
        hint = did_you_mean(kind, names, rest)
    mark = document.mark(place)
    return _finding(document, mark, rule, f"{dotted(place)}: {message}", hint)


def _unknown_key(document: Document, location: Location, union: UnionAt | None) -> Finding:
    mark, key, name = document.mark(location), dotted(location), str(location[-1])
    owners = union.kinds.owners(name) if union is not None and len(union.rest) == 1 else ()
    if union is not None and owners:
        message = (
            f"{key}: a key of {union.kinds.noun}s of type {' and '.join(owners)}, and this one is"
            f" of type {union.kind}"
        )
        hint = f"It is for {' and '.join(owners)}: take it out, or correct the type"
        return _finding(document, mark, "misplaced-key", message, hint)
    schema, node = _expected(document, location[:-1])
    names = accepted.keys(schema, node)
    hint = did_you_mean(name, names, f"Accepted here: {', '.join(names)}")
    return _finding(document, mark, "unknown-key", f'unknown key "{key}"', hint)


def _missing_key(
    document: Document, location: Location, union: UnionAt | None, wanted: str
) -> Finding:
    mark, key = document.mark(location), location[-1]
    if union is None or len(union.rest) != 1:
        return _finding(document, mark, "missing-key", f'"{dotted(location)}" is missing', wanted)
    if union.kind is None:  # what is missing is the type
        wanted = f"Accepted: {', '.join(union.kinds.names())}, and what other packages add"
        return _finding(document, mark, "missing-key", f'"{dotted(location)}" is missing', wanted)
    noun = union.kinds.noun
    article = "an" if noun[0] in "aeiou" else "a"
    message = f"{dotted(location[:-1])}: {article} {noun} of type {union.kind} needs `{key}`"
    if union.kind == union.kinds.default:
        wanted += f"; or give it the `type` of another {noun}"
    return _finding(document, mark, "missing-key", message, wanted)


@dataclass(frozen=True, kw_only=True, slots=True)
class UnionAt:
    """The section around a place, where a `type` decides which keys it may have."""

    kinds: Kinds
    kind: str | None  # its type; None: it names none that could be
    model: type[Section]
    rest: Location  # from that section on


def union_at(location: Location, document: Document) -> UnionAt | None:
    """What a `type` decides at a place; None where no section around it has one."""
    found = [one for start, one in BY_TYPE.items() if location[: len(start)] == start]
    if not found or len(location) < found[0][1]:
        return None
    kinds, depth = found[0]
    value: Any = document.value
    for step in location[:depth]:
        value = value[step]
    kind = kinds.type_of(value, location[depth - 1])
    try:
        model = kinds.model(kind) if kind is not None else None
    except ConfigError:
        model = None  # which is a complaint of its own
    return UnionAt(kinds=kinds, kind=kind, model=model or kinds.base, rest=location[depth:])


def _expected(document: Document, location: Location) -> tuple[accepted.Schema, accepted.Schema]:
    """The schema that speaks of a place, and what it says there."""
    union = union_at(location, document)
    if union is None:
        schema, rest = _schema(MissionConfig), location
    else:
        schema, rest = _schema(union.model), union.rest
    return schema, accepted.node_at(schema, rest) or {}


@lru_cache(maxsize=64)
def _schema(model: type[Section]) -> accepted.Schema:
    """What a model accepts; made once, for all that a file has wrong."""
    return model.model_json_schema()


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


def _location(loc: tuple[str | int, ...], value: object) -> Location:
    """Pydantic's way down to a problem, without the steps that only pydantic knows."""
    kept: list[str | int] = []
    for step in loc:
        if isinstance(value, dict) and isinstance(step, str) and step != "[key]":
            value = value.get(step)  # a key that is missing ends the way
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step]
        else:
            break  # the label of a union's member, or "[key]"
        kept.append(step)
    return tuple(kept)


def _is_private(location: Location) -> bool:
    """Whether what stands there may be secret."""
    return any(
        step in _PRIVATE_KEYS or (isinstance(step, str) and _PRIVATE_NAME.search(step))
        for step in location
    )


def _shown(value: object, location: Location) -> str:
    """A short scalar as it was given; nothing for collections and for what may be secret."""
    if _is_private(location) or isinstance(value, dict | list):
        return ""
    if value is None:
        return "empty"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, str) and value.isdecimal():
        text = f'"{text}"'  # that it is text is what is wrong with it
    return text if len(text) <= 60 and text.isprintable() else ""
