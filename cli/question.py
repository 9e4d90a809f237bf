"""Questions to the person at the terminal."""

from __future__ import annotations

import os
import select
import signal
import sys

from cli.console import printable, talk
from errors import StoppedError


def agreed(question: str) -> bool:
    """Whether the answer is yes. Anything else is a no, Ctrl-C and the end of input too."""
    line = _asked(f"{question} [y/N]: ")
    if not line.endswith("\n"):
        talk("")
    return line.strip().lower() in ("y", "yes")


def answered(question: str, usual: str) -> str:
    """What is typed, or `usual` for an empty line.

    Raises:
        StoppedError: Ctrl-C, or the end of input.
    """
    line = _asked(f"{question} [{printable(usual)}]: ")
    if not line.endswith("\n"):
        talk("")
        raise StoppedError("stopped: nothing was written")
    return line.strip() or usual


def _asked(prompt: str) -> str:
    """The line that is typed; empty after Ctrl-C and at the end of input."""
    try:
        sys.stderr.write(prompt)
        sys.stderr.flush()
        return _line()
    except KeyboardInterrupt:
        return ""


def _line() -> str:
    """The next line that is typed. Python's own way to wait for one misses a Ctrl-C that comes in
    the instant before it waits: here it ends the wait whenever it comes.

    Raises:
        KeyboardInterrupt: It came.
    """
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    before = signal.set_wakeup_fd(wakes)
    try:
        select.select([sys.stdin, woken], [], [])
    finally:
        signal.set_wakeup_fd(before)
        os.close(woken)
        os.close(wakes)
    return sys.stdin.readline()
