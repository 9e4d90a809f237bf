"""Tells open pages that something has changed: one stream, which carries nothing but revisions."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from typing import Final

from dashboard.missions import Among, Gallery, Shown
from errors import MissionError

_LOOK_EVERY: Final = 0.5  # seconds
_BEAT: Final = 15.0  # seconds between two signs of life
_LASTS: Final = 50.0  # seconds; then it ends, and the browser asks anew: no answer may take longer
_AGAIN: Final = 500  # milliseconds until it does


class Revisions:
    """What each mission's pages are made of, as a word that differs when that differs."""

    def __init__(self, gallery: Gallery, extra: Callable[[Shown], int] = lambda _: 0) -> None:
        """`extra`: a number that grows when something else on a mission's pages has changed."""
        self._gallery = gallery
        self._extra = extra
        self._process = secrets.token_hex(3)  # revisions begin anew with each
        self._looking: dict[Among, asyncio.Task[dict[str, str]]] = {}
        self.is_over: Callable[[], bool] = bool  # whether streams are to end

    def of(self, shown: Shown) -> str:
        """The word for now. A mission that cannot be read has one too."""
        try:
            found = shown.word()
        except MissionError as error:
            found = f"x{hash(error.message) & 0xFFFFFF:x}"
        return f"{self._process}.{found}.{self._extra(shown)}"

    def now(self, among: Among = None) -> dict[str, str]:
        """Of all missions that somebody may see.

        Raises:
            MissionError: Which there are cannot be told now.
        """
        shown = self._gallery.missions(among)
        return {key: self.of(one) for key, one in shown.items()}

    async def stream(self, among: Among = None) -> AsyncIterator[str]:
        """Events as `text/event-stream` has them: all words first, then those that differ.

        Args:
            among: The missions that they are about.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + _LASTS
        beat = loop.time() + _BEAT
        told: dict[str, str] = {}
        yield f"retry: {_AGAIN}\n\n"
        while loop.time() < end and not self.is_over():
            try:
                now = await self._shared_look(among)
            except MissionError:  # which the pages say, once they are asked for
                now = dict.fromkeys(told, f"{self._process}.away")
            differ = [f"data: {key} {word}\n" for key, word in now.items() if told.get(key) != word]
            if differ:  # in one, so that nobody asks for a page of all missions by a part of them
                yield f"event: revision\n{''.join(differ)}\n"
            told = now
            if loop.time() >= beat:
                beat = loop.time() + _BEAT
                yield ": here\n\n"
            await asyncio.sleep(_LOOK_EVERY)

    def _over(self, among: Among, look: asyncio.Task[dict[str, str]]) -> None:
        del self._looking[among]
        if not look.cancelled():
            look.exception()  # whoever waits for it is told; nobody may wait any more

    async def _shared_look(self, among: Among) -> dict[str, str]:
        """One look for all who ask for the same meanwhile."""
        looking = self._looking.get(among)
        if looking is None:
            looking = asyncio.create_task(asyncio.to_thread(self.now, among))
            self._looking[among] = looking
            looking.add_done_callback(lambda over: self._over(among, over))
        return await asyncio.shield(looking)
