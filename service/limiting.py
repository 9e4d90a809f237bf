"""How many rows a run carries out at once, changed while it does: here, or in another clone."""

from __future__ import annotations

from collections.abc import Callable

from errors import UsageError
from mission.elsewhere import Claimed
from mission.place import Place
from mission.slots import SlotsFile
from tasks_md.holder import holder
from workspace.process import Stop


def limit(place: Place, slots: int, *, stop: Stop, on_left: Callable[[Claimed], None]) -> bool:
    """Let the run that is under way start rows while fewer than `slots` are live, until it ends.
    What is live goes on. Whether that run is in another clone.

    Args:
        on_left: Told whom it was left for, where that is the run of another clone.

    Raises:
        UsageError: No run is under way.
        MissionError: As `ask_there` raises it.
    """
    if holder(place.state_dir) is not None:
        SlotsFile.of(place.state_dir).write(slots)
        place.wake_file.touch()
        return False
    from mission.letter import LIMIT  # noqa: PLC0415 - brings pydantic
    from orchestrator.letters.there import Asking  # noqa: PLC0415 - takes half a second
    from service.posting import NobodyThereError, ask_there  # noqa: PLC0415 - the same

    try:
        ask_there(place, Asking(kind=LIMIT, note=str(slots)), stop=stop, on_left=on_left)
    except NobodyThereError:
        raise UsageError(
            "no run is under way, and a limit is for one that is",
            hint=f"`mission run --max-parallel {slots}` starts one; for every run, set "
            "`max_parallel` in mission.yaml",
        ) from None
    return True
