"""The boundary to whatever may hold a push or a merge back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol


class Purpose(StrEnum):
    """What a gate is asked for."""

    PUSH = "push"
    MERGE = "merge"


class GateState(StrEnum):
    """What a gate says. Only `CLEAR` lets anything through."""

    CLEAR = "clear"
    BUSY = "busy"  # wait: something is queued or running
    FAILED = "failed"  # no: waiting will not change it
    UNKNOWN = "unknown"  # it could not find out; never clear, asked again until the time is up


@dataclass(frozen=True, kw_only=True, slots=True)
class GateRequest:
    """What is about to happen."""

    purpose: Purpose
    branch: str  # the branch that is pushed or merged
    base: str  # the branch that it is for
    commit: str | None = None  # the head of `branch`, where there is one
    base_commit: str | None = None  # the base that was verified; a merge onto another is refused
    patience: timedelta | None = None  # what is left of the caller's time; a gate answers within it


@dataclass(frozen=True, kw_only=True, slots=True)
class GateVerdict:
    """One answer of a gate."""

    state: GateState
    gate: str  # the gate's name
    detail: str  # what it saw, one line, no secrets
    since: datetime | None = None  # for busy: since when, if known
    retry_after: timedelta | None = None  # the earliest next question, if the other side said so
    commit: str | None = None  # the commit that it speaks of, where it speaks of one
    seen: tuple[str, ...] = ()  # all commits that were looked at; clear reads in a row must agree
    reason: str = ""  # a word for programs, see gates.case.Reason
    uncounted: bool = False  # waiting for it does not use up the caller's time


class Gate(Protocol):
    """Something that must say clear before a push or a merge."""

    @property
    def name(self) -> str:
        """As the journal and the messages call it."""

    def check(self, request: GateRequest) -> GateVerdict:
        """Look once. Fail closed: every error inside is an `UNKNOWN` verdict, never an exception,
        never clear."""
