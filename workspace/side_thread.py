"""A thread beside the work, which cannot die unseen."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from errors import MachineError, MissionError, told


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
            self._die(MachineError.no_thread(f"“{self._thread.name}”", error))

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


class SideWork(ABC):
    """What goes on beside its owner while a `with` lasts, on a side thread of its own."""

    def __init__(self, name: str, *, daemon: bool = False) -> None:
        """As of `SideThread`."""
        self._over = threading.Event()  # the `with` ends: so does the work, soon
        self._thread = SideThread(name, self._work, on_death=self._note_death, daemon=daemon)

    def __enter__(self) -> Self:
        if self._wanted():
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()
        self._thread.join()

    def _wanted(self) -> bool:
        """Whether there is anything to be done at all."""
        return True

    def _end(self) -> None:
        """Have the work end soon, from whatever it sleeps on."""
        self._over.set()

    @abstractmethod
    def _work(self) -> None:
        """On the thread, until it is over."""

    @abstractmethod
    def _note_death(self, error: BaseException) -> None:
        """Told once what the thread died of. It must not raise."""


@contextmanager
def one_thread(name: str) -> Iterator[ThreadPoolExecutor]:
    """An executor of one thread, which is there before anything is handed to it.

    An executor keeps what it was handed though it got no thread, and nobody would fill its future.
    With its thread there, it needs no other: to hand something over cannot fail any more.

    Raises:
        MachineError: The machine gives no further thread. Nothing was begun.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix=name) as pool:
        try:
            pool.submit(_begin)
        except RuntimeError as error:
            raise MachineError.no_thread(f"“{name}”", error) from error
        yield pool


def _begin() -> None:
    """Nothing: the thread is there."""


def cause(error: BaseException) -> str:
    """What something died of, in one line for people."""
    if isinstance(error, MissionError | OSError):
        return " ".join(told(error).message.split())
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
