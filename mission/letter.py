"""A request on its way through the remote: a letter. Pure.

Whoever may push there can write one, so what comes in is foreign text: each part is bounded, and
whatever is not as it should be is refused with why.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Annotated, ClassVar, Final

from pydantic import AwareDatetime, ConfigDict, Field, TypeAdapter, ValidationError

from errors import RequestRefusedError
from mission.journal import RequestKind
from mission.slots import read_slots
from mission.state import Status

LETTER_FILE: Final = "request.json"
PAUSE: Final = "pause"
UNPAUSE: Final = "unpause"
LIMIT: Final = "limit"  # the note says how many rows at once
#: Of a letter's file; one of a hundred rows with a long note has a tenth.
MOST_BYTES: Final = 64 * 1024
_VERSION = 1
_MOST_ROWS = 500
_AHEAD = timedelta(minutes=10)  # by which clocks may differ
_UPDATE = "Update the runner in the older of both clones"
_ID = re.compile(r"[0-9a-f]{32}")
_OF_MISSION = frozenset({PAUSE, UNPAUSE, LIMIT})
_KINDS = frozenset({*(kind.value for kind in RequestKind), *_OF_MISSION})

#: A moment as others tell it: one that every machine can show.
Moment = Annotated[
    AwareDatetime,
    Field(ge=datetime(1980, 1, 1, tzinfo=UTC), le=datetime(2999, 1, 1, tzinfo=UTC)),
]
_Word = Annotated[str, Field(max_length=200)]
_Note = Annotated[str, Field(max_length=2000)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """What somebody asks of the run, from another clone."""

    # What a newer version adds may change the meaning: it is refused, not passed over.
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: _Word  # its own, and of no other letter: its ref's last part
    mission: _Word  # the name of the mission's folder of state: a letter is for no other mission
    kind: _Word  # a `RequestKind`, or PAUSE, UNPAUSE or LIMIT
    tasks: Annotated[tuple[_Word, ...], Field(max_length=_MOST_ROWS)] = ()
    status: _Word | None = None  # for `set`
    note: _Note | None = None  # a word for the rows' notes and the journal; why it is paused
    at: Moment  # when it was written, by that machine's clock
    version: int = _VERSION

    @property
    def is_of_mission(self) -> bool:
        """Whether it is about the mission, and not about rows."""
        return self.kind in _OF_MISSION


def letter_bytes(letter: Letter) -> bytes:
    """As it is sent."""
    return _letters().dump_json(letter)


def read_letter(raw: bytes, *, id: str, mission: str) -> Letter:  # noqa: A002 - the field's name
    """What a letter says.

    Args:
        raw: Its file.
        id: What its ref is called.
        mission: The mission that it was left for.

    Raises:
        RequestRefusedError: It is none, of another version, or not for this mission. The message
            quotes nothing of it.
    """
    if len(raw) > MOST_BYTES:
        raise RequestRefusedError(f"it has {len(raw)} bytes; a request has {MOST_BYTES} at most")
    try:
        letter = _letters().validate_json(raw)
    except ValidationError as error:
        first = error.errors()[0]
        keys = [one.name for one in fields(Letter) if first["loc"][:1] == (one.name,)]
        problem = first["type"].replace("_", " ")
        raise RequestRefusedError(
            f"it cannot be read: {''.join(keys) or 'its text'}: {problem}", hint=_UPDATE
        ) from error
    if letter.version != _VERSION:
        raise RequestRefusedError("it is of another version of the runner", hint=_UPDATE)
    if letter.id != id or letter.mission != mission:
        raise RequestRefusedError("it was written for another place, and copied here")
    _refuse_nonsense(letter)
    return letter


def _refuse_nonsense(letter: Letter) -> None:
    words = (letter.kind, *letter.tasks, letter.status or "", letter.note or "")
    if not all(word.isprintable() for word in words):
        raise RequestRefusedError("it holds control characters")
    if letter.kind not in _KINDS:
        raise RequestRefusedError(
            "it asks for something that this version does not know", hint=_UPDATE
        )
    if bool(letter.tasks) == letter.is_of_mission:
        raise RequestRefusedError(
            f"{letter.kind} is for the whole mission" if letter.tasks else "it names no row"
        )
    if (letter.kind == RequestKind.SET) != (letter.status in set(Status)):
        raise RequestRefusedError("its status is none, or is not asked for")
    _refuse_no_slots(letter)


def _refuse_no_slots(letter: Letter) -> None:
    if letter.kind == LIMIT and read_slots(letter.note or "") is None:
        raise RequestRefusedError("it does not say how many rows at once")


def refuse_time(when: datetime, now: datetime, expire: timedelta) -> None:
    """Refuse a letter that is too old, or whose time lies in the future.

    Raises:
        RequestRefusedError: It is.
    """
    if when > now + _AHEAD:
        raise RequestRefusedError(
            f"its time, {when:%Y-%m-%d %H:%M} UTC, lies in the future",
            hint="Set the clock of the machine that it comes from",
        )
    if when < now - expire:
        raise RequestRefusedError(
            f"it is of {when:%Y-%m-%d %H:%M} UTC, and has expired", hint="Ask again"
        )


def is_id(text: str) -> bool:
    """Whether a letter may be called that."""
    return _ID.fullmatch(text) is not None


@cache
def _letters() -> TypeAdapter[Letter]:
    return TypeAdapter(Letter)
