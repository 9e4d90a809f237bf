"""The record as values. Times are ISO 8601 in UTC with microseconds, as the journal has them.

What is the same in two clones is told by when it began there, never by a number of a database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mission.usage import Usage

RunKey = tuple[str, str]  # host, started
AttemptKey = tuple[str, str]  # task, started


@dataclass(frozen=True, kw_only=True, slots=True)
class CarriedRun:
    """One `mission run`, on whatever machine."""

    host: str
    started: str
    mission: str  # the mission's name when it started
    ended: str | None  # None: under way, or killed
    outcome: str | None

    @property
    def key(self) -> RunKey:
        """What it is known by in every clone."""
        return self.host, self.started


@dataclass(frozen=True, kw_only=True, slots=True)
class CarriedAttempt:
    """One attempt, without its folder, log and process. The fields are the journal's columns."""

    run: RunKey
    task: str
    started: str
    number: int
    agent: str
    branch: str | None
    base_commit: str | None
    step: str
    said: str | None
    end: str | None
    approved: bool
    taken_up: bool
    head: str | None
    squash: str | None
    merge_base: str | None
    ended: str | None
    reason: str
    summary: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cost_usd: float | None
    session: str | None  # helps only where the tool that wrote it is
    exit_code: int | None
    route: str
    stands_in: str | None

    @property
    def key(self) -> AttemptKey:
        """What it is known by in every clone."""
        return self.task, self.started

    @property
    def usage(self) -> Usage:
        """What it used so far, its reviews included."""
        return Usage(
            input_tokens=self.input_tokens,
            cached_tokens=self.cached_tokens,
            output_tokens=self.output_tokens,
            cost_usd=self.cost_usd,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class CarriedEvent:
    """Something that happened."""

    at: str
    kind: str  # the journal's word for it
    run: RunKey | None
    task: str | None
    attempt: str | None  # when the attempt at `task` started
    data: Mapping[str, object]  # JSON values; a request is named by when it was submitted


@dataclass(frozen=True, kw_only=True, slots=True)
class CarriedRequest:
    """What a person asked for."""

    kind: str
    task: str
    status: str | None
    note: str | None
    by: str
    submitted: str
    finished: str | None  # None: nobody has applied it yet
    error: str | None

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What it is known by in every clone."""
        return self.kind, self.task, self.by, self.submitted


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What a clone knows of a mission. Each in the order in which it happened."""

    clone: str  # who wrote it; empty: nobody yet
    runs: tuple[CarriedRun, ...] = ()
    attempts: tuple[CarriedAttempt, ...] = ()
    events: tuple[CarriedEvent, ...] = ()
    requests: tuple[CarriedRequest, ...] = ()
