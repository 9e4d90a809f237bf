"""Batches land nothing that was not verified as a whole, and find who is to blame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.batch import Land, Return, StepResult, StepState, Verify, batch_steps

GREEN = StepResult(state=StepState.GREEN)
RED = StepResult(state=StepState.RED, log="log")
MOVED = StepResult(state=StepState.MOVED)


@dataclass
class World:
    """Carries a plan out, and checks each step against what was verified."""

    is_red: Callable[[tuple[str, ...]], bool]  # of everything on the base, in order
    conflicts: Callable[[tuple[str, ...], str], bool] = lambda _before, _item: False
    refused: frozenset[str] = frozenset()  # by a gate, when they are to land
    unfit: frozenset[str] = frozenset()  # refused as soon as they are tried
    moves: list[bool] = field(default_factory=list)  # whether the base moves before each step
    base: list[str] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    verified: set[tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=set)
    steps: int = 0  # verifications
    others: int = 0  # commits that somebody else brought

    def carry_out(self, items: list[str], size: int, *, repeat_red: bool = False) -> None:
        plan = batch_steps(items, size=size, repeat_red=repeat_red)
        step = next(plan, None)
        while step is not None:
            if isinstance(step, Return):
                self.returned.append(step.item)
                answer = None
            else:
                answer = self._do(step)
            try:
                step = plan.send(answer)
            except StopIteration:
                return

    def _do(self, step: Verify | Land) -> StepResult:
        if self.moves and self.moves.pop():
            self.others += 1
            self.base.append(f"other {self.others}")
            return MOVED
        before = tuple(self.base)
        kept_out = self.refused if isinstance(step, Land) else self.unfit
        for item in filter(kept_out.__contains__, step.items):
            return StepResult(state=StepState.REFUSED, item=item)
        if isinstance(step, Land):
            assert (before, step.items) in self.verified, "landed what was not verified"
            assert not set(before) & set(step.items), "landed twice"
            self.base += step.items
            return GREEN
        for place, item in enumerate(step.items):
            if self.conflicts((*before, *step.items[:place]), item):
                return StepResult(state=StepState.CONFLICT, item=item)
        self.steps += 1
        if self.is_red((*before, *step.items)):
            return RED
        self.verified.add((before, step.items))
        return GREEN


def culprits(*bad: str) -> Callable[[tuple[str, ...]], bool]:
    return lambda landed: bool(set(bad) & set(landed))


def names(count: int) -> list[str]:
    return [f"t{number}" for number in range(count)]


def test_all_green_is_one_verification_a_batch() -> None:
    world = World(is_red=culprits())

    world.carry_out(names(12), 5)

    assert world.base == names(12)
    assert world.steps == 3


def test_a_culprit_is_found_and_the_others_land() -> None:
    world = World(is_red=culprits("t6"))

    world.carry_out(names(8), 8)

    assert world.returned == ["t6"]
    assert world.base == [name for name in names(8) if name != "t6"]
    assert world.steps <= 1 + ceil(log2(8)) + 1


def test_the_first_of_all_may_be_the_culprit() -> None:
    world = World(is_red=culprits("t0"))

    world.carry_out(names(4), 4)

    assert world.returned == ["t0"]
    assert world.base == ["t1", "t2", "t3"]


def test_two_that_are_red_only_together() -> None:
    world = World(is_red=lambda landed: {"t1", "t3"} <= set(landed))

    world.carry_out(names(5), 5)

    assert world.returned == ["t3"]
    assert world.base == ["t0", "t1", "t2", "t4"]


def test_a_conflict_behind_others_gets_another_turn() -> None:
    conflicting = World(
        is_red=culprits(), conflicts=lambda before, item: item == "t2" and "t1" in before
    )

    conflicting.carry_out(names(4), 4)

    assert conflicting.returned == ["t2"]
    assert conflicting.base == ["t0", "t1", "t3"]


def test_a_flaky_step_is_believed_the_second_time() -> None:
    looks: list[tuple[str, ...]] = []

    def flaky(landed: tuple[str, ...]) -> bool:
        looks.append(landed)
        return len(looks) == 1

    world = World(is_red=flaky)

    world.carry_out(names(3), 3, repeat_red=True)

    assert world.base == names(3)
    assert world.steps == 2


def test_a_base_that_moves_makes_it_verify_again() -> None:
    # The moves are taken from the end: the second step, which lands, finds another base.
    world = World(is_red=culprits(), moves=[False, False, True, False])

    world.carry_out(names(2), 2)

    assert world.base == ["other 1", "t0", "t1"]
    assert world.steps == 2


def test_a_gate_that_refuses_one_takes_only_that_one_out() -> None:
    world = World(is_red=culprits(), refused=frozenset({"t1"}))

    world.carry_out(names(4), 4)

    assert world.returned == ["t1"]
    assert world.base == ["t0", "t2", "t3"]
    assert world.steps == 2


def test_what_may_not_merge_at_all_costs_no_verification() -> None:
    world = World(is_red=culprits(), unfit=frozenset({"t0", "t3"}))

    world.carry_out(names(4), 4)

    assert world.returned == ["t0", "t3"]
    assert world.base == ["t1", "t2"]
    assert world.steps == 1


@pytest.mark.parametrize(("items", "size"), [(["a", "a"], 2), (["a"], 0)])
def test_wrong_use(items: list[str], size: int) -> None:
    with pytest.raises(ValueError, match="a batch holds"):
        next(batch_steps(items, size=size))


def test_a_conflict_must_be_about_what_was_tried() -> None:
    plan = batch_steps(["a", "b"], size=2)
    next(plan)

    with pytest.raises(ValueError, match="c cannot conflict"):
        plan.send(StepResult(state=StepState.CONFLICT, item="c"))


@pytest.mark.parametrize("steps", [1, 2])
def test_only_what_was_tried_can_be_refused(steps: int) -> None:
    plan = batch_steps(["a", "b"], size=2)
    for answer in [None, GREEN][:steps]:
        plan.send(answer)

    with pytest.raises(ValueError, match="c cannot be refused"):
        plan.send(StepResult(state=StepState.REFUSED, item="c"))


@given(
    count=st.integers(0, 14),
    size=st.integers(1, 6),
    bad=st.sets(st.integers(0, 13), max_size=4),
    pairs=st.sets(st.tuples(st.integers(0, 13), st.integers(0, 13)), max_size=3),
    clashes=st.sets(st.tuples(st.integers(0, 13), st.integers(0, 13)), max_size=3),
    refused=st.sets(st.integers(0, 13), max_size=2),
    unfit=st.sets(st.integers(0, 13), max_size=2),
    moves=st.lists(st.booleans(), max_size=10),
    repeat_red=st.booleans(),
)
def test_whatever_happens_only_verified_candidates_land(
    *,
    count: int,
    size: int,
    bad: set[int],
    pairs: set[tuple[int, int]],
    clashes: set[tuple[int, int]],
    refused: set[int],
    unfit: set[int],
    moves: list[bool],
    repeat_red: bool,
) -> None:
    def is_red(landed: tuple[str, ...]) -> bool:
        numbers = {int(name[1:]) for name in landed if name.startswith("t")}
        return bool(bad & numbers) or any(set(pair) <= numbers for pair in pairs)

    def conflicts(before: tuple[str, ...], item: str) -> bool:
        return any(item == f"t{late}" and f"t{early}" in before for early, late in clashes)

    world = World(
        is_red=is_red,
        conflicts=conflicts,
        refused=frozenset(f"t{number}" for number in refused),
        unfit=frozenset(f"t{number}" for number in unfit),
        moves=list(moves),
    )
    world.carry_out(names(count), size, repeat_red=repeat_red)

    landed = [name for name in world.base if name.startswith("t")]
    # Everything came to one end, what landed in its order.
    assert sorted([*landed, *world.returned]) == sorted(names(count))
    assert landed == [name for name in names(count) if name in landed]
    assert not is_red(tuple(world.base))
    # Nobody was returned without reason.
    for name in world.returned:
        others = tuple(world.base)
        number = int(name[1:])
        clash = any(number in pair for pair in clashes)
        kept_out = number in refused | unfit
        assert clash or kept_out or number in bad or is_red((*others, name))
