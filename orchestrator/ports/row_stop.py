"""The stop of one row: with the run's, or by a person for this row alone."""

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
        self._too_late = False

    @property
    def by_person(self) -> bool:
        """Whether a person stopped this row alone."""
        return bool(self._by)

    def stop_row(self, by: str) -> bool:
        """End this row alone; False if it is too late for that. `by` is who asks."""
        with self._lock:
            if self._too_late:
                return False
            self._by = self._by or by
        self.request(f"stopped by {by}")
        return True

    def heed_person(self) -> None:
        """Go on only where nobody stopped this row alone.

        Raises:
            StoppedError: Somebody did.
        """
        if self._by:
            raise StoppedError(f"stopped by {self._by}")

    def pass_by(self) -> None:
        """From here on the row cannot be stopped alone: the base may move to it.

        Raises:
            StoppedError: It was, before that.
        """
        with self._lock:
            self.heed_person()
            self._too_late = True
