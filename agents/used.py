"""What a session used, by the record that its tool keeps in its home folder.

A tool tells the sum only when a turn ends well; of one that failed, was cut off or was killed its
record has each answer of the model. The record is the tool's: it may be missing or damaged, and
then says nothing.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from agents.stream import as_object
from mission.usage import Tokens, Usage

_LONGEST = 10_000_000  # bytes of a line that is read; longer ones hold no counts
_MOST_FILES = 1_000
_SESSION = re.compile(r"[0-9A-Za-z-]+")


@dataclass(kw_only=True, slots=True)
class Recorded:
    """What a record says of a session, by model."""

    before: dict[str, Tokens] = field(default_factory=dict)  # until the attempt began
    since: dict[str, Tokens] = field(default_factory=dict)  # in the attempt


class Record(Protocol):
    """The record of one attempt's session."""

    def read(self, session: str) -> Recorded:
        """What it says by now. Never raises."""


def better(told: Usage, recorded: Recorded, resumed: Usage) -> Usage:
    """What an attempt used: as its tool told it, or as its record has it, whichever is more.

    What the record has from before the attempt and nobody booked (the run was killed before it
    heard of it) is booked now.

    Args:
        resumed: What was booked of the session before the attempt.
    """
    own, before = Usage.of(recorded.since), Usage.of(recorded.before)
    lost, rest = before.minus(resumed), Usage()
    if not lost.nothing:
        name = max(before.by_model, key=lambda one: before.by_model[one].input)
        more = Tokens(input=lost.input_tokens, cached=lost.cached_tokens, output=lost.output_tokens)
        rest = Usage.of({name: more})
    own = own.plus(rest)
    return own if _all(own) >= _all(told) and not own.nothing else told.plus(rest)


def _all(usage: Usage) -> int:
    return usage.input_tokens + usage.output_tokens


class Tail:
    """Reads what was added to files of JSON lines since it was last asked.

    Args:
        find: Gives the files of a session; asked until there is one.
        marks: Only lines that hold one of these are looked at.
    """

    def __init__(self, find: Callable[[str], Iterable[Path]], *marks: str) -> None:
        self._find = find
        self._marks = [mark.encode() for mark in marks]
        self._read: dict[Path, int] = {}  # by file, so many bytes
        self._within: set[Path] = set()  # files that were read into a line that is too long

    def new(self, session: str) -> Iterator[dict[str, Any]]:
        """The objects on the new lines."""
        if not _SESSION.fullmatch(session):
            return
        for number, path in enumerate(sorted(self._find(session))):
            if number == _MOST_FILES:
                return
            for line in self._lines(path):
                if any(mark in line for mark in self._marks):
                    yield as_object(line.decode("utf-8", "replace")) or {}

    def _lines(self, path: Path) -> Iterator[bytes]:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:  # not ours to read: what the tool told counts then
            return
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return
            file.seek(self._read.get(path, 0))
            while line := file.readline(_LONGEST):
                whole, begun = line.endswith(b"\n"), path in self._within
                if not whole and len(line) < _LONGEST:
                    return  # it is still being written
                self._read[path] = self._read.get(path, 0) + len(line)
                (self._within.discard if whole else self._within.add)(path)
                if whole and not begun:
                    yield line


def is_since(stamp: str, since: datetime) -> bool:
    """Whether a record's time is not before `since`; False for one that cannot be read."""
    try:
        return datetime.fromisoformat(stamp) >= since
    except (ValueError, TypeError):  # no time, or one without a zone
        return False
