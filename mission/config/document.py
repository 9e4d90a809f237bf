"""YAML text into plain values that remember where they stood.

PyYAML's safe loader reads it, with the traps of YAML 1.1 taken out: `on`, `yes` and `no` are
words, `010` and `1:30` are no octal or base-60 numbers, a date is text, a key is the text that
stands there. Refused with the place: duplicate keys, tags, aliases that contain themselves or
unfold to too much, deep nesting, several documents. `examine_document` goes on behind what it can
pass over, so that one look finds every mistake.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from errors import ConfigError

MAX_BYTES = 1_000_000
MAX_DEPTH = 32
TOO_DEEP = f"nested more than {MAX_DEPTH} levels deep"
MAX_VALUES = 50_000  # after aliases are unfolded
_LARGEST = 2**53  # up to here every whole number is the same in JSON, in databases and in Python

Location = tuple[str | int, ...]

_TAG = "tag:yaml.org,2002:"
_MERGE = f"{_TAG}merge"


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A place in the file; both count from 1."""

    line: int
    column: int


class Refused(Enum):
    """Stands in a document for a value that was refused."""

    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class Mistake:
    """What YAML allows, or nearly, and we do not."""

    mark: Mark
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """What a YAML file holds."""

    path: str = "mission.yaml"
    value: object = None  # mappings, lists and scalars; None when the file holds nothing
    # Where each key or list entry stands, by its way down.
    marks: Mapping[Location, Mark] = field(default_factory=dict)
    mistakes: Sequence[Mistake] = ()  # `Refused.REFUSED` stands in `value` for what they spoil
    raw: bytes = field(default=b"", repr=False)  # as it was read

    def mark(self, location: Location) -> Mark:
        """Where `location` stands, or the nearest thing around it."""
        while location not in self.marks and location:
            location = location[:-1]
        return self.marks.get(location, Mark(line=1, column=1))


