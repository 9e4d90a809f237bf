"""What keeps a row, or a milestone that is to be planned, from going on."""

from __future__ import annotations

from enum import StrEnum


class WaitsFor(StrEnum):
    """Each is a word of the journal and of `mission status --json`: they never change."""

    DEPENDENCY = "dependency"  # rows before it
    PLAN = "plan"  # the file as it stands: it cannot run before a person corrects it
    RUN = "run"  # nobody carries it out
    SLOT = "slot"  # its turn to start
    GATE = "gate"
    MERGE = "merge"  # its turn to merge
    REVIEWER = "reviewer"
    PERSON = "person"
    PROVIDER = "provider"  # whose agents it needs, and which takes no work for a while
    RETRY = "retry"  # the time of its next try
    BUDGET = "budget"
    PAUSE = "pause"
    REMOTE = "remote"  # which cannot be reached
    CLONE = "clone"  # another one, which carries the mission out
    LEFTOVER = "leftover"  # an agent of an earlier run that does not end
