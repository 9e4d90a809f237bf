"""The boundary to whoever says, as a run begins, how long it will take."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime

from mission.config import MissionConfig
from mission.journal import Journal
from tasks_md.model import Plan


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOutset:
    """A run as it begins to start rows."""

    plan: Plan
    config: MissionConfig
    journal: Journal
    selected: frozenset[str] | None  # the rows that it is for; None: all
    slots: int
    now: datetime
    say: Callable[[str], None]  # tells people one line


#: Goes on beside the run, and ends with it.
Foresee = Callable[[RunOutset], AbstractContextManager[object]]


def no_foresight(_outset: RunOutset) -> AbstractContextManager[object]:
    """The shipped fake: nobody says anything."""
    return nullcontext()
