"""The state machine of an attempt, as data: its steps, its ends, and which may follow which.

The journal asks this table before it moves an attempt, as everything that changes a row's status
asks `mission.state`. What follows from a crash and from a person's word is in `policy.attempt`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mission.outcome import Outcome


class Step(StrEnum):
    """How far an attempt has come."""

    STARTED = "started"  # the agent may be at work, or the operation
    UNFINISHED = "unfinished"  # the agent ended and has not finished: `said` has why
    ANSWERED = "answered"  # the agent finished; what it left may not be committed yet
    WORKED = "worked"  # ... it is; `head` is known
    VERIFIED = "verified"
    PUSHED = "pushed"  # the branch is on the remote
    MERGING = "merging"  # `squash` exists, made on `merge_base`; the base may have moved to it
    MERGED = "merged"  # the base holds it
    CONFIRMED = "confirmed"  # ... and the remote was read to say so; or the operation is over
    ENDED = "ended"


class End(StrEnum):
    """What an attempt came to. The agent's own word is another matter: it is kept beside this."""

    SUCCESS = "success"  # merged; or done, where nothing merges
    NEEDS_QA = "needs-qa"  # finished, and a person has to look before it merges
    AS_SAID = "as-said"  # what the agent's own word says
    NO_CHANGES = "no-changes"  # the agent finished, and its branch is as it was
    REFUSED = "refused-permissions"  # ... since its tool was not allowed to do what it tried
    SINGLE_WRITER = "single-writer"  # its branch changes the task file
    VERIFICATION = "verification"  # its work did not pass
    REVIEW = "review"  # its reviewer wants changes
    CONFLICT = "conflict"  # its work does not apply to the base, and is to be repaired
    HELD_UP = "held-up"  # a gate, git or a forge stopped it, or something else outside of it
    FAILED = "failed"  # the operation found what must not be
    STOPPED = "stopped"  # the run did, before anything was done
    BY_PERSON = "stopped-by-person"  # a person stopped its row, and the run went on
    SUPERSEDED = "superseded"  # its row was found merged on the base
    INTERRUPTED = "interrupted"  # its runner died


class StepError(RuntimeError):
    """A move that the table does not allow: a bug of ours."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptState:
    """Where an attempt stands: all that decides what may become of it."""

    step: Step
    said: Outcome | None  # the agent's word; None: it has said nothing yet
    end: End | None  # None while it has not ended
    approved: bool  # a person approved its work, and it is on its way to the base
    taken_up: bool  # its work had been looked at, and people may have changed its branch since

    @property
    def outcome(self) -> str | None:
        """What people are told that it came to; None while there is nothing to tell."""
        if self.approved and self.end is None:
            return None  # the agent's word is not what counts any more
        told = outcome_of(self.end, self.said) or self.end
        return None if told is None else told.value

    @property
    def stage(self) -> str:
        """What people are told of its step."""
        return Step.STARTED.value if self.step is Step.UNFINISHED else self.step.value


_LANDING = frozenset({Step.MERGING, Step.MERGED})
#: Where the base may have moved to an attempt's work.
AT_BASE = _LANDING | {Step.CONFIRMED}
#: What may follow a step, while the attempt goes on. A merge that was cut off begins again.
NEXT: Mapping[Step, frozenset[Step]] = {
    Step.STARTED: frozenset({Step.UNFINISHED, Step.ANSWERED, Step.CONFIRMED}),
    Step.UNFINISHED: frozenset(),
    Step.ANSWERED: frozenset({Step.WORKED}),
    Step.WORKED: frozenset({Step.VERIFIED}),
    Step.VERIFIED: frozenset({Step.PUSHED}),
    Step.PUSHED: _LANDING,
    Step.MERGING: _LANDING,
    Step.MERGED: _LANDING | {Step.CONFIRMED},
    Step.CONFIRMED: _LANDING,
    Step.ENDED: frozenset(),
}

#: Ends that an attempt may come to wherever it stands: something outside of it decides these.
_ANYWHERE = frozenset(
    {
        *(End.SUCCESS, End.NEEDS_QA, End.FAILED),  # its row says so: a person, or a lost journal
        *(End.HELD_UP, End.BY_PERSON, End.SUPERSEDED, End.INTERRUPTED),
    }
)
_ANSWERED = _ANYWHERE | {End.AS_SAID}
_SEEN = _ANSWERED | {End.SINGLE_WRITER, End.VERIFICATION, End.REVIEW}
_LANDED = _SEEN | {End.CONFLICT}
#: How an attempt may end at a step.
ENDS: Mapping[Step, frozenset[End]] = {
    Step.STARTED: _ANYWHERE | {End.STOPPED, End.AS_SAID},  # a planner's word is its end
    Step.UNFINISHED: _ANSWERED,
    Step.ANSWERED: _ANSWERED,
    Step.WORKED: _SEEN - {End.REVIEW} | {End.NO_CHANGES, End.REFUSED},
    Step.VERIFIED: _SEEN,
    Step.PUSHED: _LANDED,
    Step.MERGING: _LANDED,
    Step.MERGED: _LANDED,
    Step.CONFIRMED: _LANDED,
    Step.ENDED: frozenset({End.HELD_UP, End.BY_PERSON}),  # once more, before it could be taken up
}

#: Where an attempt that is taken up goes on, by where it stands: right behind its agent, with its
#: branch as it is by then, or behind the merge that was its own.
TAKEN_UP: Mapping[Step, frozenset[Step]] = {
    step: frozenset({Step.ANSWERED, Step.WORKED, Step.MERGED})
    if step is Step.ENDED
    else frozenset({Step.WORKED})
    for step in Step
    if step not in (Step.STARTED, Step.UNFINISHED, Step.ANSWERED)
}


def before(step: Step) -> tuple[Step, ...]:
    """The steps that `step` may follow while an attempt goes on, in their order."""
    return tuple(one for one in Step if step in NEXT[one])


def before_end(end: End) -> tuple[Step, ...]:
    """The steps at which an attempt may come to `end`, in their order."""
    return tuple(one for one in Step if end in ENDS[one])


def before_take_up(step: Step) -> tuple[Step, ...]:
    """The steps at which an attempt may be taken up again at `step`, in their order."""
    return tuple(one for one, targets in TAKEN_UP.items() if step in targets)


# Ends that say the same as a word of an agent.
_WORDS: Mapping[End, Outcome] = {
    End.SUCCESS: Outcome.SUCCESS,
    End.NEEDS_QA: Outcome.NEEDS_QA,
    End.NO_CHANGES: Outcome.NO_CHANGES,
    End.REFUSED: Outcome.REFUSED,
    End.HELD_UP: Outcome.BLOCKED,
    End.STOPPED: Outcome.STOPPED,
    End.BY_PERSON: Outcome.STOPPED,
}


def outcome_of(end: End | None, said: Outcome | None) -> Outcome | None:
    """An attempt's end in the words of agents; None for ends that these have no word for.

    Args:
        end: None: it has not ended, and all there is is what the agent said.
        said: The agent's word.
    """
    return said if end in (None, End.AS_SAID) else _WORDS.get(end)
