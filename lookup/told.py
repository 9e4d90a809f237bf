"""What is told of a mission, before it is cut into answers; and who tells it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from errors import MissionError


class LookupFailedError(MissionError):
    """What was asked for cannot be told: the asker's fault, or there is no such thing."""

    exit_code = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One answer, whole."""

    what: str  # in our own words: it stands outside of the fence
    lines: tuple[str, ...]  # facts, and what others wrote; none has a line end
    version: str = ""  # differs once the mission stands otherwise; letters and digits


#: Waits for so many seconds, and tells whether to stop waiting: `Stop.wait` does.
Over = Callable[[float], bool]


class Mission(Protocol):
    """A mission that can be looked up. For many threads; every method blocks.

    All raise `MissionError` where the mission cannot be read now.
    """

    def status(self) -> Told:
        """How it stands: run, who is at work, what waits, what is done."""

    def task(self, task: str) -> Told:
        """Everything about one row.

        Raises:
            LookupFailedError: There is none of that name.
        """

    def search(self, words: str) -> Told:
        """The rows that fit."""

    def after(self, version: str | None, over: Over) -> str | None:
        """The version of its status, once it is another one than this; None where it is over
        before that. One that cannot be read is a version too: this raises nothing."""


@runtime_checkable
class Forecast(Protocol):
    """A mission of which enough is known to tell when it will be done."""

    def forecast(self) -> Told:
        """When it will be done, and what it will cost.

        Raises:
            MissionError: The mission cannot be read now.
        """


class FakeMission:
    """A mission that says what it is told to, for tests."""

    def __init__(self, *lines: str) -> None:
        self.lines = lines
        self.version = "1"
        self.asked: list[tuple[str, str]] = []

    def status(self) -> Told:
        """Its lines."""
        return self._told("status", "")

    def task(self, task: str) -> Told:
        """Its lines."""
        return self._told("task", task)

    def search(self, words: str) -> Told:
        """Its lines."""
        return self._told("search", words)

    def forecast(self) -> Told:
        """Its lines."""
        return self._told("forecast", "")

    def after(self, version: str | None, over: Over) -> str | None:
        """As the protocol says."""
        while self.version == version:
            if over(0.01):
                return None
        return self.version

    def _told(self, what: str, word: str) -> Told:
        self.asked.append((what, word))
        return Told(what=what, lines=self.lines, version=self.version)
