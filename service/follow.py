"""What happens to a mission: the events after a number, then each as it comes."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path

from mission.journal import Event, Journal
from mission.journal.kinds import Happening
from mission.journal.look import look
from mission.place import Place
from service.sources import journal_version

_LOOK_EVERY = 0.25  # seconds
_AT_ONCE = 500  # events: a reader that is slow keeps no more of them


def follow(
    place: Place, after: int = 0, *, over: Callable[[float], bool], task: str | None = None
) -> Generator[Event[Happening], None, None]:
    """Every event with a higher number, in order, each once; waits for more until it is over.

    A journal that is not there yet has none, and is waited for. One whose newest event has a lower
    number was begun anew: it is followed from its first. Looks
    at the file's version four times a second, and into the file where that has changed: starts no
    process, asks no server, keeps nobody from writing.

    Args:
        place: The mission.
        after: The number of the last event that the caller knows: `Standing.event`, or `Event.id`.
        over: Waits for so many seconds, and tells whether to stop waiting: `Stop.wait` does. Called
            before each wait; what has happened already is told first.
        task: Only what is about this row.

    Raises:
        JournalError: The journal cannot be read.
    """
    file, seen = place.journal_file, None
    while True:
        version = journal_version(place)
        if version is None or version != seen:
            found = _events(file, after, task)
            for event in found:
                after = event.id
                yield event
            seen = None if len(found) == _AT_ONCE else version
            if seen is None and found:
                continue
        if over(_LOOK_EVERY):
            return


def _events(file: Path, after: int, task: str | None) -> list[Event[Happening]]:
    def take(journal: Journal) -> list[Event[Happening]]:
        last = journal.last_event()
        begun_anew = last is None or last.id < after
        return journal.events(task=task, after=0 if begun_anew else after, limit=_AT_ONCE)

    return look(file, take)
