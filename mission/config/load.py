"""Reads `mission.yaml`; every complaint names file, line, key and what would be accepted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mission.config import accepted
from mission.config.document import Document, Location, Mark, read_document
from mission.config.model import MissionConfig
from mission.errors import ConfigError
from tasks_md.regular_file import read_regular

# A value under these keys, or under a key with such a name, may be a secret: it is not repeated.
_PRIVATE_KEYS = frozenset({"set", "environment", "with"})
_PRIVATE_NAME = re.compile(r"token(?!s$)|secret|passw|key|auth|credential", re.IGNORECASE)


def load_config(path: Path | None) -> MissionConfig:
    """Read `mission.yaml`. No path, or no such file, gives the defaults.

    Raises:
        ConfigError: With file, line, key and the accepted values.
    """
    if path is None:
        return MissionConfig()
    try:
        raw = read_regular(path)
    except FileNotFoundError:
        _refuse_other_suffix(path)
        return MissionConfig()
    except OSError as error:
        raise ConfigError(f"cannot be read ({error.strerror})", path=str(path)) from error
    return parse_config(raw, str(path))


def parse_config(raw: bytes, path: str = "mission.yaml") -> MissionConfig:
    """Read the bytes of a `mission.yaml`; `path` is for messages.

    Raises:
        ConfigError: As `load_config`.
    """
    document = read_document(raw, path)
    if document.value is None:
        return MissionConfig()
    if not isinstance(document.value, dict):
        mark = document.mark(())
        raise ConfigError(
            "must hold keys and values at its top level",
            path=path,
            line=mark.line,
            column=mark.column,
            hint=f"Accepted keys: {', '.join(MissionConfig.model_fields)}",
        )
    try:
        return MissionConfig.model_validate(document.value, by_alias=True, by_name=False)
    except ValidationError as error:
        raise _config_error(error, document) from error


def _refuse_other_suffix(path: Path) -> None:
    """A `mission.yml` would be passed over in silence, which nobody wants."""
    other = path.with_suffix(".yml")
    if path.suffix == ".yaml" and other.exists():
        raise ConfigError(
            "is not read under this name", path=str(other), hint=f"Call it {path.name}"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Problem:
    mark: Mark
    message: str
    hint: str


def _config_error(error: ValidationError, document: Document) -> ConfigError:
    schema = MissionConfig.model_json_schema()
    problems = {
        _problem(details, document, schema)
        for details in error.errors(include_url=False, include_input=True)
    }
    first, *others = sorted(problems, key=lambda p: (p.mark.line, p.mark.column, p.message))
    message = first.message
    if others:
        lines = ", ".join(dict.fromkeys(str(problem.mark.line) for problem in others))
        message += f" (also line {lines})"
    return ConfigError(
        message,
        path=document.path,
        line=first.mark.line,
        column=first.mark.column,
        hint=first.hint,
    )


def _problem(details: ErrorDetails, document: Document, schema: accepted.Schema) -> _Problem:
    location = _location(details["loc"], document)
    mark = document.mark(location)
    key = _dotted(location)
    if details["type"] == "extra_forbidden":
        node = accepted.node_at(schema, location[:-1]) or {}
        names = accepted.keys(schema, node)
        return _Problem(
            mark=mark,
            message=f'unknown key "{key}"',
            hint=_hint(str(location[-1]), names, f"Accepted here: {', '.join(names)}"),
        )
    node = accepted.node_at(schema, location) or {}
    if details["type"] == "missing":
        return _Problem(
            mark=mark,
            message=f'"{key}" is missing',
            hint=f"Accepted: {accepted.describe(schema, node)}",
        )
    given = _shown(details["input"], location)
    wanted = f"Accepted: {accepted.describe(schema, node)}"
    if isinstance(details["input"], int | float) and "text" in wanted:
        wanted += "; what is meant as text stands in quotes"
    return _Problem(
        mark=mark,
        message=f'"{key}" cannot be {given}' if given else f'"{key}" has a value of the wrong kind',
        hint=_hint(str(details["input"]), accepted.values(schema, node), wanted),
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


def _dotted(location: Location) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return text.removeprefix(".")


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


def _hint(word: str, names: tuple[str, ...], otherwise: str) -> str:
    close = accepted.suggestion(word, names)
    return f"{close[0].upper()}{close[1:]} {otherwise}" if close else otherwise
