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
    """What a program prints to its terminal, and a keyboard."""

    def __init__(self, master: int, process: subprocess.Popen[bytes]) -> None:
        self._master = master
        self._process = process
        self._printed = b""

    @property
    def printed(self) -> str:
        """Everything so far, without colours and movements of the cursor."""
        return _CONTROLS.sub("", self._printed.decode("utf-8", "replace"))

    def wait_for(self, text: str) -> str:
        """Wait until the program has printed this; everything so far."""
        while text not in self.printed:
            assert self._read(), f"ended without {text!r}:\n{self.printed}"
        return self.printed

    def type(self, keys: str) -> None:
        """Press these keys."""
        os.write(self._master, keys.encode())

    def end(self) -> int:
        """Wait for the end; the exit code."""
        while self._read():
            pass
        return self._process.wait(_SECONDS)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], _SECONDS)
        assert ready, f"nothing more came after:\n{self.printed}"
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:  # Linux: the last program that had it open has ended
            return False
        self._printed += data
        return bool(data)


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
    try:
        yield Terminal(master, process)
    finally:
        process.kill()
        process.wait()
        os.close(master)
