"""`docs/mission-yaml.md`, every key of `mission.yaml`: `python -m mission.reference`."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterator
from typing import Any

from mission.config.accepted import describe
from mission.config.kinds import Kinds
from mission.config.model import BY_TYPE
from mission.config.schema import OwnSchema, schema_text
from mission.lint.rules import RULES

_INTRODUCTION = """\
# mission.yaml

Written by `make docs` from the models that read the file.

It stands beside `TASKS.md`, and every key is optional unless its default says otherwise. A key that
is not listed, a value of the wrong kind, a key that stands there twice and a name that stands for
nothing are errors that name line and column. `mission check` shows all of them at once, and
`mission run` starts nothing before they are mended: [the rules](#rules) are at the end of the page.
Agents, gates, the forge and notifiers have a `type`: a key that only another type has is an error.
`on`, `yes` and `no` are words, not true and false. Durations are written `45m`, numbers of tokens
`4K`. Editors complete the file with [mission.schema.json](mission.schema.json).
"""

_RULES = """
## Rules

What `mission check` finds in this file, together with [what it finds in the task
file](task-file.md#what-mission-check-finds). Errors keep a run from starting. A run holds the rules
against the plan again when somebody changes it, and stops where a rule cannot be understood any
more, or asks of a row's new agent what it has not; what an agent plans is held against them before
it is written.

| rule | severity | means |
| --- | --- | --- |
"""

# JSON as it was parsed; its shape is the models' and is tested.
_Node = dict[str, Any]


def reference_text() -> str:
    """The whole page, with its final line end."""
    schema = json.loads(schema_text())
    for kinds, _ in BY_TYPE.values():
        _add_common(schema, kinds)
    parts = [_INTRODUCTION, *_table(schema, schema)]
    for name, places in _places(schema).items():
        section = schema["$defs"][name]
        heading = ", ".join(f"`{place}`" for place in places)
        parts += [f"\n## {heading}\n\n{section['description']}\n", *_table(schema, section)]
        parts += _types(schema, name, heading)
    rules = [f"| `{rule}` | {severity} | {means} |" for rule, (severity, means) in RULES.items()]
    return "\n".join(parts) + "\n" + _RULES + "\n".join(rules) + "\n"


def _add_common(schema: _Node, kinds: Kinds) -> None:
    """Give the keys that every type of a union has a section of their own."""
    node = kinds.base.model_json_schema(by_alias=True, schema_generator=OwnSchema)
    if kinds.default is not None:
        node["properties"]["type"]["default"] = kinds.default
        node["required"] = [name for name in node.get("required", []) if name != "type"]
    schema["$defs"] |= {kinds.base.__name__: node, **node.pop("$defs", {})}


def _types(schema: _Node, name: str, heading: str) -> Iterator[str]:
    """The keys that one type has beside those that all have, for each of our types."""
    for kinds, _ in BY_TYPE.values():
        if kinds.base.__name__ != name:
            continue
        for kind, model in kinds.models.items():
            if model is kinds.base:
                continue
            section = schema["$defs"][model.__name__]
            yield f"\n### {heading}, `type: {kind}`\n\n{section['description']}\n"
            own = set(section["properties"]) - set(kinds.base.model_fields)
            if own:
                yield from _table(schema, section, only=own)
            else:
                yield "It has no keys of its own."
        yield from _inner(schema, kinds, heading)


def _inner(schema: _Node, kinds: Kinds, heading: str) -> Iterator[str]:
    """The sections within those types, each once, however many of the types have it."""
    found: dict[str, str] = {}
    for model in kinds.models.values():
        own = set(model.model_fields) - set(kinds.base.model_fields)
        properties = schema["$defs"][model.__name__]["properties"]
        for key in (key for key in properties if key in own):
            for suffix, name in _sections(properties[key]):
                found.setdefault(name, f"{heading.strip('`')}.{key}{suffix}")
    for name, place in found.items():
        section = schema["$defs"][name]
        yield f"\n### `{place}`\n\n{section['description']}\n"
        yield from _table(schema, section)


def _places(schema: _Node) -> dict[str, list[str]]:
    """The sections in reading order, each with the places where it may stand."""
    places: dict[str, list[str]] = {}
    waiting = [("", schema)]
    while waiting:
        start, node = waiting.pop(0)
        for key, value in node["properties"].items():
            for suffix, name in _sections(value):
                place = f"{start}{key}{suffix}"
                if name not in places:
                    waiting.append((f"{place}.", schema["$defs"][name]))
                if place not in places.setdefault(name, []):
                    places[name].append(place)
    return places


def _sections(node: _Node) -> Iterator[tuple[str, str]]:
    """What stands at `node`: sections, each with how one gets to it (`[]`, `.NAME`)."""
    if "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[-1]
        if name not in ("JsonValue", "NoticeKind", "Status"):
            yield "", name
    choices = [inner for choice in node.get("anyOf", []) for inner in _sections(choice)]
    common = _common_of({name for _, name in choices})
    yield from [("", common)] if common else choices
    for suffix, inner in (("[]", "items"), (".NAME", "additionalProperties")):
        if isinstance(node.get(inner), dict):
            yield from ((suffix + deeper, name) for deeper, name in _sections(node[inner]))


def _common_of(names: set[str]) -> str | None:
    """The section of the keys that a union by type has in common; None where it is none."""
    for kinds, _ in BY_TYPE.values():
        if names and names <= {model.__name__ for model in kinds.models.values()}:
            return kinds.base.__name__
    return None


def _table(schema: _Node, section: _Node, only: Collection[str] = ()) -> Iterator[str]:
    yield "| key | accepts | default | meaning |\n| --- | --- | --- | --- |"
    for name, key in section["properties"].items():
        if only and name not in only:
            continue
        default = "required" if name in section.get("required", []) else _default(key)
        cells = (f"`{name}`", _accepts(schema, key), default, key["description"])
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _accepts(schema: _Node, key: _Node) -> str:
    for suffix, _ in _sections(key):
        kinds = {"": "keys of its own", "[]": "a list", ".NAME": "names, each with keys of its own"}
        return kinds[suffix] + ", see below"
    return describe(schema, key)


def _default(key: _Node) -> str:
    default = key.get("default")
    if default is None:
        return ""
    return f"`{default}`" if isinstance(default, str) else f"`{json.dumps(default)}`"


if __name__ == "__main__":
    sys.stdout.buffer.write(reference_text().encode("utf-8"))
