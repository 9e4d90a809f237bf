"""The journal's connection: opening, statements, and errors in plain words."""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from errors import DiskError, JournalDiskError, JournalError, disk_hint, told
from errors.disk import TROUBLE, standing
from mission.clock import Now, utc_now
from mission.journal.damage import MOVE_ASIDE, refuse_damage
from mission.journal.reserve import Reserve
from mission.journal.versions import SCHEMA_VERSION, bring_up, check_version
from mission.private import private_folder

_BUSY_SECONDS = 10.0  # how long a statement waits for another process's write
_OLDEST_SQLITE = (3, 35)  # the first with RETURNING
_HINTS = {
    sqlite3.SQLITE_BUSY: "Another process has been writing to it for too long",
    sqlite3.SQLITE_CORRUPT: MOVE_ASIDE,
    sqlite3.SQLITE_NOTADB: MOVE_ASIDE,
}

_FURTHEST_AHEAD = timedelta(days=2)  # nothing further ahead is believed
_NEWEST = (
    "SELECT max(at) FROM (SELECT at FROM (SELECT at FROM events ORDER BY id DESC LIMIT 1) UNION ALL"
    " SELECT started FROM (SELECT started FROM attempts ORDER BY id DESC LIMIT 1))"
)

_LEAST = 256 << 10  # bytes on the disk, with less than which the reserve is given up
# Where it is the disk that refuses, and what a system would say then.
_DISK = {
    sqlite3.SQLITE_FULL: os.strerror(errno.ENOSPC),
    sqlite3.SQLITE_READONLY: os.strerror(errno.EACCES),
    sqlite3.SQLITE_CANTOPEN: os.strerror(errno.EACCES),
    sqlite3.SQLITE_PERM: os.strerror(errno.EACCES),
    sqlite3.SQLITE_IOERR: os.strerror(errno.EIO),
}

Value = str | int | float | None


