"""What is done on somebody's behalf, told in lines: a display for callers without a screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from orchestrator.ports.display import Display, Progress
from service.ask import Show


class _Telling:
    """Hands on what is said, and lets all else go by."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell

    def say(self, text: str) -> None:
        self._tell(text)

    def doing(self, task: str, phase: str, detail: str = "") -> None:
        """Nobody looks at it."""

    def progress(self, progress: Progress) -> None:
        """Nobody looks at it."""


def telling(tell: Callable[[str], None]) -> Show:
    """For `service.ask.ask`: `tell` is given each line, from several threads."""

    @contextmanager
    def shown() -> Iterator[Display]:
        yield _Telling(tell)

    return shown