class _Loader(yaml.SafeLoader):
    """The safe loader with the scalars of YAML 1.2 and a bound on nesting."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own class attribute

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0

    def compose_node(self, parent: Node | None, index: Hashable) -> Node | None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs give it no types
            raise yaml.MarkedYAMLError(problem=TOO_DEEP, problem_mark=event.start_mark)
        node: Node | None = super().compose_node(parent, index)  # type: ignore[arg-type]  # the root has no parent
        self._depth -= 1
        return node


def _resolve(tag: str, pattern: str, first: str) -> None:
    _Loader.add_implicit_resolver(_TAG + tag, re.compile(f"^(?:{pattern})$"), list(first))


_resolve("null", r"~|null|Null|NULL|", "~nN\0")
_Loader.yaml_implicit_resolvers.setdefault("", _Loader.yaml_implicit_resolvers["\0"])
_resolve("bool", r"true|True|TRUE|false|False|FALSE", "tTfF")
_resolve("int", r"[-+]?[0-9]+", "-+0123456789")
_resolve("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789")
_resolve("merge", r"<<", "<")


def read_document(raw: bytes, path: str) -> Document:
    """Read YAML.

    Raises:
        ConfigError: The text is not YAML, or holds one of the traps; with line and column.
    """
    document = examine_document(raw, path)
    if document.mistakes:
        mistake = document.mistakes[0]
        mark = mistake.mark
        raise ConfigError(mistake.message, path=path, line=mark.line, column=mark.column)
    return document


def examine_document(raw: bytes, path: str) -> Document:
    """Read YAML, with what of it is refused as `mistakes`.

    Raises:
        ConfigError: The text is not YAML: nothing of it can be read.
    """
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"larger than {MAX_BYTES // 1_000_000} MB", path=path)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError("is not UTF-8 text", path=path, line=line) from error
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, path) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError("holds a control character", path=path, line=line) from error
    builder = _Builder(path)
    value = None if root is None else builder.build(root, ())
    return Document(path=path, value=value, marks=builder.marks, mistakes=builder.mistakes, raw=raw)


def read_whole(text: str) -> int:
    """A whole number as a configuration may hold it: one that all of the program can work with.

    Raises:
        ValueError: It is too large, or none; the message is fit for people.
    """
    try:
        number = int(text)
    except ValueError:  # Python reads so many digits at most
        raise ValueError("a number that cannot be read") from None
    if abs(number) > _LARGEST:
        raise ValueError("a number that is too large")
    return number


def _syntax_error(error: yaml.MarkedYAMLError, path: str) -> ConfigError:
    mark = error.problem_mark or error.context_mark
    problem = error.problem or error.context or "is not YAML"
    hint = ""
    if "\\t" in problem:
        problem, hint = "a tab where YAML wants spaces", "Indent with spaces"
    elif "single document" in (error.context or ""):
        problem = "a second document (`---`) where one is expected"
    if mark is None:
        return ConfigError(problem, path=path, hint=hint)
    return ConfigError(problem, path=path, line=mark.line + 1, column=mark.column + 1, hint=hint)


Spoilt = Literal[Refused.REFUSED]


class _Builder:
    """Turns nodes into values and notes where each one stands."""

    def __init__(self, path: str) -> None:
        self.marks: dict[Location, Mark] = {}
        self.mistakes: list[Mistake] = []
        self._path = path
        self._count = 0
        self._open: set[int] = set()  # collections around the node at hand

    def build(self, node: Node, location: Location, mark: Mark | None = None) -> object:
        """The value of `node`; `mark` is where it stands, if that is not where it begins."""
        self._count += 1
        if self._count > MAX_VALUES:
            at, what = _mark(node), f"aliases unfold to more than {MAX_VALUES} values"
            raise ConfigError(what, path=self._path, line=at.line, column=at.column)
        self.marks[location] = mark or _mark(node)
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        if id(node) in self._open:
            return self._refuse(node, "an alias that contains itself")
        self._open.add(id(node))
        try:
            if isinstance(node, MappingNode):
                return self._mapping(node, location)
            return self._sequence(node, location)
        finally:
            self._open.remove(id(node))

    def _sequence(self, node: Node, location: Location) -> list[object] | Spoilt:
        if not isinstance(node, SequenceNode) or node.tag != f"{_TAG}seq":
            return self._refuse(node, f"the tag {node.tag} is not accepted")
        return [self.build(entry, (*location, index)) for index, entry in enumerate(node.value)]

    def _mapping(self, node: MappingNode, location: Location) -> dict[str, object] | Spoilt:
        if node.tag != f"{_TAG}map":
            return self._refuse(node, f"the tag {node.tag} is not accepted")
        merged: dict[str, object] = {}
        own: dict[str, object] = {}
        # What is merged comes first: where a key stands here as well, that is its place.
        for key, value in sorted(node.value, key=lambda entry: entry[0].tag != _MERGE):
            if not isinstance(key, ScalarNode):
                self._refuse(key, "a key must be plain text")
            elif key.tag == _MERGE:
                merged |= self._merge(value, location)
            elif key.value in own:
                first = self.marks[(*location, key.value)].line
                self._refuse(key, f'duplicate key "{key.value}" (first on line {first})')
            else:
                own[key.value] = self.build(value, (*location, key.value), _mark(key))
        return merged | own

    def _merge(self, node: Node, location: Location) -> dict[str, object]:
        """`<<: *base`: the keys of another mapping, below those that stand here."""
        value = self.build(node, location, self.marks[location])
        parts = value if isinstance(value, list) else [value]
        merged: dict[str, object] = {}
        for part in reversed(parts):  # the first of several wins, as YAML has it
            if isinstance(part, dict):
                merged |= part
            else:
                self._refuse(node, "`<<` takes a mapping")
        return merged

    def _scalar(self, node: ScalarNode) -> object:
        text = node.value
        match node.tag.removeprefix(_TAG):
            case "str" | "merge":
                return text
            case "null":
                return None
            case "bool" if text.lower() in ("true", "false"):
                return text.lower() == "true"
            case "int" | "float" as kind:
                try:
                    return read_whole(text) if kind == "int" else float(text)
                except ValueError as error:
                    return self._refuse(node, str(error))
            case _:
                return self._refuse(node, f"the tag {node.tag} is not accepted")

    def _refuse(self, node: Node, message: str) -> Spoilt:
        """Note a mistake, and what stands in its place."""
        self.mistakes.append(Mistake(mark=_mark(node), message=message))
        return Refused.REFUSED


def _mark(node: Node) -> Mark:
    return Mark(line=node.start_mark.line + 1, column=node.start_mark.column + 1)
