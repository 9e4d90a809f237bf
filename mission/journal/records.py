"""What the journal holds, as values. All times are aware and in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from mission.journal.kinds import Happening
from mission.usage import Usage

W_co = TypeVar("W_co", bound=Happening, covariant=True)


class Stage(StrEnum):
    """How far an attempt has come. Recovery goes on from here."""

    STARTED = "started"  # the agent may be at work
    ANSWERED = "answered"  # the agent ended; what it left may not be committed yet
    WORKED = "worked"  # ... it is; `head` is known
    VERIFIED = "verified"
    PUSHED = "pushed"  # the branch is on the remote
    MERGING = "merging"  # `squash` exists, made on `merge_base`; the base may have moved to it
    MERGED = "merged"  # the base holds it
    CONFIRMED = "confirmed"  # ... and the remote was read to say so
    ENDED = "ended"


class RequestKind(StrEnum):
    """What a person may ask the single writer for."""

    SET = "set"
    APPROVE = "approve"
    REJECT = "reject"
    RETRY = "retry"
    UNBLOCK = "unblock"


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One `mission run`."""

    id: int
    mission: str  # the mission's name when it started
    host: str
    pid: int
    pid_started: float  # seconds since the epoch; tells a process from a later namesake
    engine_run: str | None  # the engine's own name of the run
    started: datetime
    ended: datetime | None  # None: under way, or killed
    outcome: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One try at one task."""

    id: int
    run: int
    task: str
    number: int  # from 1 within the task
    agent: str
    branch: str | None
    base_commit: str | None  # the tip of the base that the worktree was made from
    worktree: str | None
    log: str | None
    stage: Stage
    head: str | None  # the branch's commit once the agent has ended
    squash: str | None  # the commit that is to become the base's tip
    merge_base: str | None  # the base's tip that `squash` was made on
    started: datetime
    ended: datetime | None
    outcome: str | None
    reason: str  # why it ended as it did, one line; may be empty
    summary: str  # what the agent says it did
    input_tokens: int
    output_tokens: int
    cached_tokens: int  # part of the input
    cost_usd: float | None  # None: no price is known
    session: str | None  # with which the agent can be resumed
    exit_code: int | None
    route: str  # why this agent
    pid: int | None  # the agent's process
    pid_started: float | None

    @property
    def usage(self) -> Usage:
        """What it used so far, its reviews included."""
        return Usage(
            input_tokens=self.input_tokens,
            cached_tokens=self.cached_tokens,
            output_tokens=self.output_tokens,
            cost_usd=self.cost_usd,
        )

    @property
    def tokens(self) -> int:
        """What was new: input that was not cached, and output. Estimates mean these."""
        return self.usage.tokens


@dataclass(frozen=True, kw_only=True, slots=True)
class Event(Generic[W_co]):
    """Something that happened."""

    id: int
    at: datetime
    run: int | None
    task: str | None
    attempt: int | None
    what: W_co


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What a person asked for while a run held the task file."""

    id: int
    kind: RequestKind
    task: str
    status: str | None  # for `set`
    note: str | None
    by: str  # who asked, `user@host`
    submitted: datetime
    finished: datetime | None  # None: not yet applied
    error: str | None  # why it was refused


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """Sums over attempts, those under way included."""

    attempts: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: float | None = None  # None: no attempt has a known price
    unpriced: int = 0  # attempts that used tokens of unknown price

    @property
    def tokens(self) -> int:
        """What was new: input that was not cached, and output. Estimates mean these."""
        return max(0, self.input_tokens - self.cached_tokens) + self.output_tokens
