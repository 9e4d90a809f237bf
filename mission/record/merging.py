"""Two clones' records of one mission, put together. Pure.

The one that held the claim last is right where both know of the same thing: it began with what the
other had said. What the other had not said any more is kept as well, before it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import replace
from functools import reduce
from typing import TypeVar

from mission.record.values import AttemptKey, CarriedAttempt, CarriedEvent
from mission.steps import Step
from mission.usage import Usage

_K = TypeVar("_K", bound=Hashable)
EventKey = tuple[object, ...]
BOOKED = "usage"  # the journal's word for a reviewer's usage, booked with its attempt
_RANK = {step.value: rank for rank, step in enumerate(Step)}


def event_keys(events: Iterable[CarriedEvent]) -> list[EventKey]:
    """What each event is known by in every clone; the like of one, at the same time, are told apart
    by their order."""
    seen: Counter[EventKey] = Counter()
    keys: list[EventKey] = []
    for one in events:
        plain = (one.at, one.kind, one.run, one.task, one.attempt, _frozen(one.data))
        seen[plain] += 1
        keys.append((*plain, seen[plain]))
    return keys


def _frozen(value: object) -> Hashable:
    if isinstance(value, Mapping):
        return tuple(sorted((str(key), _frozen(one)) for key, one in value.items()))
    if isinstance(value, list | tuple):
        return ("list", *(_frozen(one) for one in value))
    return repr(value)  # 1, 1.0 and true are three values


def places(ours: Sequence[_K], theirs: Sequence[_K]) -> list[tuple[int, _K]]:
    """What of `theirs` is missing in `ours`, each with the place in `ours` before which it belongs:
    before the next one that both have, or behind all."""
    index = {key: place for place, key in enumerate(ours)}
    found: list[tuple[int, _K]] = []
    before = len(ours)
    for key in reversed(theirs):
        if key in index:
            before = min(before, index[key])
        else:
            found.append((before, key))
    return found[::-1]


def numbers(
    ours: Sequence[CarriedAttempt], theirs: Sequence[CarriedAttempt]
) -> Mapping[AttemptKey, int]:
    """The number of each attempt of both: theirs as they have it, since merges on the base name it;
    one of ours that has the same gets the next free one."""
    given = {one.key: one.number for one in theirs}
    taken: defaultdict[str, set[int]] = defaultdict(set)
    for one in theirs:
        taken[one.task].add(one.number)
    left = [one for one in ours if one.key not in given]
    clash = [one for one in left if one.number in taken[one.task]]
    for one in left:
        if one.number not in taken[one.task]:
            given[one.key] = one.number
    for one in left:
        taken[one.task].add(one.number)
    for one in clash:
        given[one.key] = max(taken[one.task]) + 1
        taken[one.task].add(given[one.key])
    return given


def is_new(theirs: Iterable[CarriedAttempt], ours: Iterable[CarriedAttempt]) -> bool:
    """Whether there are attempts of which ours does not know, or not all that they used."""
    known = {one.key: one.usage for one in ours}
    return any(
        one.key not in known or _most(known[one.key], one.usage) != known[one.key] for one in theirs
    )


def brought_up(
    ours: CarriedAttempt,
    theirs: CarriedAttempt,
    our_events: Mapping[EventKey, CarriedEvent],
    their_events: Mapping[EventKey, CarriedEvent],
) -> CarriedAttempt:
    """One attempt as both know it: the state of who knows more of its row, and the usage of both.

    Args:
        ours: As it stands here. theirs: As it stands there.
        our_events: Those of its row here. their_events: Those of its row there.
    """
    newer = ours if _is_ahead(ours, theirs, our_events.keys(), their_events.keys()) else theirs
    used = _used(ours, theirs, our_events, their_events)
    return replace(newer, **used.columns())


def _is_ahead(
    ours: CarriedAttempt, theirs: CarriedAttempt, here: Set[EventKey], there: Set[EventKey]
) -> bool:
    """Whether this clone knows more of an attempt than the one that held the claim last."""
    if here == there:
        return _RANK[ours.step] > _RANK[theirs.step]
    return here > there


def _used(
    ours: CarriedAttempt,
    theirs: CarriedAttempt,
    our_events: Mapping[EventKey, CarriedEvent],
    their_events: Mapping[EventKey, CarriedEvent],
) -> Usage:
    """What the attempt used: its agent's part as far as either knows, and every review that either
    booked with it."""
    here = ours.usage.plus(_booked(their_events, ours.key, but=our_events.keys()))
    there = theirs.usage.plus(_booked(our_events, ours.key, but=their_events.keys()))
    return _most(here, there)


def _booked(
    events: Mapping[EventKey, CarriedEvent], attempt: AttemptKey, *, but: Set[EventKey]
) -> Usage:
    """What reviews of an attempt used, without those that are known as `but`."""
    mine = (
        one.data
        for key, one in events.items()
        if key not in but and one.kind == BOOKED and (one.task, one.attempt) == attempt
    )
    return reduce(Usage.plus, (_usage(data) for data in mine), Usage())


def _usage(data: Mapping[str, object]) -> Usage:
    def number(name: str) -> int:
        value = data.get(name)
        return value if isinstance(value, int) else 0

    cost = data.get("cost_usd")
    return Usage(
        input_tokens=number("input_tokens"),
        cached_tokens=number("cached_tokens"),
        output_tokens=number("output_tokens"),
        cost_usd=float(cost) if isinstance(cost, int | float) else None,
    )


def _most(one: Usage, other: Usage) -> Usage:
    """The larger of each number: what is told of the same work only grows."""
    costs = [cost for cost in (one.cost_usd, other.cost_usd) if cost is not None]
    return Usage(
        input_tokens=max(one.input_tokens, other.input_tokens),
        cached_tokens=max(one.cached_tokens, other.cached_tokens),
        output_tokens=max(one.output_tokens, other.output_tokens),
        cost_usd=max(costs, default=None),
    )
