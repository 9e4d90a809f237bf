"""A JSON or YAML file with the line of each key, for messages that point at it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from errors import ConfigError
from mission.config.document import MAX_BYTES, TOO_DEEP, read_whole
from mission.config.document import Document as YamlDocument
from mission.config.document import read_document as read_yaml
from tasks_md.regular_file import read_regular

_NOT_YAML = "is not valid YAML here, has a number that is too large, or has this key twice"
_QUOTES = "Put values with special characters in quotes"

Keys = tuple[str, ...]  # the way down to a value: ("storage", "port")


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """What a configuration file says."""

    path: Path
    values: Mapping[str, object]
    yaml: YamlDocument | None  # knows where each key stands; None: nothing is known

    def line(self, keys: Keys) -> int:
        """The line of the value, or of the nearest one around it, from 1; 0 if unknown."""
        return self.yaml.mark(keys).line if self.yaml is not None else 0


def read_document(path: Path) -> Document:
    """Read a file that holds one mapping.

    The messages quote nothing of the content: a password may stand next to the mistake.

    Raises:
        ConfigError: The file cannot be read, is not valid, or gives a key twice.
    """
    try:
        raw = read_regular(path)
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", path=str(path)) from None
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"larger than {MAX_BYTES // 1_000_000} MB", path=str(path))
    document, mistake = _as_yaml(raw, path)
    if path.suffix == ".json":
        values = _as_json(raw, path, line=mistake.line if mistake is not None else 1)
    elif mistake is not None:
        raise mistake
    else:
        values = document.value if document is not None else None
    if values is None:
        values = {}
    if not isinstance(values, dict):
        raise ConfigError("must hold a mapping of keys to values", path=str(path), line=1)
    return Document(path=path, values=values, yaml=document)


def _as_yaml(raw: bytes, path: Path) -> tuple[YamlDocument | None, ConfigError | None]:
    """The file as YAML, which JSON nearly always is too, or what is wrong with it."""
    if path.suffix == ".json":
        raw = raw.replace(b"\t", b" ")  # JSON allows tabs between its parts, YAML does not
    try:
        return read_yaml(raw, str(path)), None
    except ConfigError as error:
        mistake = ConfigError(
            TOO_DEEP if TOO_DEEP in error.message else _NOT_YAML,
            hint="" if TOO_DEEP in error.message else _QUOTES,
            path=str(path),
            line=error.line,
            column=error.column,
        )
    if TOO_DEEP in mistake.message:  # in JSON, too
        raise mistake
    return None, mistake


def _as_json(raw: bytes, path: Path, *, line: int) -> object:
    """The file as JSON; `line` is where YAML met what it would not read."""

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        values = dict(pairs)
        if len(values) != len(pairs):
            raise ConfigError("has a key twice in one object", path=str(path), line=line)
        return values

    def whole(text: str) -> int:
        try:
            return read_whole(text)
        except ValueError as error:
            raise ConfigError(str(error), path=str(path), line=line) from None

    try:
        return json.loads(
            raw.decode("utf-8-sig"),
            object_pairs_hook=once,
            parse_int=whole,
        )
    except UnicodeDecodeError:
        raise ConfigError("is not UTF-8 text", path=str(path)) from None
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"is not valid JSON: {error.msg}",
            path=str(path),
            line=error.lineno,
            column=error.colno,
        ) from None
    except RecursionError:
        raise ConfigError(TOO_DEEP, path=str(path), line=line) from None
