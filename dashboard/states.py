"""What a row is at, in one word, for whoever looks at it: finer than its status. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from mission.state import Status
from mission.steps import Step
from mission.waits import WaitsFor
from service.overview import TaskView
from service.standing import LiveAttempt, Standing, Wait


class State(StrEnum):
    """Each has a word, a shape and a colour of its own."""

    DONE = "done"
    MERGING = "merging"  # or its turn in the merge queue
    GATE = "gate"  # waits for a gate, a pause or the remote
    VERIFYING = "verifying"
    REVIEWING = "reviewing"
    WORKING = "working"
    HALTED = "halted"  # it was begun, and nobody is at it
    APPROVAL = "approval"
    BLOCKED = "blocked"
    FAILED = "failed"
    READY = "ready"
    WAITING = "waiting"


#: What is shown for each.
WORDS: Final[Mapping[State, str]] = {
    State.DONE: "done",
    State.MERGING: "merging",
    State.GATE: "at a gate",
    State.VERIFYING: "verifying",
    State.REVIEWING: "in review",
    State.WORKING: "working",
    State.HALTED: "halted",
    State.APPROVAL: "needs approval",
    State.BLOCKED: "blocked",
    State.FAILED: "failed",
    State.READY: "ready",
    State.WAITING: "waiting",
}

#: How states are drawn together in bars, in the order in which they are drawn.
GROUPS: Final[Mapping[str, tuple[State, ...]]] = {
    "done": (State.DONE,),
    "active": (
        State.MERGING, State.GATE, State.VERIFYING, State.REVIEWING, State.WORKING, State.HALTED,
    ),
    "person": (State.APPROVAL, State.BLOCKED, State.FAILED),
    "ready": (State.READY,),
    "waiting": (State.WAITING,),
}  # fmt: skip
_GROUP_OF: Final = {state: group for group, states in GROUPS.items() for state in states}

_BY_STATUS: Final[Mapping[str, State]] = {
    Status.DONE: State.DONE,
    Status.NEEDS_QA: State.APPROVAL,
    Status.BLOCKED: State.BLOCKED,
    Status.FAILED: State.FAILED,
}
_BY_WAIT: Final[Mapping[WaitsFor, State]] = {
    WaitsFor.GATE: State.GATE,
    WaitsFor.PAUSE: State.GATE,
    WaitsFor.REMOTE: State.GATE,
    WaitsFor.MERGE: State.MERGING,
    WaitsFor.REVIEWER: State.REVIEWING,
    WaitsFor.RUN: State.HALTED,
    WaitsFor.PERSON: State.HALTED,
    WaitsFor.LEFTOVER: State.HALTED,
    WaitsFor.PROVIDER: State.WAITING,
    WaitsFor.RETRY: State.WAITING,
    WaitsFor.BUDGET: State.WAITING,
    WaitsFor.SLOT: State.READY,
}
_AT_WORK: Final = (Step.STARTED, Step.UNFINISHED)
_TO_VERIFY: Final = (Step.ANSWERED, Step.WORKED)


def state_of(view: TaskView, waits: tuple[Wait, ...], attempt: LiveAttempt | None) -> State:
    """What a row is at.

    Args:
        view: The row.
        waits: What it waits for.
        attempt: The one without an end.
    """
    status, goes_on = view.task.status, attempt is not None and attempt.live
    if status in _BY_STATUS and not (status == Status.NEEDS_QA and goes_on):
        return _BY_STATUS[status]
    if status == Status.NOT_STARTED and not goes_on:
        return State.READY if view.ready else State.WAITING
    if waits:
        return _BY_WAIT.get(waits[0].on, State.WAITING)
    return _doing(attempt) if attempt is not None and attempt.live else State.HALTED


def _doing(one: LiveAttempt) -> State:
    """What somebody does at a row."""
    if one.reviewer is not None:
        return State.REVIEWING
    if one.attempt.step in _AT_WORK:
        return State.WORKING
    return State.VERIFYING if one.attempt.step in _TO_VERIFY else State.MERGING


def states_of(standing: Standing) -> dict[str, State]:
    """Of every row."""
    attempts = {one.attempt.task: one for one in standing.attempts}
    return {
        view.task.id: state_of(
            view, standing.waits.get(view.task.id, ()), attempts.get(view.task.id)
        )
        for view in standing.overview.tasks
    }


def group_of(state: State) -> str:
    """The group that a state is drawn in."""
    return _GROUP_OF[state]


def grouped(states: Iterable[State]) -> dict[str, int]:
    """How many there are of each group, in the order of bars."""
    counted = Counter(_GROUP_OF[state] for state in states)
    return {group: counted[group] for group in GROUPS}
