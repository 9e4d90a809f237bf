"""The boundary to whoever watches a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from mission.state import Status


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """Where the mission stands now."""

    counts: Mapping[Status, int]  # rows by status, of the whole file
    ready: int  # rows that could start now, had we more slots
    live: int  # rows under way


class Display(Protocol):
    """Shows a run. Called from several threads; must not block."""

    def say(self, text: str) -> None:
        """A fact that stays on the screen, one line."""

    def doing(self, task: str, phase: str, detail: str = "") -> None:
        """What a live task does now; an empty phase when it is not live any more. The detail may
        change many times a second."""

    def progress(self, progress: Progress) -> None:
        """The counts changed."""


@dataclass(kw_only=True, slots=True)
class RecordingDisplay:
    """The shipped fake: keeps what was said."""

    said: list[str] = field(default_factory=list)
    done: list[tuple[str, str]] = field(default_factory=list)
    last: Progress | None = None

    def say(self, text: str) -> None:
        self.said.append(text)

    def doing(self, task: str, phase: str, detail: str = "") -> None:
        self.done.append((task, phase))

    def progress(self, progress: Progress) -> None:
        self.last = progress
