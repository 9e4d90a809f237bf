"""A command on a pseudo-terminal of its own, as a person sees and answers it."""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

CTRL_C = "\x03"
CTRL_D = "\x04"
_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]")
# In a session of its own with this terminal, so that Ctrl-C reaches the program and nobody else.
_CONTROL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
_SECONDS = 120.0  # without a sign of life, then the test fails with what was printed


class Terminal:
    """What a program prints to its terminal, and a keyboard.

    It is read all the time: a program that nobody reads comes to a stop.
    """

    def __init__(self, master: int, process: subprocess.Popen[bytes]) -> None:
        self._master = master
        self._process = process
        self._printed = b""
        self._over = False
        self._came = threading.Condition()
        self._closed, self._close = os.pipe()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def printed(self) -> str:
        """Everything so far, without colours and movements of the cursor."""
        return _CONTROLS.sub("", self._printed.decode("utf-8", "replace"))

    def wait_for(self, text: str) -> str:
        """Wait until the program has printed this; everything so far."""
        with self._came:
            while text not in self.printed:
                assert not self._over, f"ended without {text!r}:\n{self.printed}"
                self._wait()
            return self.printed

    def type(self, keys: str) -> None:
        """Press these keys."""
        os.write(self._master, keys.encode())

    def end(self) -> int:
        """Wait for the end; the exit code."""
        with self._came:
            while not self._over:
                self._wait()
        return self._process.wait(_SECONDS)

    def close(self) -> None:
        """Read no more."""
        os.write(self._close, b".")
        self._reader.join()
        os.close(self._close)
        os.close(self._closed)

    def _wait(self) -> None:
        assert self._came.wait(_SECONDS), f"nothing more came after:\n{self.printed}"

    def _read(self) -> None:
        data = b"."
        while data:
            ready, _, _ = select.select([self._master, self._closed], [], [])
            try:
                data = b"" if self._closed in ready else os.read(self._master, 1 << 16)
            except OSError:  # Linux: the last program that had it open has ended
                data = b""
            with self._came:
                self._printed += data
                self._over = not data
                self._came.notify_all()


@contextmanager
def on_terminal(
    *arguments: str,
    folder: Path,
    environment: Mapping[str, str] = os.environ,
    size: Sequence[int] = (40, 120),  # rows and columns
    program: Sequence[str] = (sys.executable, "-m", "cli"),
) -> Iterator[Terminal]:
    """Run `mission`, or another program, there; it is ended with the block."""
    master, slave = os.openpty()
    try:
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        process = subprocess.Popen(
            [sys.executable, "-c", _CONTROL, *program, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=folder,
            env={**environment, "TERM": "xterm-256color"},
            start_new_session=True,
        )
    finally:
        os.close(slave)
    terminal = Terminal(master, process)
    try:
        yield terminal
    finally:
        process.kill()
        process.wait()
        terminal.close()
        os.close(master)
