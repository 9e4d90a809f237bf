"""What the journal holds, as values. All times are aware and in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from mission.journal.kinds import Happening
from mission.steps import AttemptState
from mission.usage import Usage

W_co = TypeVar("W_co", bound=Happening, covariant=True)


class RequestKind(StrEnum):
    """What a person may ask the single writer for."""

    SET = "set"
    APPROVE = "approve"
    REJECT = "reject"
    RETRY = "retry"  # the next attempt starts on the current base
    RETRY_KEEP = "retry --keep"  # it goes on where the last one was
    UNBLOCK = "unblock"
    UNBLOCK_KEEP = "unblock --keep"  # commits that nobody made here are taken as they are
    UNBLOCK_ANEW = "unblock --anew"  # whatever there is, the next attempt starts on the base
    STOP = "stop"
    STOP_RETRY = "stop --retry"  # and once it has ended, it is started again with the note


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One `mission run`."""

    id: int
    mission: str  # the mission's name when it started
    host: str
    pid: int  # 0: it is another clone's
    pid_started: float  # seconds since the epoch; tells a process from a later namesake
    engine_run: str | None  # the engine's own name of the run
    started: datetime
    ended: datetime | None  # None: under way, or killed
    outcome: str | None

    @property
    def elsewhere(self) -> bool:
        """Whether it is a run of another clone, which was only told of."""
        return self.pid == 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt(AttemptState):
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
    head: str | None  # the branch's commit once the agent has ended
    squash: str | None  # the commit that is to become the base's tip
    merge_base: str | None  # the base's tip that `squash` was made on
    started: datetime
    ended: datetime | None
    reason: str  # why it ended as it did, one line; may be empty
    summary: str  # what the agent says it did
    input_tokens: int
    output_tokens: int
    cached_tokens: int  # part of the input
    cost_usd: float | None  # None: no price is known
    session: str | None  # with which the agent can be resumed
    exit_code: int | None
    route: str  # why this agent
    stands_in: str | None  # the agent that it stands in for; empty: an old version did not say whom
    pid: int | None  # the agent's process
    pid_started: float | None

    def facts(self) -> dict[str, object]:
        """What people and other programs are told of it, by the names that they know."""
        return {
            "id": self.id,
            "run": self.run,
            "task": self.task,
            "number": self.number,
            "agent": self.agent,
            "branch": self.branch,
            "base_commit": self.base_commit,
            "worktree": self.worktree,
            "log": self.log,
            "stage": self.stage,
            "head": self.head,
            "squash": self.squash,
            "merge_base": self.merge_base,
            "started": self.started,
            "ended": self.ended,
            "outcome": self.outcome,
            "reason": self.reason,
            "summary": self.summary,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cached_tokens": self.cached_tokens,
            "cost_usd": self.cost_usd,
            "session": self.session,
            "exit_code": self.exit_code,
            "route": self.route,
            "pid": self.pid,
            "pid_started": self.pid_started,
        }

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
    by: str  # who asked, `user@host`; from another clone `name <address>`
    submitted: datetime
    finished: datetime | None  # None: not yet applied
    error: str | None  # why it was refused

    @property
    def person(self) -> str:
        """Who asked, by name alone."""
        return self.by.partition(" <")[0].partition("@")[0]


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
