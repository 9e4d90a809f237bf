"""Where a mission's journal can be looked at: in its file, or in what was told of it elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from mission.journal import Journal

_T = TypeVar("_T")


class Books(Protocol):
    """A mission's journal for who only reads. `mission.place.Place` is one, for the file here."""

    def look(self, take: Callable[[Journal], _T], /) -> _T:
        """What `take` finds in the journal, all of it of one moment.

        Raises:
            MissionError: It cannot be read now.
        """
        ...
