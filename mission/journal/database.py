"""The journal's statements, each of them a transaction, for all threads of a process."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from errors import DiskError, JournalDiskError, JournalError, disk_hint, told
from errors.disk import TROUBLE, standing
from mission.clock import Now, utc_now
from mission.journal.connection import connect, in_words, open_checked, open_existing, prepare
from mission.journal.reserve import Reserve
from mission.journal.versions import bring_up
from mission.private import private_folder

_FURTHEST_AHEAD = timedelta(days=2)  # nothing further ahead is believed
_NEWEST = (
    "SELECT max(at) FROM (SELECT at FROM (SELECT at FROM events ORDER BY id DESC LIMIT 1) UNION ALL"
    " SELECT started FROM (SELECT started FROM attempts ORDER BY id DESC LIMIT 1))"
)

_LEAST = 256 << 10  # bytes on the disk, with less than which the reserve is given up

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
            connection = connect(f"file:{quote(str(path))}")
        except OSError as error:
            if error.errno in TROUBLE:
                raise told(error) from error
            raise JournalError(
                f"{path.parent} cannot be made ({error.strerror})",
                hint="Check that this user may write there",
            ) from error
        except sqlite3.Error as error:
            raise in_words(error, path) from error
        try:
            prepare(connection, path)
        except BaseException as error:
            connection.close()
            if isinstance(error, sqlite3.Error):
                raise in_words(error, path) from error
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
            connection = open_existing(path)
        except sqlite3.Error as error:
            raise in_words(error, path) from error
        return cls(connection, path, utc_now)

    @classmethod
    def open_by(cls, uri: str, path: Path) -> Database:
        """Open for reading only, by SQLite's own address of the journal at `path`.

        Raises:
            JournalError: As `open`.
        """
        try:
            return cls(open_checked(uri, path), path, utc_now)
        except sqlite3.Error as error:
            raise in_words(error, path) from error

    @classmethod
    def in_memory(cls, path: Path = Path(":memory:"), *, clock: Now = utc_now) -> Database:
        """An empty one that is nowhere. `path` is what it is called."""
        connection = connect("file::memory:")
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
                met = in_words(error, self.path)
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


def _storable(value: Value) -> Value:
    """Bytes of a file that were no UTF-8 travel as lone surrogates, which SQLite refuses."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    return value
