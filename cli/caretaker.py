"""Ends what a demo started, when the demo ends: by itself, by Ctrl-C, or killed.

    python -m cli.caretaker TOP FOLDER

It reads standard input, a pipe whose other end only the demo holds. When that end is closed,
however that comes, it ends the command that the demo was running, then the demo's services and its
Prefect server, and removes FOLDER, unless it is to be kept. TOP is where the commands run.

    run PID SINCE   the demo runs this process now, which started at SINCE
    keep            the folder stays
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from missions.beginning import CONFIG
from workspace.alive import is_alive, started

_POLITE_SECONDS = 30.0  # for a run to end its agents and to write down where they are
_COMMAND_SECONDS = 120
_POLL_SECONDS = 0.05


class Caretaker:
    """The demo's end of the pipe. A context manager."""

    def __init__(self, top: Path, folder: Path, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "cli.caretaker", str(top), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # a terminal's Ctrl-C is for the demo
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()

    def runs(self, pid: int) -> None:
        """The demo runs this process now."""
        self._tell(f"run {pid} {started(pid) or 0.0!r}")

    def keep(self) -> None:
        """The folder is to stay."""
        self._tell("keep")

    def _tell(self, line: str) -> None:
        if self._process.stdin is not None:
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()


def take_care(top: Path, folder: Path) -> int:
    """Wait for the demo's end, and clean up. 1 if something could not be ended."""
    keep = False
    running: tuple[int, float] | None = None
    for line in sys.stdin:
        match line.split():
            case ["run", pid, since]:
                running = int(pid), float(since)
            case ["keep"]:
                keep = True
    if running is not None:
        _end(*running)
    ended = []
    if (top / CONFIG).is_file():
        ended.append(_mission(top, "tier", "down", "--remove-data"))
    if top.is_dir():
        ended.append(_mission(top, "server", "stop"))
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if all(ended) else 1


def _end(pid: int, since: float) -> None:
    """End a command as Ctrl-C would; kill it if it takes too long."""
    for number, seconds in ((signal.SIGINT, _POLITE_SECONDS), (signal.SIGKILL, 5.0)):
        deadline = time.monotonic() + seconds
        if is_alive(pid, since):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        while is_alive(pid, since) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)


def _mission(top: Path, *arguments: str) -> bool:
    """Run one `mission` command; what went wrong goes to standard error."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "cli", *arguments],
            cwd=top,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        sys.stderr.write(f"`mission {' '.join(arguments)}` does not end\n")
        return False
    if done.returncode != 0:
        sys.stderr.write(f"`mission {' '.join(arguments)}`: {done.stderr.strip()}\n")
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(take_care(Path(sys.argv[1]), Path(sys.argv[2])))
