"""What goes into a command, and what comes out of it until it ends: bounded in time and in size."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from contextlib import suppress
from typing import IO

from errors import GitError, StoppedError
from workspace.process import Stop

MOST = 256 << 20  # bytes that a command may print: few objects stand for any number of files
GRACE = 10.0  # seconds that a command has after a stop was requested
_LOOKS = 0.25  # seconds between two looks whether one was
_FAREWELL = 2.0  # seconds that it has to take its locks away
_CHUNK = 1 << 16  # bytes at once


def exchange(
    process: subprocess.Popen[bytes],
    data: bytes,
    *,
    name: str,
    limit: float,
    stop: Stop | None = None,
) -> tuple[bytes, bytes]:
    """Feed `data` to a command of git's; what it prints, on either stream.

    However this ends, so has the command, which leads a session of its own, with its helpers.

    Args:
        name: What people know it as.
        limit: Seconds that it has.
        stop: Ends it as well, after a while.

    Raises:
        GitError: It took too long, or printed too much.
        StoppedError: A stop was requested, and it did not end.
    """
    bounds = _Bounds(name, limit, stop)
    with process:
        try:
            said = _say_and_hear(process, data, bounds)
            bounds.wait_for(process)
        except BaseException:
            _end(process)
            raise
    return said


class _Bounds:
    """What a command may take."""

    def __init__(self, name: str, limit: float, stop: Stop | None) -> None:
        """As of `exchange`."""
        self._name = name
        self._limit = limit
        self._deadline = time.monotonic() + limit
        self._stop = stop
        self._stopped: float | None = None  # since when, by `time.monotonic`

    @property
    def pause(self) -> float:
        """Seconds after which to look again."""
        left = max(0.0, self._deadline - time.monotonic())
        return left if self._stop is None else min(left, _LOOKS)

    def look(self, printed: int) -> None:
        """Refuse what is too much: of bytes that were printed, or of time."""
        now = time.monotonic()
        if printed > MOST:
            raise GitError(f"git {self._name} printed more than {MOST >> 20} MiB")
        if now > self._deadline:
            raise GitError(f"git {self._name} took more than {self._limit:.0f} seconds")
        if self._stop is not None and self._stop.requested:
            # What begins after the stop has as long as what was under way.
            self._stopped = now if self._stopped is None else self._stopped
            if now - self._stopped > GRACE:
                raise StoppedError(self._stop.reason)

    def wait_for(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for the end of one that prints nothing more."""
        while True:
            self.look(0)
            with suppress(subprocess.TimeoutExpired):
                process.wait(self.pause)
                return


def _say_and_hear(
    process: subprocess.Popen[bytes], data: bytes, bounds: _Bounds
) -> tuple[bytes, bytes]:
    """Feed it, and hear it out."""
    out, err = bytearray(), bytearray()
    left = memoryview(data)
    with selectors.PollSelector() as pipes:
        for pipe, into in ((process.stdout, out), (process.stderr, err)):
            if pipe is not None:
                pipes.register(pipe, selectors.EVENT_READ, into)
        if process.stdin is not None:
            os.set_blocking(process.stdin.fileno(), False)
            pipes.register(process.stdin, selectors.EVENT_WRITE)
        while pipes.get_map():
            bounds.look(len(out) + len(err))
            for key, _ in pipes.select(bounds.pause):
                if key.fileobj is process.stdin:
                    left = _feed(process.stdin, left)
                    if not left:
                        pipes.unregister(process.stdin)
                        process.stdin.close()
                elif not _hear(key.fd, key.data):
                    pipes.unregister(key.fileobj)
    return bytes(out), bytes(err)


def _hear(pipe: int, into: bytearray) -> bool:
    """Keep what a pipe has by now. False: nothing more comes."""
    chunk = os.read(pipe, _CHUNK)
    into.extend(chunk)
    return bool(chunk)


def _feed(pipe: IO[bytes], left: memoryview) -> memoryview:
    """Write what the pipe takes; what is left. Nothing, where nobody reads any more."""
    try:
        return left[os.write(pipe.fileno(), left[:_CHUNK]) :]
    except BlockingIOError:
        return left
    except BrokenPipeError:
        return left[:0]


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it with ssh, filters and all that it has started. Git takes its locks away, where it is
    asked."""
    for how, seconds in ((signal.SIGTERM, _FAREWELL), (signal.SIGKILL, None)):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
