"""`docs/mission-yaml.md`, every key of `mission.yaml`: `python -m mission.reference`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

from mission.config.accepted import describe
from mission.config.schema import schema_text
from mission.lint.rules import RULES

_INTRODUCTION = """\
# mission.yaml

Written by `make docs` from the models that read the file.

It stands beside `TASKS.md`, and every key is optional unless its default says otherwise. A key that
is not listed, a value of the wrong kind, a key that stands there twice and a name that stands for
nothing are errors that name line and column. `mission check` shows all of them at once, and
`mission run` starts nothing before they are mended: [the rules](#rules) are at the end of the page.
`on`, `yes` and `no` are words, not true and false. Durations are written `45m`, numbers of tokens
`4K`. Editors complete the file with [mission.schema.json](mission.schema.json).
"""

_RULES = """
## Rules

What `mission check` finds in this file, together with [what it finds in the task
file](task-file.md#what-mission-check-finds). Errors keep a run from starting. A run holds the rules
against the plan again when somebody changes it, and stops where a rule cannot be understood any
more; what an agent plans is held against them before it is written.

| rule | severity | means |
| --- | --- | --- |
"""

# JSON as it was parsed; its shape is the models' and is tested.
_Node = dict[str, Any]


def reference_text() -> str:
    """The whole page, with its final line end."""
    schema = json.loads(schema_text())
    parts = [_INTRODUCTION, *_table(schema, schema)]
    for name, places in _places(schema).items():
        section = schema["$defs"][name]
        heading = ", ".join(f"`{place}`" for place in places)
        parts += [f"\n## {heading}\n\n{section['description']}\n", *_table(schema, section)]
    rules = [f"| `{rule}` | {severity} | {means} |" for rule, (severity, means) in RULES.items()]
    return "\n".join(parts) + "\n" + _RULES + "\n".join(rules) + "\n"


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
                places.setdefault(name, []).append(place)
    return places


def _sections(node: _Node) -> Iterator[tuple[str, str]]:
    """What stands at `node`: sections, each with how one gets to it (`[]`, `.NAME`)."""
    if "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[-1]
        if name not in ("JsonValue", "Status"):
            yield "", name
    for choice in node.get("anyOf", []):
        yield from _sections(choice)
    for suffix, inner in (("[]", "items"), (".NAME", "additionalProperties")):
        if isinstance(node.get(inner), dict):
            yield from ((suffix + deeper, name) for deeper, name in _sections(node[inner]))


def _table(schema: _Node, section: _Node) -> Iterator[str]:
    yield "| key | accepts | default | meaning |\n| --- | --- | --- | --- |"
    for name, key in section["properties"].items():
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
