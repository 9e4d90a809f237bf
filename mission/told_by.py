"""The settings that a run began with, kept for who tells people of it.

It may begin later than the run, and again: what is checked out by then may be an agent's branch.
"""

from __future__ import annotations

from pathlib import Path

from mission.place import Place
from mission.private import put_private


def settings_file(place: Place) -> Path:
    """The copy of `mission.yaml`."""
    return place.state_dir / "notify.yaml"


def keep_settings(place: Place, raw: bytes) -> None:
    """Keep them, in place of those of an earlier run.

    Raises:
        OSError: They cannot be written.
    """
    put_private(settings_file(place), raw.decode("utf-8-sig"), replace=True)
