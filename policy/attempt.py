"""What becomes of an attempt: after a crash, by a person's word, and when its row's turn comes.

Pure: whoever asks hands over the attempt as the journal has it. Which step and which end may follow
which is in `mission.steps`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from mission.journal import Attempt
from mission.outcome import Outcome
from mission.state import Status
from mission.steps import AttemptState, End, Step, outcome_of


class Crash(StrEnum):
    """What is left to do for an attempt that a crash left at a step."""

    ASK = "ask"  # it ends, and a new one asks the agent again, in its session and its worktree
    CLOSE = "close"  # its end is to be journalled, and nothing else
    GO_ON = "go-on"  # the same one goes on from there, and no agent is asked
    NOTHING = "nothing"


#: What survives a crash.
AFTER_CRASH: Mapping[Step, Crash] = {
    Step.STARTED: Crash.ASK,  # the worktree, and the session as far as it was told
    Step.UNFINISHED: Crash.CLOSE,
    Step.ANSWERED: Crash.GO_ON,  # commits what the agent left
    Step.WORKED: Crash.GO_ON,  # verifies the branch
    Step.VERIFIED: Crash.GO_ON,  # asks for the review if it is not made, and pushes
    Step.PUSHED: Crash.GO_ON,  # merges, or hands it to a person
    Step.MERGING: Crash.GO_ON,  # looks whether the base holds it before it merges
    Step.MERGED: Crash.GO_ON,  # reads the remote
    Step.CONFIRMED: Crash.GO_ON,  # closes the issue, and has its row written
    Step.ENDED: Crash.NOTHING,
}


class Turn(StrEnum):
    """When an attempt that a crash left goes on."""

    NOW = "now"
    IN_TURN = "in-turn"  # when its row is ready, and has a slot


# What an attempt had come to, by the status that was written for it.
_WRITTEN: Mapping[Status, End] = {
    Status.DONE: End.SUCCESS,
    Status.NEEDS_QA: End.NEEDS_QA,
    Status.BLOCKED: End.HELD_UP,
    Status.FAILED: End.FAILED,
}


def is_finished(state: AttemptState) -> bool:
    """Whether the attempt is open and its agent has finished: there is work to deliver."""
    return AFTER_CRASH[state.step] is Crash.GO_ON


def after_crash(state: AttemptState, row: Status | None, *, set_back: bool = False) -> Turn | End:
    """When an open attempt goes on, or what it had come to.

    Args:
        state: The attempt.
        row: What its row says; None if that is gone, or says what is no status.
        set_back: Whether somebody has set the row to `not-started` since it was under way.
    """
    written = None if row is None else _WRITTEN.get(row)
    if state.step is Step.UNFINISHED:
        return End.AS_SAID
    if not is_finished(state):
        return written or End.INTERRUPTED
    if row is Status.IN_PROGRESS or (row is Status.NEEDS_QA and state.approved):
        return Turn.NOW
    if row is Status.NOT_STARTED and not set_back:
        return Turn.IN_TURN
    # The row was written and the end was not journalled; or somebody set the row.
    return written or _given_up(state)


def _given_up(state: AttemptState) -> End:
    """What finished work has come to that nobody wants any more."""
    return End.INTERRUPTED if state.outcome is None else End.AS_SAID


class Heed(StrEnum):
    """What a person who sets a row back to `not-started` means for its last attempt."""

    ANEW = "anew"  # it is over: a new one begins in the row's turn
    GO_ON = "go-on"  # what it has finished is delivered in the row's turn, and no agent is asked


#: By what the row was: given back, rejected, to be retried, unblocked.
SET_BACK: Mapping[Status, Heed] = {
    Status.IN_PROGRESS: Heed.ANEW,
    Status.NEEDS_QA: Heed.ANEW,
    Status.FAILED: Heed.ANEW,
    Status.BLOCKED: Heed.GO_ON,
}


def by_person(
    state: AttemptState, before: Status, after: Status, *, anew: bool = False
) -> End | None:
    """What an attempt without a job comes to as a person sets its row; None: it stays as it is.

    One whose agent may be at work stays open: the next run ends that first. `anew`: the person says
    that the row is to begin on the base, whatever it was.
    """
    over = after is Status.NOT_STARTED and (anew or SET_BACK.get(before) is Heed.ANEW)
    if not over or not is_finished(state):
        return None
    return _WRITTEN.get(before) or _given_up(state)


def may_be_approved(last: Attempt) -> bool:
    """Whether a row's last attempt holds work that a person can let merge."""
    return last.head is not None


def keeps_approval(state: AttemptState, row: Status | None) -> bool:
    """Whether what a person approved is still what its row waits for. Else whoever set the row
    since may have changed the branch as well, and it is looked at anew."""
    return state.approved and row is Status.NEEDS_QA


_FINISHED = frozenset({Outcome.SUCCESS, Outcome.NEEDS_QA})
# Ends that say nothing of the work: what was finished is delivered, and no agent is asked again.
_HELD = frozenset({End.HELD_UP, End.BY_PERSON})


def is_delivered(last: Attempt, branch: str | None, agent: str) -> bool:
    """Whether the row's last attempt has finished work, so that no agent starts in the row's turn.

    Args:
        last: It was cut off, or held up by something outside of it, or by a person.
        branch: The row's by now.
        agent: Who carries the row out by now.
    """
    if last.step is not Step.ENDED:
        return is_finished(last)
    return (
        last.end in _HELD
        and (last.head is not None or is_left_behind_the_agent(last))
        and last.branch == branch
        and (last.agent == agent or last.stands_in is not None)
    )


def is_left_behind_the_agent(ended: Attempt) -> bool:
    """Whether the agent of an attempt that has ended had finished, and what it left is in the
    attempt's folder on this machine, or where it was to be fetched from: it was not committed."""
    finished = ended.step is Step.ENDED and ended.said in _FINISHED
    return finished and ended.head is None and ended.worktree is not None


# Ends after which the agent's session is worth going on with: what is said goes to who made it.
_RESUMED = frozenset(
    {End.INTERRUPTED, End.CONFLICT, End.VERIFICATION, End.SINGLE_WRITER, End.REVIEW}
)
_RESUMED_WORDS = frozenset(
    {
        Outcome.STOPPED,
        Outcome.RATE_LIMIT,
        Outcome.QUOTA,
        Outcome.OVERLOADED,
        Outcome.SILENT,
        Outcome.TIMED_OUT,
        Outcome.KILLED,
        Outcome.OUT_OF_TURNS,
        Outcome.AUTHENTICATION,
    }
)


def is_resumed(last: AttemptState) -> bool:
    """Whether the next attempt goes on in the session of the row's last one."""
    return last.end in _RESUMED or outcome_of(last.end, last.said) in _RESUMED_WORDS


def is_fresh(state: AttemptState) -> bool:
    """Whether nobody has looked yet at what the agent has finished. What was looked at had changes:
    if none are left, a person merged them."""
    return state.step is Step.WORKED and not state.taken_up
