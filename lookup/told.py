"""What is told of a mission, before it is cut into answers; and who tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from errors import MissionError


class LookupFailedError(MissionError):
    """What was asked for cannot be told: the asker's fault, or there is no such thing."""

    exit_code = 2

    def __init__(self, message: str, *, quoted: str = "") -> None:
        """In words of ours alone; what others wrote is `quoted`, and told in a fence."""
        super().__init__(message)
        self.quoted = quoted


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One answer, whole."""

    what: str  # in our own words: it stands outside of the fence
    lines: tuple[str, ...]  # facts, and what others wrote; none has a line end
    version: str = ""  # differs once the mission stands otherwise; letters and digits


class Mission(Protocol):
    """A mission that can be looked up. For many threads; every method blocks.

    All but `version` raise `MissionError` where the mission cannot be read now.
    """

    look_every: float  # seconds between two looks of who waits until it stands otherwise

    def status(self) -> Told:
        """How it stands: run, who is at work, what waits, what is done."""

    def task(self, task: str) -> Told:
        """Everything about one row.

        Raises:
            LookupFailedError: There is none of that name.
        """

    def search(self, words: str) -> Told:
        """The rows that fit."""

    def version(self) -> str:
        """What differs once its status does. That it cannot be read is a version too: this raises
        nothing."""


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

    look_every = 0.01

    def __init__(self, *lines: str) -> None:
        self.lines = lines
        self.revision = "1"
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

    def version(self) -> str:
        """As it was set."""
        return self.revision

    def _told(self, what: str, word: str) -> Told:
        self.asked.append((what, word))
        return Told(what=what, lines=self.lines, version=self.revision)
