"""A look at a journal that leaves no trace: no file is made or changed, whoever looks.

SQLite by itself makes two files beside a database that it reads, if it may, and leaves them there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from errors import JournalError
from mission.journal.database import Database
from mission.journal.journal import Journal
from mission.journal.part import keep

_T = TypeVar("_T")
_Version = tuple[int, int, int] | None
_TRIES = 6
_PAUSE = 0.005  # seconds; longer after each try


def look(path: Path, take: Callable[[Journal], _T]) -> _T:
    """What `take` finds in the journal, all of it of one moment. It is called again where the
    journal was changed under it. A journal that does not exist reads as an empty one.

    Raises:
        JournalError: It cannot be opened, is no journal, or is of a newer version.
    """
    for turn in range(_TRIES):
        rests, before = not _log(path).exists(), _version(path)
        # What SQLite says of files that somebody makes or takes away just now is no error.
        with suppress(JournalError):
            with _opened(path, rests=rests) as journal, journal.at_one_moment():
                found = take(journal)
            if not rests or _version(path) == before:
                return found
        time.sleep(turn * _PAUSE)
    with Journal.open_to_read(path) as journal, journal.at_one_moment():
        return take(journal)


def _opened(path: Path, *, rests: bool) -> Journal:
    if not path.exists():
        return Journal.open_to_read(path)
    if rests:  # nobody has it open: it is all there is
        return _by("immutable=1", path)
    if not path.with_name(f"{path.name}-shm").exists():  # somebody copied it without
        return Journal.open_to_read(path)
    return _by("readonly_shm=1", path)


def _by(word: str, path: Path) -> Journal:
    return Journal(Database.open_by(f"file:{quote(str(path))}?mode=ro&{word}", path), keep)


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _version(path: Path) -> _Version:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
