"""The state machine of a task, as data. Everything that changes a status asks this table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from errors import TransitionError


class Status(StrEnum):
    """What the status cell of a row may say."""

    NOT_STARTED = "not-started"
    IN_PROGRESS = "in-progress"
    DONE = "done"
    BLOCKED = "blocked"
    FAILED = "failed"
    NEEDS_QA = "needs-qa"


class Actor(StrEnum):
    """Who asks for a transition."""

    RUNNER = "runner"
    PERSON = "person"
    FACTS = "facts"  # `mission verify --fix`: git proves that the work is merged


@dataclass(frozen=True, kw_only=True, slots=True)
class Transition:
    """One allowed change."""

    name: str  # what people call it
    source: Status
    target: Status
    actors: frozenset[Actor]  # who may ask for it


_BOTH = frozenset({Actor.RUNNER, Actor.PERSON})
_RUNNER = frozenset({Actor.RUNNER})
_PERSON = frozenset({Actor.PERSON})
_FACTS = frozenset({Actor.FACTS})


def _allow(name: str, source: Status, target: Status, actors: frozenset[Actor]) -> Transition:
    return Transition(name=name, source=source, target=target, actors=actors)


# A person who sets a row by hand vouches for it: `mission verify` compares it with the facts.
TRANSITIONS: tuple[Transition, ...] = (
    _allow("start", Status.NOT_STARTED, Status.IN_PROGRESS, _BOTH),
    _allow("block", Status.NOT_STARTED, Status.BLOCKED, _BOTH),
    _allow("finish", Status.IN_PROGRESS, Status.DONE, frozenset(Actor)),
    _allow("hand over", Status.IN_PROGRESS, Status.NEEDS_QA, _BOTH),
    _allow("fail", Status.IN_PROGRESS, Status.FAILED, _BOTH),
    _allow("block", Status.IN_PROGRESS, Status.BLOCKED, _BOTH),
    _allow("release", Status.IN_PROGRESS, Status.NOT_STARTED, _BOTH),
    _allow("merge", Status.NEEDS_QA, Status.DONE, _RUNNER | _FACTS),
    _allow("block", Status.NEEDS_QA, Status.BLOCKED, _BOTH),
    _allow("fail", Status.NEEDS_QA, Status.FAILED, _RUNNER),
    _allow("reject", Status.NEEDS_QA, Status.NOT_STARTED, _PERSON),
    _allow("retry", Status.FAILED, Status.NOT_STARTED, _PERSON),
    _allow("unblock", Status.BLOCKED, Status.NOT_STARTED, _PERSON),
    _allow("prove", Status.NOT_STARTED, Status.DONE, _FACTS),
    _allow("prove", Status.FAILED, Status.DONE, _FACTS),
    _allow("prove", Status.BLOCKED, Status.DONE, _FACTS),
    _allow("take back", Status.DONE, Status.NOT_STARTED, _FACTS),
)

_BY_PAIR = {(t.source, t.target): t for t in TRANSITIONS}


def targets(source: Status, actor: Actor) -> tuple[Status, ...]:
    """The statuses that `actor` may set from `source`, in the table's order."""
    return tuple(t.target for t in TRANSITIONS if t.source is source and actor in t.actors)


def transition(task: str, source: Status, target: Status, actor: Actor) -> Transition:
    """The table's entry for this change.

    Raises:
        TransitionError: The table does not allow it for this actor; the hint says what it allows.
    """
    found = _BY_PAIR.get((source, target))
    if found is not None and actor in found.actors:
        return found
    allowed = ", ".join(targets(source, actor))
    hint = f"From {source} it can be set to: {allowed}"
    if not targets(source, actor):
        hint = "What is done stays done: give what is left to do a row of its own"
    if source is Status.NEEDS_QA and target is Status.DONE:
        hint = f"`mission approve {task}` merges it through the gates"
    raise TransitionError(f"{task} is {source} and cannot be set to {target}", hint=hint)
