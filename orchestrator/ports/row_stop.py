"""The stop of one row: with the run's, by a person for this row alone, or for a while."""

from __future__ import annotations

from errors import StoppedError
from workspace.process import Stop


class RowStop(Stop):
    """What everything heeds that is done for one row, until the row is about to merge.

    The run's stop is passed on to it. A person may stop the row alone, until that is too late.
    """

    def __init__(self) -> None:
        super().__init__()
        self._by = ""
        self._held_back = False
        self._too_late = False

    @property
    def alone(self) -> bool:
        """Whether this row was stopped, and not the run."""
        return bool(self._by) or self._held_back

    def stop_row(self, by: str) -> bool:
        """End this row alone; False if it is too late for that. `by` is who asks."""
        with self._lock:
            if self._too_late:
                return False
            self._by = self._by or by
        self.request(f"stopped by {by}")
        return True

    @property
    def held_back(self) -> bool:
        """Whether it ends this row for a while, and the run goes on with it later."""
        return self._held_back

    def hold_back(self, why: str) -> None:
        """End this row for a while, unless it ends already or is about to merge."""
        with self._lock:
            if self._too_late or self.requested:
                return
            self._held_back = True
            self.give_up(why)

    def heed_own(self) -> None:
        """Go on only where nobody stopped this row alone.

        Raises:
            StoppedError: Somebody did, or it was held back.
        """
        if self._by:
            raise StoppedError(f"stopped by {self._by}")
        if self._held_back:
            raise StoppedError(self.reason)

    def pass_by(self) -> None:
        """From here on the row cannot be stopped alone: the base may move to it.

        Raises:
            StoppedError: It was, before that.
        """
        with self._lock:
            self.heed_own()
            self._too_late = True
