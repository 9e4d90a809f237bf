"""Batches of merges, as a plan that does nothing by itself.

Several ready branches are squashed one after another onto a candidate, which is verified once. When
it is red, bisection finds the first branch that turns it red. What lands is always a candidate that
was verified green as a whole, on exactly the base that it lands on.

A plan is a generator: it yields what is to be done and is sent what came of it. So every decision
can be tested without git, and whoever carries it out holds no rules of its own.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, kw_only=True, slots=True)
class Verify:
    """Squash `items` in this order onto the base as it is now, and verify the result."""

    items: tuple[str, ...]
    repeated: bool = False  # once more, because a step may be flaky


@dataclass(frozen=True, kw_only=True, slots=True)
class Land:
    """Move the base to the candidate of `items`, which was verified green, in one step."""

    items: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Return:
    """Give `item` back to its task: it does not merge."""

    item: str
    answer: StepResult  # why: red with its log, a conflict, or refused


class StepState(StrEnum):
    """What came of a step."""

    GREEN = "green"  # verified; or landed
    RED = "red"
    CONFLICT = "conflict"  # a branch does not apply; the answer names it
    REFUSED = "refused"  # something keeps one branch out, such as its gate; the answer names it
    MOVED = "moved"  # the base is not where it was: nothing was done


@dataclass(frozen=True, kw_only=True, slots=True)
class StepResult:
    """What is sent back for `Verify` and `Land`."""

    state: StepState
    item: str | None = None  # the branch that does not apply, or is refused
    log: str = ""  # where to read more


Step = Verify | Land | Return
Steps = Generator[Step, StepResult | None, None]


def batch_steps(items: Sequence[str], *, size: int, repeat_red: bool = False) -> Steps:
    """Land `items`, in their order, in batches of at most `size`.

    Args:
        items: Branches that are ready: none of them depends on another one.
        repeat_red: Whether a red verification is repeated once before it is believed.

    Raises:
        ValueError: `size` is less than 1, or an item comes twice.
    """
    if size < 1 or len(set(items)) != len(items):
        raise ValueError("a batch holds at least one item, and each item once")
    waiting = list(items)
    while waiting:
        batch = tuple(waiting[:size])
        done = yield from _one_batch(batch, repeat_red=repeat_red)
        waiting = [item for item in waiting if item not in done]


def _one_batch(
    batch: tuple[str, ...], *, repeat_red: bool
) -> Generator[Step, StepResult | None, frozenset[str]]:
    """Land or return at least one item of `batch`, unless the base moves; those that are done with.

    What stands before the first culprit lands, and the culprit is returned. What stands behind it
    gets a batch on the new base.
    """
    good = 0  # so many from the start were verified green together
    bad = len(batch) + 1  # so many are not to be tried together
    blame: StepResult | None = None  # what was said of `bad`, if its last item is to blame for it
    while bad - good > 1:
        # With somebody to blame, halve the distance; else try all that may go together.
        tried = bad - 1 if blame is None else (good + bad) // 2
        answer = yield from _verify(batch[:tried], repeat_red=repeat_red)
        match answer.state:
            case StepState.GREEN:
                good = tried
            case StepState.RED:
                bad, blame = tried, answer
            case StepState.CONFLICT:
                place = _place(answer, batch, good, tried)
                # Behind others it may apply once they have landed, or not: its turn comes again.
                bad, blame = place + 1, (answer if place == 0 else None)
            case StepState.REFUSED | StepState.MOVED:
                return (yield from _start_over(answer, batch[:tried]))
    landed = batch[:good]
    if landed:
        answer = yield from _land(landed)
        if answer.state is not StepState.GREEN:
            return (yield from _start_over(answer, landed))
    if blame is None:
        return frozenset(landed)
    yield Return(item=batch[good], answer=blame)
    return frozenset((*landed, batch[good]))


def _verify(
    items: tuple[str, ...], *, repeat_red: bool
) -> Generator[Step, StepResult | None, StepResult]:
    answer = _given((yield Verify(items=items)))
    if answer.state is StepState.RED and repeat_red:
        answer = _given((yield Verify(items=items, repeated=True)))
    return answer


def _land(items: tuple[str, ...]) -> Generator[Step, StepResult | None, StepResult]:
    answer = _given((yield Land(items=items)))
    if answer.state not in (StepState.GREEN, StepState.REFUSED, StepState.MOVED):
        raise ValueError(f"landing cannot end with {answer.state}")
    return answer


def _start_over(
    answer: StepResult, tried: tuple[str, ...]
) -> Generator[Step, StepResult | None, frozenset[str]]:
    """After a refusal the refused branch is out, and what was tried with it is tried without it."""
    if answer.state is StepState.MOVED:
        return frozenset()
    if answer.item is None or answer.item not in tried:
        raise ValueError(f"{answer.item} cannot be refused: it is not among what was tried")
    yield Return(item=answer.item, answer=answer)
    return frozenset({answer.item})


def _given(answer: StepResult | None) -> StepResult:
    if answer is None:
        raise ValueError("a step that was carried out needs its answer")
    return answer


def _place(answer: StepResult, batch: tuple[str, ...], good: int, tried: int) -> int:
    """Where the branch stands that does not apply."""
    if answer.item not in batch[good:tried]:
        raise ValueError(f"{answer.item} cannot conflict: it is not among what was tried")
    return batch.index(answer.item)
