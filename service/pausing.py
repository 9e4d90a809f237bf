"""Holding a mission, and letting it go on."""

from __future__ import annotations

from gates.pause import Paused, PauseFiles
from mission.place import Place


def pause(place: Place, *, by: str, reason: str) -> Paused:
    """Let nothing be started, pushed or merged. A pause that is in force stays as it is."""
    return pause_files(place).write(by=by, reason=reason)


def unpause(place: Place) -> tuple[str, ...]:
    """Go on; the files that said otherwise and were removed. None: nothing was paused."""
    removed = pause_files(place).remove()
    if place.state_dir.is_dir():
        place.wake_file.touch()  # a run that waits looks at once
    return tuple(map(str, removed))


def pause_files(place: Place) -> PauseFiles:
    """Where a pause of the mission would be written."""
    return PauseFiles.of(state_dir=place.state_dir, folder=place.folder)
