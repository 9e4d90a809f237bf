"""A journal that is damaged: nothing is written into it, and it is moved aside on request."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from errors import JournalError

MOVE_ASIDE = (
    "`mission verify --new-journal` moves it aside and begins a new one; what is merged is read "
    "from the base"
)


def refuse_damage(connection: sqlite3.Connection, path: Path) -> None:
    """Write nothing into a file whose structure is damaged.

    Raises:
        JournalError: It is.
    """
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        told = " ".join(str(found).split())[:200]
        raise JournalError(f"the journal {path} is damaged: {told}", hint=MOVE_ASIDE)


def move_aside(path: Path) -> Path | None:
    """Move a journal away with all of its files, for who holds the mission; where it is now. None:
    there is none.

    Raises:
        OSError: It cannot be moved.
    """
    parts = [path.with_name(f"{path.name}{end}") for end in ("-shm", "-wal", "")]
    if not any(part.exists() for part in parts):
        return None
    number = 1
    while (folder := path.with_name(f"{path.name}.aside-{number}")).exists():
        number += 1
    folder.mkdir()
    for part in parts:  # the database last: until then, whoever was killed moves the rest again
        if part.exists():
            part.rename(folder / part.name)
    return folder
