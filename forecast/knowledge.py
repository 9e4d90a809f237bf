"""What is expected of agents, checks, gates and merges: what was guessed, shrunk by what was seen.

A row's work is looked for among what its agent did of its kind, that among all that the agent did,
and that among the work of all agents: each is the next one's guess.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from forecast import guesses
from forecast.evidence import Evidence, Reviewed, Worked
from forecast.spread import Spread, shrunk_share
from mission.outcome import LIMITS, Outcome
from orchestrator.admission.rests import is_operation
from tasks_md.model import Task

#: Outcomes after which an agent had done all that it does: they tell how long that takes.
_WHOLE: Final = frozenset({Outcome.SUCCESS, Outcome.NEEDS_QA, Outcome.NO_CHANGES})
# Ratios: what is beyond these was no work of that kind; and nothing has no logarithm.
_LEAST, _MOST = 0.001, 1_000.0


class Group(NamedTuple):
    """What takes alike. `kind` is empty for all of an agent, `agent` for everybody."""

    agent: str = ""
    kind: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How long a group works, and what it uses, as multiples of what is expected of the row."""

    time: Spread
    tokens: Spread


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """What is expected. Made by `learn`."""

    seen: int  # attempts in the journal that told something; 0: all of it is guessed
    paces: Mapping[Group, Pace]
    odds: Mapping[str, Mapping[Outcome, float]]  # by agent; without success
    reviews: Mapping[str, Pace]  # by reviewer; empty: of everybody
    review_passes: float
    delivery: tuple[float, Spread]  # seconds at the median, and how they differ
    steps: Mapping[str, tuple[float, Spread]]
    landing: tuple[float, Spread]
    gates: Mapping[str, tuple[float, ...]]  # seconds waited, by purpose: each as likely
    limits: Mapping[str, tuple[float, ...]]  # seconds, by provider
    red_branch: float
    red_merge: float
    conflict: float

    def pace(self, agent: str, kind: str) -> tuple[Group, Pace]:
        """Of the narrowest group that was seen."""
        for group in (Group(agent, kind), Group(agent), Group()):
            if group in self.paces:
                return group, self.paces[group]
        raise KeyError("everybody")  # `learn` has that one

    def step(self, name: str) -> tuple[float, Spread]:
        """Of a verify step."""
        return self.steps.get(name, (guesses.STEP_SECONDS, _OTHER))


_OTHER = Spread(sd=guesses.OTHER_SPREAD)


def expected_seconds(tokens: int, agent: str) -> float:
    """What a row of so many tokens takes before anything is known."""
    if is_operation(agent):
        return guesses.OPERATION_SECONDS
    return guesses.WORK_SECONDS + guesses.SECONDS_PER_TOKEN * tokens


def expected_review_seconds(tokens: int) -> float:
    """What a review of so many tokens takes before anything is known."""
    return guesses.REVIEW_SECONDS + guesses.SECONDS_PER_TOKEN * tokens


def learn(
    evidence: Evidence,
    tasks: Mapping[str, Task],
    *,
    tokens_of: Callable[[Task], int],
    review_tokens_of: Callable[[Task], int],
    kind_of: Callable[[Task], str],
) -> Knowledge:
    """What follows from the evidence.

    Args:
        evidence: What the journal shows.
        tasks: The rows as they are now. What was done for others tells how it ended, not its pace.
        tokens_of: What a row is expected to use.
        review_tokens_of: What its review is.
        kind_of: What kind of work it is.
    """
    known = [one for one in evidence.worked if one.task in tasks]
    whole = [one for one in known if one.outcome in _WHOLE]
    observed = {Group(one.agent, kind_of(tasks[one.task])): _Observed([], []) for one in whole}
    for one in whole:
        task = tasks[one.task]
        its, tokens = observed[Group(one.agent, kind_of(task))], tokens_of(task)
        its.times.append(_log(one.seconds / expected_seconds(tokens, one.agent)))
        if one.tokens and not is_operation(one.agent):
            its.tokens.append(_log(one.tokens / tokens))
    return Knowledge(
        seen=len(whole),
        paces=_paces(observed),
        odds=_odds(evidence.worked),
        reviews=_review_paces(evidence.reviewed, tasks, review_tokens_of),
        review_passes=shrunk_share(
            guesses.REVIEW_PASSES,
            sum(one.passed for one in evidence.reviewed),
            len(evidence.reviewed),
        ),
        delivery=_around(guesses.DELIVERY_SECONDS, evidence.deliveries),
        steps={name: _around(guesses.STEP_SECONDS, its) for name, its in evidence.steps.items()},
        landing=_around(guesses.LANDING_SECONDS, evidence.landings),
        gates={purpose: _waits(its) for purpose, its in evidence.gates.items()},
        limits={who: tuple(its) for who, its in evidence.limits.items()},
        red_branch=_red(guesses.RED_BRANCH, evidence.branches),
        red_merge=_red(guesses.RED_MERGE, evidence.squashes),
        conflict=shrunk_share(guesses.CONFLICT, evidence.conflicts, len(evidence.squashes)),
    )


