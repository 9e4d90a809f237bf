"""Runs a `mission` command whose locks note in what order they are taken.

    python -m tests.lock_watch FILE COMMAND...

FILE gets a line for each lock that was taken, and one for each that was taken while another was
held: the names of their modules, the one that was held first. Locks that others make, Python's
among them, are not watched.
"""

from __future__ import annotations

import atexit
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from mission_command import PACKAGES

_held = threading.local()
_seen: set[tuple[str, ...]] = set()  # adding to a set is one step: it needs no lock


class Watched:
    """A lock that notes what its thread holds when it is taken."""

    def __init__(self, name: str, make: Callable[[], object]) -> None:
        self.name = name
        self._real: threading.Lock = make()  # type: ignore[assignment]  # or one that is reentrant

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        taken = self._real.acquire(blocking, timeout)
        if (
            taken and blocking
        ):  # who only tries waits for nobody, and ours are either tried or taken
            mine = self._mine()
            _seen.add((self.name,))
            if self not in mine:  # a lock that one has is not waited for
                _seen.update((other.name, self.name) for other in mine)
            mine.append(self)
        return taken

    def release(self) -> None:
        if self in self._mine():
            self._mine().remove(self)
        self._real.release()

    def locked(self) -> bool:
        return self._real.locked()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def _mine(self) -> list[Watched]:
        found: list[Watched] = _held.__dict__.setdefault("locks", [])
        return found


def watch_locks() -> None:
    """Let every lock that a module of ours makes from now on be a watched one."""
    plain, reentrant, condition = threading.Lock, threading.RLock, threading.Condition

    def maker(make: Callable[[], object]) -> Callable[[], object]:
        def made() -> object:
            name = sys._getframe(1).f_globals.get("__name__", "")
            ours = name.partition(".")[0] in PACKAGES
            return Watched(name, make) if ours else make()

        return made

    def make_condition(lock: threading.Lock | None = None) -> threading.Condition:
        name = sys._getframe(1).f_globals.get("__name__", "")
        if lock is None and name.partition(".")[0] in PACKAGES:
            return condition(Watched(name, plain))  # type: ignore[arg-type]  # as good as a lock
        return condition(lock)

    threading.Lock = maker(plain)  # type: ignore[assignment]
    threading.RLock = maker(reentrant)  # type: ignore[assignment]
    threading.Condition = make_condition  # type: ignore[misc, assignment]


def main(file: Path, command: list[str]) -> None:
    """Run the command; what was seen is written when the process ends."""
    watch_locks()
    text = "\n".join
    atexit.register(lambda: file.write_text(text(sorted(" ".join(one) for one in _seen))))
    sys.argv = ["mission", *command]
    from cli.main import main as run  # noqa: PLC0415 - its locks are made only now

    run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
