"""What was last heard of a run in another clone: kept in a small file, so that looking at a mission
asks nobody. Whoever looks at the remote writes it.

Other clones wrote what is in it: foreign text, each part bounded, and nothing of it is carried out.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Final, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from mission.letter import ANSWERS_FILE, Answer, Moment, read_answers
from mission.place import Place

ROWS_FILE: Final = "rows.json"
CLAIM_FILE: Final = "claim.json"
ELSEWHERE_FILE: Final = "elsewhere.json"
HELD: Final = "held"
_T = TypeVar("_T")
_MOST_BYTES = 4 * 1024 * 1024
_MOST_ROWS = 2000
_MOST_TOLD = 600  # characters of a text; what is written is cut to it

_Word = Annotated[str, Field(max_length=300)]
_Told = Annotated[str, Field(max_length=_MOST_TOLD)]


@dataclass(frozen=True, kw_only=True, slots=True)
class RowThere:
    """A row that is under way in another clone, or waits for a person."""

    task: _Word
    status: _Word  # there: the file here may be behind
    attempt: int | None = None  # its number; None: nobody has tried it
    agent: _Word | None = None
    step: _Word | None = None  # how far the attempt has come
    since: Moment | None = None  # of the attempt
    branch: _Word | None = None
    head: _Word | None = None
    waits_on: _Word | None = None  # a `mission.waits.WaitsFor`; None: somebody is at it
    why: _Told = ""  # what it waits for, for people


@dataclass(frozen=True, kw_only=True, slots=True)
class RowsThere:
    """How the mission stands in the clone that carries it out."""

    rows: Annotated[tuple[RowThere, ...], Field(max_length=_MOST_ROWS)] = ()
    counts: dict[_Word, int] = field(default_factory=dict)  # rows by status
    paused: _Told | None = None  # why and since when, for people; None: it is not


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """Who carries the mission out, by their own word."""

    state: _Word  # HELD, or given back
    clone: _Word = ""  # tells one clone from another
    host: _Word = ""
    pid: int = 0
    who: _Word = ""
    since: Moment | None = None
    sign: Moment | None = None  # the last sign of life, by that machine's clock


@dataclass(frozen=True, kw_only=True, slots=True)
class Elsewhere:
    """What was heard, and when."""

    looked: Moment  # by this machine's clock
    claim: Claimed | None = None  # None: nobody has claimed the mission yet
    ours: bool = False  # it is this clone's own claim
    there: RowsThere = field(default_factory=RowsThere)
    answers: tuple[Answer, ...] = ()  # to what was asked from other clones

    @property
    def held_there(self) -> bool:
        """Whether another clone carried the mission out, as far as was heard."""
        return self.claim is not None and self.claim.state == HELD and not self.ours

    def row(self, task: str) -> RowThere | None:
        """The row, as it stands there."""
        return next((one for one in self.there.rows if one.task == task), None)


def heard(files: Mapping[str, bytes], *, looked: datetime, clone: str) -> Elsewhere:
    """What the files of a claim's commit say. A part that cannot be read is not there.

    Args:
        files: By name; none where nobody has claimed the mission.
        looked: When they were read.
        clone: Which one this is.
    """
    claim = _read(_claimed(), files.get(CLAIM_FILE, b""))
    there = _read(_rows(), files.get(ROWS_FILE, b""))
    return Elsewhere(
        looked=looked,
        claim=claim,
        ours=claim is not None and claim.clone == clone,
        there=there or RowsThere(),
        answers=read_answers(files.get(ANSWERS_FILE, b"")),
    )


def rows_bytes(there: RowsThere) -> bytes:
    """As it goes along with a claim."""
    return _rows().dump_json(there)


def told(text: str) -> str:
    """A text, cut to what is read again."""
    plain = text.encode(errors="replace").decode()
    return plain if len(plain) <= _MOST_TOLD else f"{plain[: _MOST_TOLD - 2]} …"


def elsewhere_file(place: Place) -> Path:
    """Where it is kept."""
    return place.state_dir / ELSEWHERE_FILE


def read_elsewhere(place: Place) -> Elsewhere | None:
    """What was last heard; None: nobody has looked, or it cannot be read."""
    try:
        with elsewhere_file(place).open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except OSError:
        return None
    return None if len(raw) > _MOST_BYTES else _read(_elsewhere(), raw)


def write_elsewhere(place: Place, found: Elsewhere) -> None:
    """Keep it, wholly or not at all. Several may: the last one stays."""
    file = elsewhere_file(place)
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    fresh.write_bytes(_elsewhere().dump_json(found))
    fresh.replace(file)


def _read(adapter: TypeAdapter[_T], raw: bytes) -> _T | None:
    try:
        return adapter.validate_json(raw)
    except ValidationError:
        return None


@cache
def _rows() -> TypeAdapter[RowsThere]:
    return TypeAdapter(RowsThere)


@cache
def _claimed() -> TypeAdapter[Claimed]:
    return TypeAdapter(Claimed)


@cache
def _elsewhere() -> TypeAdapter[Elsewhere]:
    return TypeAdapter(Elsewhere)
