"""Says in words what a place in `mission.yaml` accepts, from the same schema that editors use."""

from __future__ import annotations

from collections.abc import Mapping

from mission.config.document import Location

Schema = Mapping[str, object]


def node_at(schema: Schema, location: Location) -> Schema | None:
    """The part of a JSON Schema that describes `location`; None where it describes nothing."""
    node: Schema | None = schema
    for step in location:
        if node is None:
            return None
        node = _step(schema, node, step)
    return node


def keys(schema: Schema, node: Schema) -> tuple[str, ...]:
    """The keys of the mapping that `node` describes; none when any text may be a key."""
    for choice in _choices(schema, node):
        properties = choice.get("properties")
        if isinstance(properties, Mapping):
            return tuple(properties)
    return ()


def values(schema: Schema, node: Schema) -> tuple[str, ...]:
    """The words that `node` allows, when it allows certain words only."""
    found: list[str] = []
    for choice in _choices(schema, node):
        allowed = choice.get("enum", [choice["const"]] if "const" in choice else [])
        found += [str(value) for value in allowed] if isinstance(allowed, list) else []
    return tuple(found)


def describe(schema: Schema, node: Schema) -> str:
    """What `node` accepts, for a person: `a whole number from 1`, `end, each, never`."""
    words = [_describe_one(schema, choice) for choice in _choices(schema, node)]
    return " or ".join(dict.fromkeys(words))


def _step(schema: Schema, node: Schema, step: str | int) -> Schema | None:
    for choice in _choices(schema, node):
        if isinstance(step, int):
            inner = choice.get("items")
        else:
            properties = choice.get("properties")
            known = properties if isinstance(properties, Mapping) else {}
            inner = known.get(step, choice.get("additionalProperties"))
        if isinstance(inner, Mapping):
            return inner
    return None


def _choices(schema: Schema, node: Schema) -> list[Schema]:
    """`node` with references followed and alternatives laid out; null is left out."""
    reference = node.get("$ref")
    if isinstance(reference, str):
        definitions = schema["$defs"]
        if not isinstance(definitions, Mapping):
            return []
        return _choices(schema, definitions[reference.rsplit("/", 1)[-1]])
    alternatives = node.get("anyOf")
    if isinstance(alternatives, list) and not _is_named(node):
        return [choice for part in alternatives for choice in _choices(schema, part)]
    return [] if node.get("type") == "null" else [node]


def _is_named(node: Schema) -> bool:
    """Whether the title is our own wording (`a duration such as ...`), not a generated one."""
    return str(node.get("title", "")).startswith("a ")


def _describe_one(schema: Schema, node: Schema) -> str:
    if _is_named(node):
        return str(node["title"])
    return ", ".join(values(schema, node)) or _describe_type(schema, node)


def _describe_type(schema: Schema, node: Schema) -> str:
    kind = node.get("type")
    items = node.get("items")
    if kind == "array" and isinstance(items, Mapping):
        some = "a list that is not empty" if node.get("minItems") else "a list"
        return f"{some}, each entry {describe(schema, items)}"
    if kind == "object":
        names = keys(schema, node)
        inner = node.get("additionalProperties")
        if not names and isinstance(inner, Mapping):
            return f"a mapping of names to {describe(schema, inner)}"
        return f"a mapping with the keys {', '.join(names)}" if names else "a mapping"
    if kind == "string" and node.get("minLength"):
        return "text that is not empty"
    plain = {
        "integer": "a whole number" + _bounds(node),
        "number": "a number" + _bounds(node),
        "string": "text",
        "boolean": "true, false",
    }
    return plain.get(str(kind), "any value")


def _bounds(node: Schema) -> str:
    lowest, above, highest = (node.get(key) for key in ("minimum", "exclusiveMinimum", "maximum"))
    text = f" from {lowest}" if lowest is not None else ""
    text += f" above {above}" if above is not None else ""
    return text + (f" to {highest}" if highest is not None else "")
