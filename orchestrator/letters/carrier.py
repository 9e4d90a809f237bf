"""Looks for letters while a run lives, and brings their answers to the remote."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Protocol, Self

from errors import GitError, MissionError, told
from orchestrator.letters.letters import Letters
from workspace.side_thread import SideThread, cause

# Somebody is at it: whoever asked once may ask again soon.
_BUSY_FOR, _BUSY_LOOK = 120.0, 2.0  # seconds
_SETTLES = 0.25  # seconds between two looks at the journal, while some wait for their answers
_FAREWELL = 30.0  # seconds for the last answers to get to the remote
ENDED = "the run ended before it was applied: ask again"


class Mail(Protocol):
    """Requests from other clones, while the `with` lasts."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class NoMail:
    """There is no remote, or no claim on it: nobody asks from another clone."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is left to answer."""


class Carrier:
    """A thread that looks for letters. What lies there as it begins is taken in before anything
    else; what was not applied as it ends is refused, so that nobody waits for it.
    """

    def __init__(
        self,
        letters: Letters,
        *,
        look: timedelta,
        publish: Callable[[], None],
        is_behind: Callable[[], bool],
        wake: Callable[[], None],
        say: Callable[[str], None],
    ) -> None:
        """
        Args:
            look: How often.
            publish: Has the answers go to the remote now. It may raise a MissionError.
            is_behind: Whether something is to be published that people wait for.
            wake: Tells the run that there are requests in the journal, or a pause. It must not
                block.
            say: Tells people one line.
        """
        self._letters = letters
        self._look = look.total_seconds()
        self._publish = publish
        self._is_behind = is_behind
        self._wake = wake
        self._say = say
        self._over = threading.Event()
        self._busy_until = 0.0  # by `time.monotonic`
        self._failed = False  # the last step
        self._thread = SideThread(
            "letters",
            self._run,
            on_death=lambda error: say(
                f"requests from other clones are not looked for any more: {cause(error)}"
            ),
            daemon=True,
        )

    def __enter__(self) -> Self:
        self._round()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        if not self._thread.join(_FAREWELL):
            self._say("the last answers to other clones may not have reached the remote")

    def _run(self) -> None:
        next_look = time.monotonic() + self._pause()
        while not self._over.wait(self._nap(next_look)):
            if time.monotonic() >= next_look:
                self._try(self._round)
                next_look = time.monotonic() + self._pause()
            else:
                self._try(self._settle)
        self._try(self._end)

    def _try(self, step: Callable[[], None]) -> None:
        """What cannot be done now is tried again with the next step: a person's editor may be at
        the task file, or the disk be full."""
        try:
            step()
        except (MissionError, OSError) as error:
            if not self._failed:
                self._say(f"requests from other clones have to wait: {told(error)}")
            self._failed = True
            return
        if self._failed:
            self._failed = False
            self._say("requests from other clones are looked for again")

    def _settle(self) -> None:
        """Answer what was applied, and have whoever asked see it."""
        if self._letters.settle():
            self._bring()

    def _end(self) -> None:
        """Refuse what was not applied."""
        self._letters.give_up(ENDED)
        self._letters.settle()
        if self._letters.to_take_away:
            self._bring()

    def _pause(self) -> float:
        busy = time.monotonic() < self._busy_until
        return min(self._look, _BUSY_LOOK) if busy else self._look

    def _nap(self, next_look: float) -> float:
        left = max(0.0, next_look - time.monotonic())
        return min(left, _SETTLES) if self._letters.waiting else left

    def _round(self) -> None:
        """Look, and answer. A remote that is away is looked at again in the next round."""
        try:
            new = self._letters.look()
        except GitError:
            return  # the claim's signs tell of it
        if new:
            self._busy_until = time.monotonic() + _BUSY_FOR
            self._wake()
        self._letters.settle()
        if self._letters.to_take_away or self._owes():
            self._bring()

    def _owes(self) -> bool:
        """Whether other clones are to see more than they do."""
        try:
            return self._is_behind()
        except MissionError:
            return False  # the loop tells of a file that cannot be read

    def _bring(self) -> None:
        """Bring the answers to the remote, and then take the letters away from there."""
        try:
            self._publish()
            self._letters.take_away()
        except MissionError:
            return  # they lie there still: the next round does it, or the next run
