"""What is played: rows with who carries them out, slots, the queue and the budget. Values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from forecast.rows import RowTable
from mission.config import MissionConfig
from mission.outcome import Outcome
from policy.budget import Amount, Ledger
from tasks_md.model import Task
from tasks_md.ready import ReadyRows


@dataclass(frozen=True, kw_only=True, slots=True)
class Pool:
    """What has a doubt in common: each play draws one deviation for all of its rows."""

    time_doubt: float  # sd of the logarithm
    token_doubt: float
    own: float  # from 0 to 1: how far its deviation is its own, and not everybody's


@dataclass(frozen=True, kw_only=True, slots=True)
class Stint:
    """One agent's work at one row, or its review of it."""

    agent: str
    pool: int  # its number among the scene's
    seconds: float  # at the median
    times: Sequence[float]  # multiples of that, lowest first, each as likely
    tokens: float  # at the median
    uses: Sequence[float]
    usd_per_token: float | None  # None: no price is known
    odds: Sequence[tuple[float, Outcome]]  # cumulated; beyond the last it succeeds
    trouble: float  # how likely it does not succeed
    fallback: str | None
    tries: int  # of those that count
    limits: Sequence[float]  # seconds that limits of its provider lasted; empty: as pauses grow


@dataclass(frozen=True, kw_only=True, slots=True)
class Reviewing:
    """Who reviews a row's work."""

    by: tuple[str, ...]
    stints: Mapping[str, Stint]
    tokens: int  # that are set aside
    rounds: int
    passes: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """One row that is open."""

    task: Task
    milestone: int  # its number among the scene's
    carrier: str  # as the journal names it
    stints: Mapping[str, Stint]  # by agent: who carries it out, and who stands in
    merges: bool
    review: Reviewing | None
    qa: bool  # a person looks before it merges


@dataclass(frozen=True, kw_only=True, slots=True)
class Begun:
    """A row that is under way as the play begins."""

    task: str
    agent: str
    elapsed: float  # seconds that its agent has been at work
    at: str  # one of the words below


WORKING, FINISHED, QUEUED = "working", "finished", "queued"  # where it stands
AGAIN = "again"  # nobody is at it: it begins anew in its turn
APPROVAL, DECISION = "approval", "decision"  # a person lets it merge, or has it begin anew


@dataclass(frozen=True, kw_only=True, slots=True)
class Checks:
    """What stands between finished work and the base."""

    delivery: float  # seconds at the median, verifying the branch included
    deliveries: Sequence[float]
    squash: float  # to verify a squash whose base has moved, at the median
    squash_still: float  # ... and where it has not
    squashes: Sequence[float]
    landing: float
    landings: Sequence[float]
    push_waits: Sequence[float]  # seconds that gates are waited for: each as likely; may be empty
    merge_waits: Sequence[float]
    red_branch: float
    red_merge: float
    conflict: float
    repair: bool
    size: int  # rows that land together at most
    repeat_red: bool
    ahead: bool  # the next batch is verified while one lands


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Everything that plays have in common."""

    now: datetime
    config: MissionConfig
    courses: Mapping[str, Course]  # by row
    milestones: tuple[str, ...]
    ready: ReadyRows  # as it is now; each play gets a copy
    table: RowTable  # the same as numbers
    begun: tuple[Begun, ...]
    selected: frozenset[str] | None  # rows that may start; None: all
    # Open rows that no run can begin before a person mends the file, with the milestone of each.
    stuck: Mapping[str, str] = field(default_factory=dict)
    slots: int
    pools: tuple[Pool, ...]
    checks: Checks
    ledger: Ledger | None  # None: nothing is limited
    amounts: Mapping[tuple[str, str], tuple[Amount, Amount]]  # row and agent: estimate, expected
    rests: Mapping[str, datetime]  # agents whose provider rests now, and until when
