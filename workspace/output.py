"""What a child process prints: lines of any length, a log file, the last lines."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from errors.disk import TROUBLE
from mission.private import private_folder

LINE_LIMIT = 64 << 20  # bytes; a longer line comes in pieces, so that it cannot fill the memory
LOG_LIMIT = 1 << 30  # bytes; what comes after them is not logged, so that it cannot fill the disk
TAIL_LINES = 40
TAIL_WIDTH = 500  # characters of a line
_LOG_FULL = b"[the log is full; the rest is not logged]\n"
# ECMA-48: control sequences (colours, cursor), operating system commands (titles), other escapes.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -~])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plain(text: str) -> str:
    """Text without terminal escapes and control characters other than tab and newline."""
    return _CONTROLS.sub("", _ESCAPES.sub("", text))


class _Lines:
    """Cuts a stream into lines, in time linear in its length."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes, without their line feeds."""
        first, *others = data.split(b"\n")
        self._keep(first)
        if not others:
            return self.rest() if self._size >= LINE_LIMIT else []
        last = others.pop()
        lines = [b"".join(self._parts), *others]
        self._parts, self._size = [], 0
        self._keep(last)
        return lines

    def _keep(self, part: bytes) -> None:
        if part:
            self._parts.append(part)
            self._size += len(part)

    def rest(self) -> list[bytes]:
        """What came after the last line feed, if anything."""
        lines = [b"".join(self._parts)] if self._parts else []
        self._parts, self._size = [], 0
        return lines


class Output:
    """Where a child's output goes. A context manager: leaving it closes the log."""

    def __init__(
        self,
        *,
        log: Path | None,
        redact: Callable[[bytes], bytes | None] | None,
        on_line: Callable[[str, bytes], None] | None,
    ) -> None:
        self._streams = {"stdout": _Lines(), "stderr": _Lines()}
        self._redact = redact
        self._on_line = on_line
        self._last: deque[str] = deque(maxlen=TAIL_LINES)
        self._log = None if log is None else _open_log(log)
        self._room = LOG_LIMIT

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                for stream, lines in self._streams.items():
                    self._take(stream, lines.rest())
        finally:
            if self._log is not None:
                with _unless_the_disk_is_full():
                    self._log.close()

    @property
    def tail(self) -> str:
        """The last lines of both streams, in the order in which they ended."""
        return "\n".join(self._last)

    def feed(self, stream: str, data: bytes) -> None:
        """Bytes that came on "stdout" or "stderr"."""
        self._take(stream, self._streams[stream].feed(data))

    def _take(self, stream: str, lines: list[bytes]) -> None:
        for raw in lines:
            line = raw if self._redact is None else self._redact(raw)
            if line is None:
                continue
            self._write(line)
            shown = plain(line[: TAIL_WIDTH * 4].decode(errors="replace"))[:TAIL_WIDTH].rstrip()
            if shown:
                self._last.append(shown)
            if self._on_line is not None:
                self._on_line(stream, line)
        if lines and self._log is not None:
            with _unless_the_disk_is_full():
                self._log.flush()

    def _write(self, line: bytes) -> None:
        if self._log is None or self._room <= 0:
            return
        with _unless_the_disk_is_full():
            self._append(self._log, line)

    def _append(self, log: IO[bytes], line: bytes) -> None:
        log.write(line + b"\n")
        self._room -= len(line) + 1
        if self._room <= 0:
            log.write(_LOG_FULL)


@contextmanager
def _unless_the_disk_is_full() -> Iterator[None]:
    """A log that the disk does not take ends nobody's work: whoever saves the work says so."""
    try:
        yield
    except OSError as error:
        if error.errno not in TROUBLE:
            raise


def _open_log(path: Path) -> IO[bytes]:
    """For appending, since an attempt that is taken up again goes on in its log; for its owner."""
    private_folder(path.parent)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")
