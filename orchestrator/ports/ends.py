"""How a job ends: what it asks the loop to write."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mission.outcome import Outcome
from mission.state import Status
from mission.steps import End
from policy.retry import Limit


@dataclass(frozen=True, kw_only=True, slots=True)
class Again:
    """A row that is tried again by itself."""

    at: datetime
    agent: str | None = None  # who stands in for the agent that the row is routed to
    limit: Limit | None = None  # why the last agent's provider takes no work for a while


@dataclass(frozen=True, kw_only=True, slots=True)
class Unreviewed:
    """Finished work that waits for its review, in an attempt that stays open."""

    by: tuple[str, ...]  # who may review it, in their order
    tokens: int  # what the review is expected to use
    at: datetime  # not before
    limit: Limit | None = None  # why the provider of who was asked takes no work for a while
    reason: str = ""  # why it is not reviewed yet; empty: nobody was asked


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskEnd:
    """What one job came to. The loop writes it; the job never does."""

    task: str
    attempt: int  # the journal's id
    status: Status | None  # None: the row stays as it is, and the next run carries on
    end: End | None = None  # what its attempt came to; None: it stays open
    said: Outcome | None = None  # the word of who was asked in this job, where it decides the end
    word: str = ""  # for the notes
    reason: str = ""  # the exact reason, for the journal and the display
    again: Again | None = None  # the row stays in-progress meanwhile
    unreviewed: Unreviewed | None = None  # the same, and its attempt stays open
    fatal: bool = False  # the whole run stops
    closes: bool = False  # nothing further starts; what is under way may end, then the run does
