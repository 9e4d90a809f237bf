"""What Codex's own record of a thread says of commands that its sandbox refused.

Of commands that end at once `codex exec --json` 0.169.0 often prints no event (6 of 10 tries). The
thread's rollout in Codex's home held what the model was told of it in all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from agents.stream import as_object, part, text
from agents.used import is_since

# How the system says what the sandbox does not allow.
SANDBOX = re.compile(r"read-only file system|operation not permitted", re.IGNORECASE)
_FAILED = re.compile(r"^Process exited with code [1-9]\d*$", re.MULTILINE)
_SESSION = re.compile(r"[0-9A-Za-z-]+")
_LONGEST = 10_000_000  # characters of a line that is read; longer ones are no command's


def refused_commands(home: Path, session: str, *, since: datetime) -> tuple[str, ...]:
    """The commands that the sandbox refused, each with its last line of output.

    Args:
        home: Codex's home, where its sessions are.
        session: The thread.
        since: When the attempt began; aware. A thread that is gone on with has older entries.
    """
    if not _SESSION.fullmatch(session):
        return ()
    asked: dict[str, str] = {}  # by the call's id
    refused: list[str] = []
    for entry in _entries(home, session):
        payload = part(entry, "payload")
        if not is_since(text(entry, "timestamp"), since):
            continue
        call = text(payload, "call_id")
        if payload.get("type") == "function_call":
            asked[call] = text(as_object(text(payload, "arguments")) or {}, "cmd")
        elif payload.get("type") == "function_call_output" and asked.get(call):
            facts, _, output = text(payload, "output").partition("\nOutput:\n")
            if _FAILED.search(facts) and SANDBOX.search(output):
                last = output.strip().rpartition("\n")[2]
                refused.append(f"`{asked[call]}` ({last})")
    return tuple(refused)


def _entries(home: Path, session: str) -> Iterator[dict[str, object]]:
    """The record's lines that may be about commands. It is Codex's: it may be missing or damaged,
    and then says nothing."""
    for path in sorted((home / "sessions").glob(f"**/rollout-*-{session}.jsonl")):
        try:
            with path.open(encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    if "function_call" in line and len(line) < _LONGEST:
                        yield as_object(line) or {}
        except OSError:  # not ours to read: the events alone count then
            continue
