"""A program under its supervisor: starting it, its pipes, asking for its end."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from errors import ProcessError

SUPERVISOR = Path(__file__).with_name("supervisor.py")
_CHUNK = 1 << 16
# Once the tree is gone, how long output that is still on its way may take. Seconds. It only counts
# where a process outside the tree was handed one of the pipes.
_DRAIN = 2.0


class Supervised:
    """The supervisor's process and its pipes. A context manager: leaving it ends the tree."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        stdin: bytes,
        grace: timedelta,
    ) -> None:
        self.exit_code: int | None = None  # the program's
        self.signal: int | None = None  # that ended the program
        self.ended = False  # the program has; its tree may not have
        self._name = argv[0] if argv else ""
        self._program: int | None = None
        self._told = b""
        self._input = memoryview(stdin)
        self._drain_until: float | None = None
        self._pipes: set[int] = set()
        self._selector = selectors.DefaultSelector()
        try:
            self._process = self._start(argv, cwd, environment, grace)
        except (OSError, ValueError) as error:
            self._close_all()
            self._selector.close()
            raise ProcessError(f"{self._name} cannot be started in {cwd}: {error}") from error
        self.pid = self._process.pid  # the supervisor's

    def _start(
        self, argv: Sequence[str], cwd: Path, environment: Mapping[str, str], grace: timedelta
    ) -> subprocess.Popen[bytes]:
        fed, self._feed = self._pipe()
        self._stdout, stdout = self._pipe()
        self._stderr, stderr = self._pipe()
        self._status, status = self._pipe()
        self._woken, self._waker = self._pipe()
        controlled, self._control = self._pipe()
        # Python sets LC_CTYPE for itself in the C locale; the program must not see that.
        dropped = "-" if "LC_CTYPE" in environment else "LC_CTYPE"
        options = [str(controlled), str(status), str(grace.total_seconds()), dropped]
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(SUPERVISOR), *options, *argv],
            cwd=cwd,
            env=dict(environment),
            stdin=fed,
            stdout=stdout,
            stderr=stderr,
            pass_fds=(controlled, status),
            start_new_session=True,
        )
        for theirs in (fed, stdout, stderr, status, controlled):
            self._close(theirs)
        for name, ours in (("stdout", self._stdout), ("stderr", self._stderr)):
            self._selector.register(ours, selectors.EVENT_READ, name)
        self._selector.register(self._status, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        os.set_blocking(self._waker, False)
        self._feed_more()
        return process

    def _pipe(self) -> tuple[int, int]:
        ends = os.pipe()
        self._pipes.update(ends)
        return ends

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close_all()  # without us the supervisor ends its tree
        self._process.wait()
        self._selector.close()

    @property
    def gone(self) -> bool:
        """Nothing of the tree is left, and all that it printed has been read."""
        if self._status in self._pipes:
            return False
        if not self._pipes & {self._stdout, self._stderr}:
            return True
        if self._drain_until is None:
            self._drain_until = time.monotonic() + _DRAIN
        return time.monotonic() > self._drain_until

    def wake(self) -> None:
        """Let `read` return at once. For any thread."""
        with suppress(BlockingIOError):  # a pipe that is full wakes just as well
            os.write(self._waker, b"w")

    def ask(self) -> None:
        """Ask the supervisor to end the tree: gently first. Asked again, it hurries."""
        with suppress(BrokenPipeError):  # it is ending anyway
            os.write(self._control, b"e")

    def read(self, seconds: float | None) -> list[tuple[str, bytes]]:
        """What came on "stdout" and "stderr", after waiting for it at most `seconds`.

        Raises:
            ProcessError: The program could not be executed.
        """
        if self._drain_until is not None:
            seconds = max(0.0, self._drain_until - time.monotonic())
        came = []
        for key, _ in self._selector.select(None if seconds is None else max(0.0, seconds)):
            if key.fd == self._feed:
                self._feed_more()
                continue
            data = os.read(key.fd, _CHUNK)
            if key.fd == self._status:
                self._hear(data)
            elif key.data and data:
                came.append((key.data, data))
            if not data:
                self._close(key.fd)
        return came

    def _feed_more(self) -> None:
        """Write what the pipe takes of the program's input; close it after the last byte."""
        if len(self._input) and self._feed not in self._selector.get_map():
            os.set_blocking(self._feed, False)
            self._selector.register(self._feed, selectors.EVENT_WRITE)
        try:
            while len(self._input):
                self._input = self._input[os.write(self._feed, self._input) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._input = memoryview(b"")  # it does not want the rest
        self._close(self._feed)

    def _hear(self, data: bytes) -> None:
        """Lines of the supervisor's; its silence is the end of the tree, or of the supervisor."""
        *lines, self._told = (self._told + data).split(b"\n")
        for line in lines:
            word, _, number = line.decode().partition(" ")
            match word:
                case "started":
                    self._program = int(number)
                case "code":
                    self.exit_code, self.ended = int(number), True
                case "signal":
                    self.signal, self.ended = int(number), True
                case "refused":
                    reason = os.strerror(int(number))
                    raise ProcessError(f"{self._name} cannot be started: {reason}")
        if not data and not self.ended:
            self._supervisor_died()

    def _supervisor_died(self) -> None:
        """Somebody killed it. The program dies with it (PR_SET_PDEATHSIG); its group must too."""
        self.signal, self.ended = signal.SIGKILL, True
        if self._program is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._program, signal.SIGKILL)

    def _close(self, pipe: int) -> None:
        if pipe in self._selector.get_map():
            self._selector.unregister(pipe)
        self._pipes.discard(pipe)
        os.close(pipe)

    def _close_all(self) -> None:
        for pipe in tuple(self._pipes):
            self._close(pipe)
