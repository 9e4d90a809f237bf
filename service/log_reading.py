"""The log of an attempt as people read it: what its agent said, and a line for each tool that it
used."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mission.journal import Attempt
from mission.place import Place

if TYPE_CHECKING:
    from agents.stream import Reader

#: The kind of a line that is shown as it is in the log.
RAW: Final = "raw"
#: The kind of what the agent said: its text may have several lines.
SAID: Final = "said"


@dataclass(frozen=True, kw_only=True, slots=True)
class LogLine:
    """One thing that the log tells."""

    kind: str  # RAW, or of an `agents.protocol.AgentEvent`
    text: str  # of any origin


def reader_of(place: Place, attempt: Attempt) -> Reader | None:
    """What reads the agent's log; None where mission.yaml knows that agent no more.

    Raises:
        ConfigError: `mission.yaml` cannot be understood.
    """
    from agents import registry  # noqa: PLC0415 - takes half a second
    from mission.config import load_config  # noqa: PLC0415 - the same

    known = registry.known(attempt.agent, load_config(place.config_file))
    return None if known is None else registry.reader(known)


def read_line(line: str, reader: Reader | None) -> Iterator[LogLine]:
    """What people see of one line of the log. What a tool gave back is left out: its call stands
    for it."""
    if reader is None or not _is_object(line):
        yield LogLine(kind=RAW, text=line.rstrip("\r"))
        return
    events = reader.read(line)
    last = max((at for at, one in enumerate(events) if one.kind == SAID), default=-1)
    for at, one in enumerate(events):
        # The event is one line for the live display; the whole text is beside it.
        whole = one.kind == SAID and at == last
        yield LogLine(kind=one.kind, text=reader.told.said if whole else one.text)


def _is_object(line: str) -> bool:
    from agents.stream import as_object  # noqa: PLC0415 - whoever has a reader has it, too

    return as_object(line) is not None


def read_tail(file: Path, reader: Reader | None, *, most: int) -> tuple[list[LogLine], bool]:
    """What the log's last `most` bytes tell, whole lines only, and whether there is more before
    them. Of a log that is not there yet: nothing.

    Raises:
        OSError: It is there and cannot be read.
    """
    try:
        stream = file.open("rb")
    except FileNotFoundError:
        return [], False
    with stream:
        size = stream.seek(0, os.SEEK_END)
        start = max(0, size - most)
        stream.seek(start)
        data = stream.read(most)
    lines = data.split(b"\n")
    if start:
        del lines[0]  # it may have begun before
    told = (line.decode("utf-8", "replace") for line in lines if line)
    return [one for line in told for one in read_line(line, reader)], start > 0