class _Observed(NamedTuple):
    """Logarithms of observed to expected."""

    times: list[float]
    tokens: list[float]


def _paces(observed: Mapping[Group, _Observed]) -> dict[Group, Pace]:
    """Everybody first, then each agent, then what each does of a kind."""
    everybody = Pace(
        time=Spread(sd=guesses.WORK_SPREAD).told(_all(observed.items(), "", "times")),
        tokens=Spread(sd=guesses.TOKEN_SPREAD).told(_all(observed.items(), "", "tokens")),
    )
    paces = {Group(): everybody}
    for agent in dict.fromkeys(group.agent for group in observed):
        # Operations are compared with what is expected of operations, and of nobody else.
        above = everybody if not is_operation(agent) else _GUESSED
        own = Pace(
            time=above.time.told(_all(observed.items(), agent, "times")),
            tokens=above.tokens.told(_all(observed.items(), agent, "tokens")),
        )
        paces[Group(agent)] = own
        for group, its in observed.items():
            if group.agent == agent:
                paces[group] = Pace(
                    time=own.time.told(its.times), tokens=own.tokens.told(its.tokens)
                )
    return paces


_GUESSED = Pace(time=Spread(sd=guesses.WORK_SPREAD), tokens=Spread(sd=guesses.TOKEN_SPREAD))


def _all(observed: Iterable[tuple[Group, _Observed]], agent: str, name: str) -> list[float]:
    found: list[float] = []
    for group, its in observed:
        if group.agent == agent or (not agent and not is_operation(group.agent)):
            found += its.times if name == "times" else its.tokens
    return found


def _odds(worked: Iterable[Worked]) -> dict[str, dict[Outcome, float]]:
    by_agent: dict[str, list[Outcome]] = {}
    for one in worked:
        by_agent.setdefault(one.agent, []).append(one.outcome)
    return {
        agent: {
            outcome: shrunk_share(guesses.ENDS.get(outcome, 0.0), ends.count(outcome), len(ends))
            for outcome in dict.fromkeys((*guesses.ENDS, *ends))
            if outcome is not Outcome.SUCCESS and not (is_operation(agent) and outcome in LIMITS)
        }
        for agent, ends in by_agent.items()
    }


def _review_paces(
    reviewed: Iterable[Reviewed],
    tasks: Mapping[str, Task],
    tokens_of: Callable[[Task], int],
) -> dict[str, Pace]:
    observed: dict[str, _Observed] = {}
    for one in reviewed:
        if one.task in tasks:
            tokens = max(1, tokens_of(tasks[one.task]))
            its = observed.setdefault(one.reviewer, _Observed([], []))
            its.times.append(_log(one.seconds / expected_review_seconds(tokens)))
            if one.tokens:
                its.tokens.append(_log(one.tokens / tokens))
    everybody = Pace(
        time=_GUESSED.time.told([one for its in observed.values() for one in its.times]),
        tokens=_GUESSED.tokens.told([one for its in observed.values() for one in its.tokens]),
    )
    return {"": everybody} | {
        who: Pace(time=everybody.time.told(its.times), tokens=everybody.tokens.told(its.tokens))
        for who, its in observed.items()
    }


def _around(guess: float, seconds: Iterable[float]) -> tuple[float, Spread]:
    spread = _OTHER.told([_log(one / guess) for one in seconds])
    return guess * math.exp(spread.mean), spread


def _waits(seconds: Iterable[float]) -> tuple[float, ...]:
    """What was waited for, and the guess as one of them: that most waits are none fits no curve."""
    return (*seconds, guesses.GATE_SECONDS)


def _red(guess: float, passed: list[bool]) -> float:
    return shrunk_share(guess, passed.count(False), len(passed))


def _log(ratio: float) -> float:
    return math.log(min(max(ratio, _LEAST), _MOST))
