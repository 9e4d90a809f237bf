"""What a claim says: which clone carries a mission out, or did last. Pure.

It is a file of the commit that the claim's ref leads to. Whoever may push there may have written
it: foreign text, each part bounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError

from errors import UnreadableError
from mission.letter import Moment

CLAIM_FILE: Final = "claim.json"
VERSION: Final = 1
_MOST_BYTES = 64 * 1024

State = Literal["held", "free"]
_Word = Annotated[str, Field(max_length=300)]
_Seconds = Annotated[float, Field(ge=1, le=7 * 86_400, allow_inf_nan=False)]


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimNote:
    """A claim, by the word of who made it."""

    version: int = VERSION
    mission: _Word  # the name of the mission's folder of state
    state: State
    run: _Word  # one for each time that a clone takes the claim
    clone: _Word  # tells one clone from another
    carries: _Word  # the clone that what goes along is of: until it is taken in, not its own
    host: _Word
    pid: Annotated[int, Field(ge=0)]
    pid_started: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    numbers: _Word = ""  # where that pid means this process; empty: nobody can tell
    who: _Word  # name <address>, as git knows them there
    since: Moment  # when it was taken
    sign: Moment  # the last sign of life, by that machine's clock
    every: _Seconds  # a sign comes
    take_over: _Seconds  # without one before a person may have it taken over
    lapse: _Seconds  # without one before another clone takes it by itself

    @property
    def held(self) -> bool:
        """Whether it was not given back."""
        return self.state == "held"

    def seconds(self, name: Literal["every", "take_over", "lapse"]) -> timedelta:
        """One of the stated times."""
        return timedelta(seconds=getattr(self, name))


def claim_bytes(note: ClaimNote) -> bytes:
    """As it goes to the remote."""
    return _notes().dump_json(note)


def read_claim(files: Mapping[str, bytes]) -> ClaimNote:
    """What the files of a claim's commit say.

    Raises:
        UnreadableError: They say nothing that this version understands.
    """
    raw = files.get(CLAIM_FILE, b"")
    newer = _Version(version=0) if len(raw) > _MOST_BYTES else _version(raw)
    if newer.version > VERSION:
        raise UnreadableError(
            f"the claim on the mission is of version {newer.version}, and this program knows "
            f"{VERSION}",
            hint="Update the mission runner here: a newer one carries this mission out",
        )
    try:
        return _notes().validate_json(raw[:_MOST_BYTES])
    except ValidationError as error:
        raise UnreadableError("the claim on the mission cannot be read") from error


@dataclass(frozen=True, kw_only=True, slots=True)
class _Version:
    version: int = 0


def _version(raw: bytes) -> _Version:
    try:
        return _versions().validate_json(raw)
    except ValidationError:
        return _Version()


@cache
def _versions() -> TypeAdapter[_Version]:
    return TypeAdapter(_Version)


@cache
def _notes() -> TypeAdapter[ClaimNote]:
    return TypeAdapter(ClaimNote)
