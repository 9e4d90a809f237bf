"""Signs of life, given while nothing else is pushed."""

from __future__ import annotations

import threading
from collections.abc import Callable

from errors import ClaimLostError, MissionError, told
from policy.claim import try_again
from workspace.side_thread import SideThread, cause


class Renewal:
    """A thread that gives a sign whenever one is due."""

    def __init__(
        self,
        sign: Callable[[], float],
        *,
        every: float,
        say: Callable[[str], None],
        give_up: Callable[[str], None],
    ) -> None:
        """
        Args:
            sign: Gives one if one is due; in how many seconds the next one is.
            every: How often one is to come, in seconds.
            say: Tells people a line.
            give_up: Stops the run.
        """
        self._sign = sign
        self._every = every
        self._say = say
        self._give_up = give_up
        self._over = threading.Event()
        self._woken = threading.Event()
        self._failed = False  # the last one
        self._thread = SideThread("claim", self._run, on_death=self._die)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self) -> None:
        """End, and wait for a sign that is under way."""
        self._over.set()
        self._woken.set()
        self._thread.join()

    def hurry(self) -> None:
        """Look now whether one is due: more time may have gone by than this thread has waited."""
        self._woken.set()

    def _die(self, error: BaseException) -> None:
        self._give_up(f"the claim on the mission is not renewed any more: {cause(error)}")

    def _run(self) -> None:
        while not self._over.is_set():
            self._woken.clear()
            left = self._try()
            if not self._over.is_set():  # else it may have been woken before it was cleared
                self._woken.wait(left)

    def _try(self) -> float | None:
        """In how many seconds to try again; None: never."""
        try:
            left = self._sign()
        except ClaimLostError:
            return None  # the run is told already
        except (MissionError, OSError) as error:
            if not self._failed:
                self._say(f"the claim on the mission could not be renewed: {told(error)}")
            self._failed = True
            return try_again(self._every)
        if self._failed:
            self._failed = False
            self._say("the claim on the mission is renewed again")
        return left
