"""Opening the journal's file with SQLite, as this version wants it; its errors in plain words."""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from pathlib import Path
from urllib.parse import quote

from errors import JournalDiskError, JournalError, disk_hint
from errors.disk import standing
from mission.journal.damage import MOVE_ASIDE, refuse_damage
from mission.journal.versions import SCHEMA_VERSION, bring_up, check_version

_BUSY_SECONDS = 10.0  # how long a statement waits for another process's write
_OLDEST_SQLITE = (3, 35)  # the first with RETURNING
_HINTS = {
    sqlite3.SQLITE_BUSY: "Another process has been writing to it for too long",
    sqlite3.SQLITE_CORRUPT: MOVE_ASIDE,
    sqlite3.SQLITE_NOTADB: MOVE_ASIDE,
}
# Where it is the disk that refuses, and what a system would say then.
_DISK = {
    sqlite3.SQLITE_FULL: os.strerror(errno.ENOSPC),
    sqlite3.SQLITE_READONLY: os.strerror(errno.EACCES),
    sqlite3.SQLITE_CANTOPEN: os.strerror(errno.EACCES),
    sqlite3.SQLITE_PERM: os.strerror(errno.EACCES),
    sqlite3.SQLITE_IOERR: os.strerror(errno.EIO),
}


def connect(uri: str) -> sqlite3.Connection:
    """A connection for all threads, whose statements are transactions of their own.

    Raises:
        JournalError: This SQLite is too old.
        sqlite3.Error: It cannot be opened.
    """
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        wanted = ".".join(map(str, _OLDEST_SQLITE))
        raise JournalError(
            f"this Python has SQLite {sqlite3.sqlite_version}; the journal needs {wanted}",
            hint="Use a Python that brings a newer SQLite, such as one that uv installs",
        )
    connection = sqlite3.connect(
        uri,
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,  # the lock of `Database` keeps threads apart
        cached_statements=256,
    )
    connection.row_factory = sqlite3.Row
    return connection


def open_existing(path: Path) -> sqlite3.Connection:
    """Open a journal for reading.

    Raises:
        JournalError: It is none, or of a newer version.
        sqlite3.Error: It cannot be opened.
    """
    uri = f"file:{quote(str(path))}?mode=ro"
    try:
        return open_checked(uri, path)
    except sqlite3.OperationalError:
        if path.with_name(f"{path.name}-wal").exists():
            raise
    # In a folder that is read-only SQLite cannot make its shared memory; and nobody writes.
    return open_checked(f"{uri}&immutable=1", path)


def open_checked(uri: str, path: Path) -> sqlite3.Connection:
    """As `open_existing`, by SQLite's own address of the journal at `path`."""
    connection = connect(uri)
    try:
        version = check_version(connection, path)
        return _upgraded_copy(connection, version) if version < SCHEMA_VERSION else connection
    except BaseException:
        connection.close()
        raise


def _upgraded_copy(connection: sqlite3.Connection, version: int) -> sqlite3.Connection:
    """An older journal as this version reads it, in memory: readers change no file."""
    copy = connect("file::memory:")
    connection.backup(copy)
    connection.close()
    bring_up(copy, version)
    return copy


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Bring a journal that is written to this version, and set how it keeps what is written.

    Raises:
        JournalError: It is none, damaged, or of a newer version.
        sqlite3.Error: The database refused.
    """
    version = check_version(connection, path)
    if version:
        refuse_damage(connection, path)
    if version != SCHEMA_VERSION:
        _use_write_ahead_log(connection)
        connection.execute("BEGIN IMMEDIATE")
        try:
            bring_up(connection, check_version(connection, path))  # another may have been quicker
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    mode = _use_write_ahead_log(connection)
    # With the write-ahead log, NORMAL never corrupts, and loses nothing when a process dies; a
    # power cut may take the last moments. Where the log does not work (network disks): FULL.
    connection.execute(f"PRAGMA synchronous = {'NORMAL' if mode == 'wal' else 'FULL'}")
    connection.execute("PRAGMA foreign_keys = ON")


def _use_write_ahead_log(connection: sqlite3.Connection) -> str:
    """Switch to WAL mode; the mode that it is in then."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            # SQLite does not wait by itself when two processes switch at the same moment.
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def in_words(error: sqlite3.Error, path: Path) -> JournalError:
    """What SQLite met at `path`, for people."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if "Could not decode to UTF-8" in str(error):  # the module's own, without a code; or a text
        return JournalError(f"the journal {path} is damaged: a text is not one", hint=MOVE_ASIDE)
    if code in _DISK:
        why = standing(path)
        said = f"the journal {path}: {error}"
        return JournalDiskError(
            "; ".join(one for one in (said, why) if one), hint=disk_hint(_DISK[code], why)
        )
    return JournalError(f"the journal {path}: {error}", hint=_HINTS.get(code, ""))
