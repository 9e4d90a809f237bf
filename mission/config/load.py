"""Reads `mission.yaml`; every complaint names file, line, key and what would be accepted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from errors import ConfigError
from errors.finding import Finding
from mission.config.complaints import complaints
from mission.config.document import Document, examine_document
from mission.config.model import MissionConfig
from mission.strays import refuse_strays
from tasks_md.regular_file import read_regular


def load_config(path: Path | None) -> MissionConfig:
    """Read `mission.yaml`. No path, or no such file, gives the defaults.

    Raises:
        ConfigError: With file, line, key and the accepted values.
    """
    if path is None:
        return MissionConfig()
    refuse_strays(path)
    return config_of(open_document(path))


def parse_config(raw: bytes, path: str = "mission.yaml") -> MissionConfig:
    """Read the bytes of a `mission.yaml`; `path` is for messages.

    Raises:
        ConfigError: As `load_config`.
    """
    return config_of(examine_document(raw, path))


def open_document(path: Path) -> Document:
    """What `mission.yaml` holds, whatever that is; an empty document where there is no such file.

    Raises:
        ConfigError: It cannot be read, or is not YAML.
    """
    try:
        raw = read_regular(path)
    except FileNotFoundError:
        return Document(path=str(path))
    except OSError as error:
        raise ConfigError(f"cannot be read ({error.strerror})", path=str(path)) from error
    return examine_document(raw, str(path))


def config_of(document: Document) -> MissionConfig:
    """The settings that a document holds.

    Raises:
        ConfigError: They are none; with file, line, key and the accepted values.
    """
    wrong = complaints(document)
    if wrong:
        raise _first_of(wrong)
    value = {} if document.value is None else document.value
    return MissionConfig.model_validate(value, by_alias=True, by_name=False)


def _first_of(wrong: Sequence[Finding]) -> ConfigError:
    first, *others = wrong
    message = first.message
    if others:
        message += f" (also line {', '.join(dict.fromkeys(str(one.line) for one in others))})"
    return ConfigError(
        message, path=first.path, line=first.line, column=first.column, hint=first.hint
    )
