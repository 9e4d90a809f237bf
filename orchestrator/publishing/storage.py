"""A run shows itself in the team's storage while it goes on, where a tier is configured."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from errors import MissionError
from mission.journal import Journal
from mission.place import Place
from tiers.config import TierConfig, load_tier_config
from tiers.settings.model import Tier
from workspace.side_thread import SideWork, cause

if TYPE_CHECKING:
    import psycopg

_INTERVAL = 1.0  # seconds between two looks for something new
_RETRY = 5.0  # seconds until a storage that was away is tried again; it may be booting in this run


class StorageCopy(SideWork):
    """Copies the mission into the storage beside the run, as `status.storage` says. A context
    manager: at its end the copy is complete, or people are told that it is not.

    The storage holds nothing up: what does not arrive there changes nothing about the mission.
    """

    def __init__(
        self, place: Place, *, when: Literal["live", "end", "never"], say: Callable[[str], None]
    ) -> None:
        """`when` is `status.storage`; `say` tells people a line."""
        super().__init__("storage")
        self._place = place
        self._when = when
        self._say = say
        self._position = -1  # the number of the last event that was copied
        self._trouble = ""  # the last one, until the next copy

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        if self._trouble:
            self._say(
                f"The storage lacks the last events: {self._trouble} (`mission tier sync` copies"
                " them)"
            )

    def _note_death(self, error: BaseException) -> None:
        self._trouble = cause(error)
        self._say(f"The storage is not kept up to date any more: {self._trouble}")

    def _wanted(self) -> bool:
        """A storage that several share is configured. That of one person is not even started."""
        if self._when == "never":
            return False
        try:
            return self._tier().tier is not Tier.LOCAL
        except MissionError as error:
            self._trouble = str(error)
            return False

    def _tier(self) -> TierConfig:
        return load_tier_config(folder=self._place.folder)

    def _work(self) -> None:
        if self._when == "end":
            self._over.wait()
        last = False
        while not last:
            last = self._over.is_set()
            try:
                self._copy_until_over()
                return
            except MissionError as error:
                if self._position >= 0 and not self._trouble:
                    self._say(f"The storage is not up to date: {error}")
                self._trouble = str(error)
            self._over.wait(_RETRY)

    def _copy_until_over(self) -> None:
        # Imported late: most missions have no tier, and need no driver.
        from tiers.storage.session import open_storage  # noqa: PLC0415

        config = self._tier()  # again: the run itself may boot the tier and make its passwords
        with (
            open_storage(config) as connection,
            Journal.open_to_read(self._place.journal_file) as journal,
        ):
            while not self._over.is_set():
                began = time.monotonic()
                self._copy(config, connection, journal)
                # A large mission is copied less often: a tenth of the time at most goes into it.
                self._over.wait(max(_INTERVAL, 9 * (time.monotonic() - began)))
            self._copy(config, connection, journal)

    def _copy(
        self, config: TierConfig, connection: psycopg.Connection[Any], journal: Journal
    ) -> None:
        from tiers.projection.sync import sync  # noqa: PLC0415 - as above

        if self._position >= 0 and not journal.events(after=self._position, limit=1):
            return
        self._position = sync(config, connection, self._place).projected.last_event
        self._trouble = ""
