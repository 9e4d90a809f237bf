"""A thread beside the work, which cannot die unseen."""

from __future__ import annotations

import threading
from collections.abc import Callable

from errors import MissionError, told


class SideThread:
    """Does something beside the work of its owner, who is told if it dies of it.

    To die is to end by an exception, or not to begin since the machine gives no further thread. Who
    owns one says what follows from that: it goes on without, or it stops. It never waits for what
    the dead would have done.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], None],
        *,
        on_death: Callable[[BaseException], None],
        daemon: bool = False,
    ) -> None:
        """
        Args:
            name: What debuggers and the page of threads call it.
            work: Ends by itself, soon after its owner wants it to.
            on_death: Told once what it died of, on the thread itself; on the owner's if it did not
                begin. It must not raise.
            daemon: Whether the process may end while it works.
        """
        self.died: BaseException | None = None  # of what, if it did
        self._work = work
        self._on_death = on_death
        self._thread = threading.Thread(target=self._run, name=name, daemon=daemon)

    def start(self) -> None:
        """Begin. That there is no thread to be had is a death as any other."""
        try:
            self._thread.start()
        except RuntimeError as error:
            self._die(error)

    def join(self, timeout: float | None = None) -> bool:
        """Wait until it has ended, at most `timeout` seconds. True if it has, or never began."""
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the owner has to know
            self._die(error)

    def _die(self, error: BaseException) -> None:
        self.died = error
        self._on_death(error)


def cause(error: BaseException) -> str:
    """What something died of, in one line for people."""
    if isinstance(error, MissionError | OSError):
        return " ".join(told(error).message.split())
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
