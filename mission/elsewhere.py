"""What was last heard of a run in another clone: kept in a small file, so that looking at a mission
asks nobody. Whoever looks at the remote writes it.

Other clones wrote what is in it: foreign text, each part bounded, and nothing of it is carried out.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from mission.answers import ANSWERS_FILE, Answer, answer_data, answers_of, read_answers
from mission.foreign import (
    ForeignError,
    mapping,
    maybe,
    moment,
    number,
    parsed,
    several,
    text,
)
from mission.place import Place

ROWS_FILE: Final = "rows.json"
_CLAIM_FILE: Final = "claim.json"  # as `mission.claim` writes it
ELSEWHERE_FILE: Final = "elsewhere.json"
HELD: Final = "held"
_T = TypeVar("_T")
_MOST_BYTES = 8 * 1024 * 1024
_MOST_ROWS = 2000
_MOST_TOLD = 600  # characters of a text; what is written is cut to it


@dataclass(frozen=True, kw_only=True, slots=True)
class RowThere:
    """A row that is under way in another clone, or waits for a person."""

    task: str
    status: str  # there: the file here may be behind
    attempt: int | None = None  # its number; None: nobody has tried it
    agent: str | None = None
    step: str | None = None  # how far the attempt has come
    since: datetime | None = None  # of the attempt
    branch: str | None = None
    head: str | None = None
    waits_on: str | None = None  # a `mission.waits.WaitsFor`; None: somebody is at it
    why: str = ""  # what it waits for, for people


@dataclass(frozen=True, kw_only=True, slots=True)
class RowsThere:
    """How the mission stands in the clone that carries it out."""

    rows: tuple[RowThere, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)  # rows by status
    paused: str | None = None  # why and since when, for people; None: it is not


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """Who carries the mission out, by their own word."""

    state: str  # HELD, or given back
    clone: str = ""  # tells one clone from another
    host: str = ""
    pid: int = 0
    who: str = ""
    since: datetime | None = None
    sign: datetime | None = None  # the last sign of life, by that machine's clock


@dataclass(frozen=True, kw_only=True, slots=True)
class Elsewhere:
    """What was heard, and when."""

    looked: datetime  # by this machine's clock
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
    claim = _read(_claim, files.get(_CLAIM_FILE, b""))
    return Elsewhere(
        looked=looked,
        claim=claim,
        ours=claim is not None and claim.clone == clone,
        there=_read(_rows, files.get(ROWS_FILE, b"")) or RowsThere(),
        answers=read_answers(files.get(ANSWERS_FILE, b"")),
    )


def rows_bytes(there: RowsThere) -> bytes:
    """As it goes along with a claim."""
    rows = [{name: _fitted(part) for name, part in asdict(row).items()} for row in there.rows]
    return _written({**asdict(there), "rows": rows[:_MOST_ROWS]})


def _fitted(part: object) -> object:
    """A text, as it is read again; anything else as it is."""
    return told(part) if isinstance(part, str) else part


def told(what: str) -> str:
    """A text, cut to what is read again."""
    plain = what.encode(errors="replace").decode()
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
    return None if len(raw) > _MOST_BYTES else _read(_elsewhere, raw)


def write_elsewhere(place: Place, found: Elsewhere) -> None:
    """Keep it, wholly or not at all. Several may: the last one stays."""
    file = elsewhere_file(place)
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    data = asdict(found) | {"answers": [answer_data(one) for one in found.answers]}
    fresh.write_bytes(_written(data))
    fresh.replace(file)


def forget_elsewhere(place: Place) -> None:
    """What was heard is over: the mission is this clone's now."""
    elsewhere_file(place).unlink(missing_ok=True)


def _written(value: object) -> bytes:
    return json.dumps(value, default=_iso).encode()


def _iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value)} is not kept")


def _read(read: Callable[[object], _T], raw: bytes) -> _T | None:
    try:
        return read(parsed(raw))
    except ForeignError:
        return None


def _elsewhere(value: object) -> Elsewhere:
    data = mapping(value)
    return Elsewhere(
        looked=moment(data.get("looked")),
        claim=maybe(_claim, data.get("claim")),
        ours=data.get("ours") is True,
        there=_rows(data.get("there")),
        answers=answers_of(data.get("answers")),
    )


def _claim(value: object) -> Claimed:
    data = mapping(value)
    return Claimed(
        state=text(data.get("state")),
        clone=text(data.get("clone")),
        host=text(data.get("host")),
        pid=number(data.get("pid")),
        who=text(data.get("who")),
        since=maybe(moment, data.get("since")),
        sign=maybe(moment, data.get("sign")),
    )


def _rows(value: object) -> RowsThere:
    data = mapping(value)
    counts = mapping(data.get("counts", {}))
    return RowsThere(
        rows=several(_row, data.get("rows", []), _MOST_ROWS),
        counts={text(status): number(count) for status, count in counts.items()},
        paused=maybe(_told, data.get("paused")),
    )


def _row(value: object) -> RowThere:
    data = mapping(value)
    return RowThere(
        task=_told(data.get("task")),
        status=_told(data.get("status")),
        attempt=maybe(number, data.get("attempt")),
        agent=maybe(_told, data.get("agent")),
        step=maybe(_told, data.get("step")),
        since=maybe(moment, data.get("since")),
        branch=maybe(_told, data.get("branch")),
        head=maybe(_told, data.get("head")),
        waits_on=maybe(_told, data.get("waits_on")),
        why=_told(data.get("why", "")),
    )


def _told(value: object) -> str:
    return text(value, _MOST_TOLD)
