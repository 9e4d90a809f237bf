"""Tells open pages that something has changed: one stream, which carries nothing but revisions."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from typing import Final

from dashboard.missions import Missions, Shown
from errors import MissionError

_LOOK_EVERY: Final = 0.5  # seconds
_BEAT: Final = 15.0  # seconds between two signs of life
_LASTS: Final = 50.0  # seconds; then it ends, and the browser asks anew: no answer may take longer
_AGAIN: Final = 500  # milliseconds until it does


class Revisions:
    """What each mission's pages are made of, as a word that differs when that differs."""

    def __init__(self, missions: Missions, extra: Callable[[], int] = int) -> None:
        """`extra`: a number that grows when something else on the pages has changed."""
        self._missions = missions
        self._extra = extra
        self._process = secrets.token_hex(3)  # revisions begin anew with each
        self._looking: asyncio.Task[dict[str, str]] | None = None
        self.is_over: Callable[[], bool] = bool  # whether streams are to end

    def of(self, shown: Shown) -> str:
        """The word for now. A mission that cannot be read has one too."""
        try:
            found = str(shown.standings.current().revision)
        except MissionError as error:
            found = f"x{hash(error.message) & 0xFFFFFF:x}"
        return f"{self._process}.{found}.{self._extra()}"

    def now(self) -> dict[str, str]:
        """Of all missions."""
        return {key: self.of(shown) for key, shown in self._missions.items()}

    async def stream(self) -> AsyncIterator[str]:
        """Events as `text/event-stream` has them: all words first, then each that differs."""
        loop = asyncio.get_running_loop()
        end = loop.time() + _LASTS
        beat = loop.time() + _BEAT
        told: dict[str, str] = {}
        yield f"retry: {_AGAIN}\n\n"
        while loop.time() < end and not self.is_over():
            now = await self._shared_look()
            for key, word in now.items():
                if told.get(key) != word:
                    yield f"event: revision\ndata: {key} {word}\n\n"
            told = now
            if loop.time() >= beat:
                beat = loop.time() + _BEAT
                yield ": here\n\n"
            await asyncio.sleep(_LOOK_EVERY)

    async def _shared_look(self) -> dict[str, str]:
        """One look for all who ask meanwhile."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(asyncio.to_thread(self.now))
        return await asyncio.shield(self._looking)
