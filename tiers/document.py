"""A JSON or YAML file with the line of each key, for messages that point at it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from mission.errors import ConfigError

_DEPTH = 3  # deeper than any configuration of ours; YAML's aliases can nest without end
Keys = tuple[str, ...]  # the way down to a value: ("storage", "port")


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """What a configuration file says."""

    path: Path
    values: Mapping[str, object]
    lines: Mapping[Keys, int]  # counted from 1

    def line(self, keys: Keys) -> int:
        """The line of the value, or of the nearest one around it; 0 if unknown."""
        while keys and keys not in self.lines:
            keys = keys[:-1]
        return self.lines.get(keys, 0)


def read_document(path: Path) -> Document:
    """Read a file that holds one mapping.

    The messages quote nothing of the content: a password may stand next to the mistake.

    Raises:
        ConfigError: The file cannot be read, is not valid, or gives a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        raise ConfigError(f"cannot be read: {reason}", path=str(path)) from None
    is_json = path.suffix == ".json"
    if is_json:
        _check_json(text, path)
        text = text.replace("\t", " ")  # JSON allows tabs between its parts, YAML does not
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        lines: dict[Keys, int] = {}
        _walk(node, (), lines, path)
        values = {} if node is None else loader.construct_document(node)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ConfigError(
            "is not valid YAML",
            hint="Put values with special characters in quotes",
            path=str(path),
            line=mark.line + 1 if mark else 0,
            column=mark.column + 1 if mark else 0,
        ) from None
    finally:
        loader.dispose()
    if not isinstance(values, dict):
        raise ConfigError("must hold a mapping of keys to values", path=str(path), line=1)
    return Document(path=path, values=values, lines=lines)


def _check_json(text: str, path: Path) -> None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"is not valid JSON: {error.msg}",
            path=str(path),
            line=error.lineno,
            column=error.colno,
        ) from None


def _walk(node: yaml.Node | None, keys: Keys, lines: dict[Keys, int], path: Path) -> None:
    if not isinstance(node, yaml.MappingNode) or len(keys) > _DEPTH:
        return
    for key, value in node.value:
        here = (*keys, str(key.value))
        line = key.start_mark.line + 1
        if here in lines:
            first = lines[here]
            name = ".".join(here)
            raise ConfigError(
                f"`{name}` stands here and in line {first}", path=str(path), line=line
            )
        lines[here] = line
        _walk(value, here, lines, path)
