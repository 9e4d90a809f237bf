"""Finds processes that a test left running, in `/proc`."""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path

#: The variable that marks every process of a test, tools in sessions of their own included.
MARK = "MISSION_TEST_MARK"


#: A command that an agent waits for. Newer versions of Claude Code refuse one that only sleeps.
WAITS = "timeout 3018 sleep 3017"


def new_mark() -> str:
    """A value that no other process has."""
    return uuid.uuid4().hex


def marked(mark: str) -> dict[int, str]:
    """The processes with this mark in their environment or their command line, by pid."""
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            command = (folder / "cmdline").read_bytes()
            if mark.encode() in command or mark.encode() in (folder / "environ").read_bytes():
                found[int(folder.name)] = command.replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it ended meanwhile, or it is not ours
    return {pid: command for pid, command in found.items() if command}


def signal_tool(mark: str, number: int, *, busy_with: str) -> None:
    """Signal the agent tools with this mark, once the command `busy_with` of theirs runs."""
    deadline = time.monotonic() + 300
    while not any(busy_with in command for command in marked(mark).values()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{busy_with!r} never ran; there is: {marked(mark)}")
        time.sleep(0.02)
    for pid, command in marked(mark).items():
        if Path(command.split()[0]).name in {"claude", "claude.exe", "codex"}:
            os.kill(pid, number)
