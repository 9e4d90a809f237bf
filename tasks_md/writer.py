"""The only code that writes a task file."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from errors import TaskFileDiskError, TaskFileError, UsageError, disk_hint
from errors.disk import RIGHTS, TROUBLE, standing
from tasks_md.edit import CellChange, apply
from tasks_md.holder import Holder, holder
from tasks_md.lock import WriterLock
from tasks_md.model import Dialect, Plan
from tasks_md.parse import decode, encode, parse, read_bytes
from tasks_md.saving import NewFile, Saving, version_at

__all__ = ["Holder", "StatusWriter", "holder"]

_ROUNDS = 20  # how often somebody may save the file just while we write it


class Whereabouts(Protocol):
    """Knows which file is the plan. Called while the writer reads, and may make it read another."""

    def look(self, ours: Plan | None) -> None:
        """Before the file is read. `ours` is the plan as it was read or written last."""

    def changed(self, ours: Plan, theirs: Plan) -> Plan | None:
        """Somebody else has written the file. None: that counts; else the plan that does, which the
        file holds by now."""


class StatusWriter:
    """Holds the mission's lock and sets cells of its task file.

    Each `apply` looks at the file again and reads it where anybody else may have saved it, so that
    what a person wrote meanwhile stays; and writes it once: into a temporary file beside it that
    then takes its place. Readers see the old file or the new one, whole.
    """

    def __init__(self, path: Path, *, lock_dir: Path, dialect: Dialect | None = None) -> None:
        """`lock_dir` is made where it is missing; one mission has one, whatever its path is."""
        self._named = path
        self._dialect = dialect or Dialect()
        self._lock = WriterLock(lock_dir)
        self._turn = threading.RLock()  # merges read and rewrite the file on their own threads
        self._plan: Plan | None = None
        self._pieces: list[bytes] = []  # the file's bytes, by the chunks of the plan's lines
        self._saving: Saving | None = None  # that left these bytes, as far as we know
        self.whereabouts: Whereabouts | None = None  # None: the plan is always where it is named
        self._asking = False  # whereabouts are asked, and read or write themselves

    def __enter__(self) -> Self:
        if not self._lock.held:
            self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    @property
    def dialect(self) -> Dialect:
        """How the file differs from the usual words."""
        return self._dialect

    @property
    def path(self) -> Path:
        """The file itself, behind any symbolic links."""
        return Path(os.path.realpath(self._named))

    def acquire(self, timeout: float = 0.0) -> None:
        """Become the writer.

        Args:
            timeout: How many seconds to wait for whoever is it now.

        Raises:
            WriterBusyError: Somebody else is; the message says who.
            TaskFileError: Nothing can be written beside the file.
        """
        self._lock.acquire(timeout)
        try:
            _leftover(self.path).unlink(missing_ok=True)  # of a writer that was killed
        except OSError as error:
            self._lock.release()
            raise self._refused(error) from error

    def release(self) -> None:
        """Give the lock back."""
        self._lock.release()

    def read(self) -> Plan:
        """The file as it is now. It is parsed again only if it changed.

        Raises:
            TaskFileError: It cannot be read.
        """
        with self._turn:
            if self._may_ask():
                with self._asked() as whereabouts:
                    whereabouts.look(self._plan)
            path, last = self.path, self._saving
            version = version_at(path)
            known = last is not None and last.ours and last.version == version
            if known and self._plan is not None:
                return self._plan
            self._saving = Saving.seen(version) if version is not None else None
            data = read_bytes(path)
            if self._plan is None or data != b"".join(self._pieces):
                plan = self._parse(decode(data))
                if self._plan is not None and self._may_ask():
                    with self._asked() as whereabouts:
                        settled = whereabouts.changed(self._plan, plan)
                    if settled is not None:
                        return settled
                self._plan = plan
                self._pieces = _pieces(self._plan)
            return self._plan

    def relocate(self, path: Path) -> None:
        """The plan is another file from now on."""
        with self._turn:
            self._named = path
            self._saving = None

    def _may_ask(self) -> bool:
        return self.whereabouts is not None and self._lock.held and not self._asking

    @contextmanager
    def _asked(self) -> Iterator[Whereabouts]:
        if self.whereabouts is None:
            raise AssertionError("it was looked before")
        self._asking = True
        try:
            yield self.whereabouts
        finally:
            self._asking = False

    def apply(self, changes: Sequence[CellChange]) -> Plan:
        """Set these cells, all of them or none, and return the new plan.

        Raises:
            RowConflictError: A cell is not as its change expects it.
            TaskFileError: There is no such row or column, or the file cannot be written.
            UsageError: The lock is not held.
        """
        return self._write(lambda plan: apply(plan, changes))

    def rewrite(self, edit: Callable[[Plan], str]) -> Plan:
        """Replace the text by what `edit` makes of the file as it is, and return the new plan.

        Raises:
            TaskFileError: The file cannot be written.
            UsageError: The lock is not held.
        """
        return self._write(lambda plan: self._parse(edit(plan)))

    def _parse(self, text: str) -> Plan:
        return parse(text, path=str(self._named), dialect=self._dialect)

    def _write(self, edit: Callable[[Plan], Plan]) -> Plan:
        if not self._lock.held:
            raise UsageError("the task file is written under the writer's lock only")
        with self._turn:
            for _ in range(_ROUNDS):
                plan = edit(self.read())
                pieces = self._encoded(plan)
                saving = self._saving if pieces == self._pieces else self._replace(pieces)
                if saving is not None:
                    self._plan, self._pieces, self._saving = plan, pieces, saving
                    return plan
        raise TaskFileError(
            "somebody else keeps writing the file",
            hint="Close the program that does, then run the command again",
            path=str(self._named),
        )

    def _encoded(self, plan: Plan) -> list[bytes]:
        """The plan as bytes, in pieces. What did not change is not encoded again: to encode all of
        a big file takes longer than to write it."""
        old, pieces = self._plan, self._pieces
        if old is None or len(old.lines.chunks) != len(plan.lines.chunks):
            return _pieces(plan)
        return [
            piece if lines is before else encode("".join(lines))
            for lines, before, piece in zip(
                plan.lines.chunks, old.lines.chunks, pieces, strict=True
            )
        ]

    def _is_as_read(self, path: Path) -> bool:
        """Whether nobody has saved the file since it was read, or written by us."""
        last = self._saving
        if last is None or version_at(path) != last.version:
            return False
        # Else its times may not tell a second saving from the first.
        return last.ours or last.settled or read_bytes(path) == b"".join(self._pieces)

    def _replace(self, pieces: Sequence[bytes]) -> Saving | None:
        """Put `pieces` in the file's place; None if the file is no longer what was read."""
        path, last = self.path, self._saving
        if last is None:
            return None  # it came while it was read
        leftover = _leftover(path)
        try:
            leftover.unlink(missing_ok=True)
            with NewFile(leftover, pieces, like=last.version) as fresh:
                return fresh.replace(path) if self._is_as_read(path) else None
        except OSError as error:
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> TaskFileError:
        """Why the file cannot be written."""
        reason = error.strerror or type(error).__name__
        message, path = f"cannot be written: {reason}", str(self._named)
        if error.errno not in TROUBLE | RIGHTS:
            return TaskFileError(message, path=path)
        why = standing(self.path.parent)
        told = "; ".join(one for one in (message, why) if one)
        return TaskFileDiskError(told, hint=disk_hint(reason, why), path=path)


def _pieces(plan: Plan) -> list[bytes]:
    return [encode("".join(lines)) for lines in plan.lines.chunks]


def _leftover(path: Path) -> Path:
    """Where new content is written first. There is one writer, so one name is enough."""
    return path.with_name(f".{path.name}.mission-new")