def to_text(moment: datetime) -> str:
    """ISO 8601 in UTC with microseconds always, so that texts sort as times do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


class Database:
    """One connection for all threads of a process. Each statement is a transaction of its own."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        clock: Now,
        reserve: Reserve | None = None,
    ) -> None:
        """`reserve`: given up once the disk is full; without it that is an error at once."""
        self.path = path
        self.full: JournalDiskError | None = None  # the disk was, and the reserve is used
        self._reserve = reserve
        self._clock = clock
        self._connection = connection
        self._lock = threading.RLock()  # held by a thread's whole transaction
        self._together = False  # whether that is one of `together`

    @classmethod
    def open(cls, path: Path, *, clock: Now = utc_now) -> Database:
        """Open for writing; make the file and its folder where they are missing.

        Raises:
            JournalError: It cannot be opened, is no journal, or is of a newer version.
        """
        try:
            if not path.parent.exists():
                private_folder(path.parent)
            if not path.exists():
                path.touch(mode=0o600)  # SQLite gives what it writes beside it the same rights
            connection = _connect(f"file:{quote(str(path))}")
        except OSError as error:
            if error.errno in TROUBLE:
                raise told(error) from error
            raise JournalError(
                f"{path.parent} cannot be made ({error.strerror})",
                hint="Check that this user may write there",
            ) from error
        except sqlite3.Error as error:
            raise _translated(error, path) from error
        try:
            _prepare(connection, path)
        except BaseException as error:
            connection.close()
            if isinstance(error, sqlite3.Error):
                raise _translated(error, path) from error
            raise
        reserve = Reserve.beside(path)
        try:
            reserve.fill()
        except OSError as error:
            connection.close()
            if error.errno in TROUBLE:
                raise DiskError.at(reserve.path, error.strerror or "") from error
            raise told(error) from error
        return cls(connection, path, clock, reserve)

    @classmethod
    def open_to_read(cls, path: Path) -> Database:
        """Open for reading only. A journal that does not exist yet reads as an empty one.

        Raises:
            JournalError: As `open`.
        """
        if not path.exists():
            return cls.in_memory(path)
        try:
            connection = _open_existing(path)
        except sqlite3.Error as error:
            raise _translated(error, path) from error
        return cls(connection, path, utc_now)

    @classmethod
    def open_by(cls, uri: str, path: Path) -> Database:
        """Open for reading only, by SQLite's own address of the journal at `path`.

        Raises:
            JournalError: As `open`.
        """
        try:
            return cls(_open_checked(uri, path), path, utc_now)
        except sqlite3.Error as error:
            raise _translated(error, path) from error

    @classmethod
    def in_memory(cls, path: Path = Path(":memory:"), *, clock: Now = utc_now) -> Database:
        """An empty one that is nowhere. `path` is what it is called."""
        connection = _connect("file::memory:")
        bring_up(connection, 0)
        return cls(connection, path, clock)

    def close(self) -> None:
        """Close it. The last to close folds the write-ahead log into the file."""
        with self._lock:
            self._connection.close()

    def now(self) -> str:
        """The time, as the journal stores it: not before what it holds, even where the clock was
        set back since. These times tell what came first, such as attempts before a person's word.
        """
        now = self._clock()
        (row,) = self._rows(_NEWEST, {})
        newest, most = str(row[0] or ""), to_text(now + _FURTHEST_AHEAD)
        if to_text(now) < newest <= most:
            now = datetime.fromisoformat(newest) + timedelta(microseconds=1)
        return to_text(now)

    @contextmanager
    def together(self) -> Iterator[None]:
        """What this thread writes inside is there afterwards all, or not at all. Inside of another
        one, it is part of that."""
        with self._lock:
            if self._together:
                yield
                return
            self.rows("BEGIN IMMEDIATE")
            self._together = True
            try:
                yield
                self.rows("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self.rows("ROLLBACK")
                raise
            finally:
                self._together = False

    @contextmanager
    def at_one_moment(self) -> Iterator[None]:
        """What this thread reads inside is what was there at one moment."""
        with self._lock:
            self.rows("BEGIN")
            try:
                yield
            finally:
                if self._connection.in_transaction:
                    self.rows("ROLLBACK")

    def rows(self, statement: str, **values: Value) -> list[sqlite3.Row]:
        """Run a statement with named parameters; its rows.

        When this returns, what it wrote survives the process.

        Raises:
            JournalError: The database refused.
        """
        try:
            return self._rows(statement, values)
        except UnicodeEncodeError:
            return self._rows(statement, {name: _storable(value) for name, value in values.items()})

    def _rows(self, statement: str, values: Mapping[str, Value]) -> list[sqlite3.Row]:
        with self._lock:
            together = self._connection.in_transaction
            if not (together or statement.startswith("SELECT")):
                self._look_at_the_disk()
            try:
                # All rows are fetched: only then is a statement with RETURNING committed.
                return self._connection.execute(statement, values).fetchall()
            except (sqlite3.OperationalError, sqlite3.DatabaseError) as error:
                if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
                    raise  # a bug of ours
                met = _translated(error, self.path)
                whole = together == self._connection.in_transaction
                if not (whole and self._makes_room(met)):
                    raise met from error
            return self._rows(statement, values)

    def _look_at_the_disk(self) -> None:
        """Give the reserve up before a write that would be the first to find the disk full: what
        several statements write together cannot be tried again."""
        if self._reserve is None or self.full is not None:
            return
        why = standing(self.path, least=_LEAST)
        if why:
            self.full = JournalDiskError(f"the journal {self.path}: {why}", hint=disk_hint("", why))
            self._reserve.release()

    def _makes_room(self, met: JournalError) -> bool:
        """Whether a statement that met a full disk can be tried again."""
        if not isinstance(met, JournalDiskError) or self._reserve is None:
            return False
        self.full = self.full or met
        return self._reserve.release()


def _connect(uri: str) -> sqlite3.Connection:
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


def _open_existing(path: Path) -> sqlite3.Connection:
    uri = f"file:{quote(str(path))}?mode=ro"
    try:
        return _open_checked(uri, path)
    except sqlite3.OperationalError:
        if path.with_name(f"{path.name}-wal").exists():
            raise
    # In a folder that is read-only SQLite cannot make its shared memory; and nobody writes.
    return _open_checked(f"{uri}&immutable=1", path)


def _open_checked(uri: str, path: Path) -> sqlite3.Connection:
    connection = _connect(uri)
    try:
        version = check_version(connection, path)
        return _upgraded_copy(connection, version) if version < SCHEMA_VERSION else connection
    except BaseException:
        connection.close()
        raise


def _upgraded_copy(connection: sqlite3.Connection, version: int) -> sqlite3.Connection:
    """An older journal as this version reads it, in memory: readers change no file."""
    copy = _connect("file::memory:")
    connection.backup(copy)
    connection.close()
    bring_up(copy, version)
    return copy


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
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


def _translated(error: sqlite3.Error, path: Path) -> JournalError:
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


def _storable(value: Value) -> Value:
    """Bytes of a file that were no UTF-8 travel as lone surrogates, which SQLite refuses."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    return value
