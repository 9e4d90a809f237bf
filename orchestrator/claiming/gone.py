"""Whether whoever made a claim is known to be dead."""

from __future__ import annotations

from mission.claim import ClaimNote
from workspace.alive import is_alive, numbers


def is_gone(note: ClaimNote) -> bool:
    """Whether its process was on this machine, and lives no more: nobody waits for a sign of it.
    False where that cannot be told."""
    here = bool(note.numbers) and note.numbers == numbers()
    return here and not is_alive(note.pid, note.pid_started)
