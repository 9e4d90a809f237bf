"""What a run and the keeper of its record tell each other: JSON objects, one a line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Final, TypeAlias

from flows.wording import Word


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """The first thing that a keeper is told: whose record it keeps."""

    parameters: Mapping[str, Any]  # the flow's, which Prefect records
    tags: tuple[str, ...]
    title: str  # the mission's name
    logs: str  # the folder with the runner's own logs


@dataclass(frozen=True, kw_only=True, slots=True)
class JobBegan:
    """A job was submitted."""

    at: datetime
    task: str  # the row's id; at most one job of a row is under way
    name: str
    tags: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class JobEnded:
    """The job of a row has ended."""

    at: datetime
    task: str
    bug: str | None = None  # what it raised; None: it did its work, however that went


@dataclass(frozen=True, kw_only=True, slots=True)
class OperationBegan:
    """The job of a row carries out an operation."""

    at: datetime
    task: str
    attempt: int
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OperationEnded:
    """The operation of a row has ended."""

    at: datetime
    task: str
    ok: bool = False
    word: str = ""
    evidence: tuple[Mapping[str, Any], ...] = ()  # the fields of `Evidence`
    refused: str | None = None  # why it could not be done; None: it was
    stopped: bool = False  # ... since somebody stopped it
    bug: bool = False  # ... by a mistake of ours


@dataclass(frozen=True, kw_only=True, slots=True)
class RowsChanged:
    """The mission's progress, a mapping a milestone."""

    rows: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class RunsCrashed:
    """Flow runs that a crash ended: an empty id is one whose name was never known."""

    runs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class LackAsked:
    """What does the record lack? `Lack` answers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOver:
    """The run has ended: so does its flow run. `Over` answers."""

    word: Word
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Noted:
    """A line for people: what takes its time."""

    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """The flow run is there."""

    run: str  # its id


@dataclass(frozen=True, kw_only=True, slots=True)
class Lack:
    """The names of jobs whose end the record does not hold."""

    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Over:
    """The flow run has ended."""

    troubles: tuple[str, ...]  # what could not be recorded, a line each


@dataclass(frozen=True, kw_only=True, slots=True)
class Failed:
    """No record is kept, or none any more."""

    why: str


FromRun: TypeAlias = (
    JobBegan
    | JobEnded
    | OperationBegan
    | OperationEnded
    | RowsChanged
    | RunsCrashed
    | LackAsked
    | RunOver
)
FromKeeper: TypeAlias = Noted | Named | Lack | Over | Failed
Message: TypeAlias = Opening | FromRun | FromKeeper

_KINDS: Final[Mapping[str, type[Message]]] = {
    kind.__name__: kind
    for kind in (
        *(Opening, JobBegan, JobEnded, OperationBegan, OperationEnded, RowsChanged, RunsCrashed),
        *(LackAsked, RunOver, Noted, Named, Lack, Over, Failed),
    )
}


def packed(message: Message) -> bytes:
    """A message as a line."""
    told = asdict(message) | {"kind": type(message).__name__}
    return json.dumps(told, default=datetime.isoformat).encode() + b"\n"


def unpacked(line: bytes) -> Message:
    """The message of a line.

    Raises:
        ValueError: It is none.
    """
    try:
        told = json.loads(line)
    except ValueError as error:
        raise ValueError("what was told is no message") from error
    if not isinstance(told, dict) or told.get("kind") not in _KINDS:
        raise ValueError("what was told is no message")
    kind: Any = _KINDS[told.pop("kind")]
    if told.keys() != {field.name for field in fields(kind)}:
        raise ValueError(f"not the parts of {kind.__name__}")
    values: dict[str, Any] = {
        name: tuple(one) if isinstance(one, list) else one for name, one in told.items()
    }
    if "at" in told:
        values["at"] = datetime.fromisoformat(told["at"])
    message: Message = kind(**values)
    return message
