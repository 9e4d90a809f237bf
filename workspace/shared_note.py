"""What was found out about a mission's remote, beside its journal. Read without loading git's part:
`mission check` has no time for it."""

from __future__ import annotations

from pathlib import Path

_NOTE = "shared-refs"  # there where the remote refuses hidden refs


def shared_note(state_dir: Path) -> Path:
    """Where it is noted that a remote refuses hidden refs."""
    return state_dir / _NOTE


def serves_branches(state_dir: Path) -> bool:
    """Whether the remote of the mission with this folder takes branches only, as far as is known
    here. Asks nobody."""
    return shared_note(state_dir).exists()
