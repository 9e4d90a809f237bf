"""What the queue guard judges by, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

from forges.reports import BranchReading, CiReport
from gates.protocol import GateRequest, GateState


class Reason(StrEnum):
    """Why the queue guard says what it says."""

    GREEN = "green"
    IDLE = "idle"  # nothing queued, nothing running
    NO_CI = "no-ci"  # configured, or proven by the forge
    QUEUED = "queued"
    RUNNING = "running"
    HELD = "held"  # waits for a person
    NOT_REGISTERED_YET = "not-registered-yet"  # a fresh head
    RED = "red"
    CANCELLED = "cancelled"
    BASE_MOVED = "base-moved"
    SKIPPED = "skipped"  # nothing but skipped checks: no proof of green
    STALE = "stale"  # what we know is about another commit
    NEVER_REGISTERED = "never-registered"  # no report although the grace time is over
    UNKNOWN = "unknown"  # a word that we do not know, an answer that we cannot read
    UNREACHABLE = "unreachable"
    REFUSED = "token-refused"
    RATE_LIMITED = "rate-limited"


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuePolicy:
    """What the configuration says about CI."""

    required: tuple[str, ...] = ()  # contexts that must be green; `*` and `?` are wildcards
    accept_skipped: bool = False  # whether skipped and neutral are proof like green
    grace: timedelta = timedelta(minutes=2)  # how long a fresh head may have no report
    idle_without_report: bool = False  # a head without any report counts as quiet after that
    no_ci: bool = False  # the configuration says that there is no CI


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """The guard's answer and why."""

    state: GateState
    reason: Reason
    detail: str  # one line
    since: datetime | None = None  # for what is queued or running


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """One branch as it was read, and how long its head has been known to us."""

    reading: BranchReading
    known_for: timedelta  # since we first saw this head

    @property
    def reports(self) -> list[CiReport]:
        """Those about the head; a report about another commit says nothing about it."""
        return [r for r in self.reading.reports if r.commit == self.reading.commit]

    @property
    def name(self) -> str:
        return f"{self.reading.branch} ({short(self.reading.commit)})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """Everything that a rule may look at."""

    request: GateRequest
    head: Sighting  # of the branch
    base: Sighting
    policy: QueuePolicy

    @property
    def sightings(self) -> tuple[Sighting, ...]:
        return (self.head,) if self.request.branch == self.request.base else (self.head, self.base)

    @property
    def required(self) -> list[str]:
        """Contexts that a merge must see green: ours, and those of the base's protection."""
        return list(dict.fromkeys((*self.policy.required, *self.base.reading.required)))

    @property
    def missing(self) -> list[str]:
        """Required contexts without any report about the head."""
        contexts = [report.context for report in self.head.reports]
        return [
            wanted
            for wanted in self.required
            if not any(fnmatchcase(context, wanted) for context in contexts)
        ]


def short(commit: str | None) -> str:
    """A commit as people read it."""
    return commit[:10] if commit else "nothing"
