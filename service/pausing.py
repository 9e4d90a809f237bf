"""Holding a mission, and letting it go on: here, or in the clone that carries it out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from errors import ConfigError, GitError
from gates.pause import PauseFiles
from mission.answers import Answer
from mission.elsewhere import Claimed
from mission.place import Place
from tasks_md.holder import holder
from workspace.process import Stop


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A pause that is in force."""

    since: datetime
    by: str
    reason: str
    detail: str  # one line for people


def pause(
    place: Place,
    *,
    by: str,
    reason: str,
    stop: Stop,
    on_left: Callable[[Claimed], None],
    on_away: Callable[[str], None],
) -> Held:
    """Let nothing be started, pushed or merged. A pause that is in force stays as it is. Where
    another clone carries the mission out, its run is paused.

    Args:
        on_left: Told whom it was left for, where that is the run of another clone.
        on_away: Told why nobody could be asked there: then the mission is paused here.

    Raises:
        MissionError: As `ask_there` raises it.
    """
    answer = _there(place, "pause", reason or None, stop, on_left, on_away)
    if answer is not None:
        told = f": {reason}" if reason else ""
        detail = f"paused in another clone{told}; `mission unpause` goes on"
        return Held(since=answer.at, by=answer.by, reason=reason, detail=detail)
    found = _pause_files(place).write(by=by, reason=reason)
    return Held(since=found.since, by=found.by, reason=found.reason, detail=found.detail)


def unpause(
    place: Place,
    *,
    stop: Stop,
    on_left: Callable[[Claimed], None],
    on_away: Callable[[str], None],
) -> tuple[str, ...]:
    """Go on, here and where another clone carries the mission out; what was removed for that.
    None: nothing was paused.

    Raises:
        MissionError: As `ask_there` raises it. What was paused here goes on.
    """
    removed = _pause_files(place).remove()
    if place.state_dir.is_dir():
        place.wake_file.touch()  # a run that waits looks at once
    told = tuple(map(str, removed))
    answer = _there(place, "unpause", None, stop, on_left, on_away)
    return told if answer is None else (*told, "the pause in another clone")


def _there(
    place: Place,
    kind: Literal["pause", "unpause"],
    note: str | None,
    stop: Stop,
    on_left: Callable[[Claimed], None],
    on_away: Callable[[str], None],
) -> Answer | None:
    """The answer of the run in another clone; None where there is none."""
    if holder(place.state_dir) is not None:
        return None
    from mission.letter import PAUSE, UNPAUSE  # noqa: PLC0415 - brings pydantic
    from orchestrator.letters.there import Asking  # noqa: PLC0415 - takes half a second
    from service.posting import NobodyThereError, ask_there  # noqa: PLC0415 - the same

    asking = Asking(kind=PAUSE if kind == "pause" else UNPAUSE, note=note)
    try:
        return ask_there(place, asking, stop=stop, on_left=on_left)
    except NobodyThereError:
        return None
    except (GitError, ConfigError) as error:
        on_away(error.message)
        return None


def _pause_files(place: Place) -> PauseFiles:
    """Where a pause of the mission would be written."""
    return PauseFiles.of(state_dir=place.state_dir, folder=place.folder)
