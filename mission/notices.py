"""What people are told of a mission: kinds of notices, and notices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal


class NoticeKind(StrEnum):
    """Words of `mission.yaml`, of the journal and of messages: they never change."""

    NEEDS_YOU = "needs-you"  # a row waits for a person
    FAILED = "failed"
    BLOCKED = "blocked"
    GATE = "gate-unknown"  # a gate cannot find out, for some time
    BUDGET = "budget"  # four fifths of a limit are spent, or it is reached
    MILESTONE = "milestone-done"
    ENDED = "run-ended"
    DIED = "run-died"  # without a word
    SLIPPED = "forecast-slipped"  # the finish is expected later than it was
    DIGEST = "digest"  # of a day


#: What `mission notify test` sends; nobody asks for it in the settings.
TRIAL: Final = "test"


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """One thing that people are told."""

    kind: NoticeKind | Literal["test"]
    key: str  # the change of state that it is about: the same in every clone, after every crash
    title: str  # one line
    reason: str = ""  # why; may be empty
    command: str = ""  # what to type; may be empty
    task: str | None = None  # the row, where it is about one
    at: datetime | None = None  # when it was journalled; None: not yet
    number: int = 0  # of its entry in the journal: clocks are set, and the order stays
