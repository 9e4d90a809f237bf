"""Estimates against what was really spent: per task, milestone and agent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from mission.journal import Attempt
from mission.timeline import WorkTime
from tasks_md.model import Plan, Task

_Tried = Mapping[str, Sequence[Attempt]]  # attempts by task

#: By an attempt's number in the journal.
Guesses = Mapping[int, Sequence[str]]
_NO_GUESSES: Guesses = {}
#: By an attempt's number in the journal. One that is not there has only worked.
WorkTimes = Mapping[int, WorkTime]
_NO_TIMES: WorkTimes = {}

PLANNING = "planning"  # the status of a line that is no row: what planning a milestone cost
GONE = "(not in the file)"  # the milestone of tasks that were tried and whose rows are gone


@dataclass(frozen=True, kw_only=True, slots=True)
class Amounts:
    """What attempts took."""

    attempts: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0  # part of the input
    cost_usd: float | None = None  # None: no attempt has a known price
    unpriced: int = 0  # attempts that used tokens of unknown price
    guesses: tuple[str, ...] = ()  # why the numbers are not exact, each reason once
    time: timedelta = timedelta()  # of all attempts together, those under way included
    worked: timedelta = timedelta()  # of that, agents, reviewers and checks; else all of it
    waited: timedelta = timedelta()  # for gates, turns and people, after an attempt's end as well

    @property
    def tokens(self) -> int:
        """What was new: input that was not cached, and output. Estimates mean these."""
        return max(0, self.input_tokens - self.cached_tokens) + self.output_tokens


_Adding = Callable[[Iterable[Attempt]], Amounts]


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One task, milestone or agent, or everything."""

    name: str
    milestone: str = ""  # for tasks
    status: str = ""  # for tasks: as the file has it, or `planning` for what that cost
    agents: tuple[str, ...] = ()  # who tried, in this order
    estimate_tokens: int | None = None  # of all its tasks; None where none has an estimate
    spent: Amounts
    ratio: float | None = None  # spent to estimated tokens, over tasks that have both


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """A mission's estimates and actuals."""

    mission: str
    tasks: tuple[Line, ...]  # in file order; then those whose rows are gone
    milestones: tuple[Line, ...]  # in file order
    agents: tuple[Line, ...]  # the most tokens first; an estimate counts for who tried last
    total: Line


def make_report(
    plan: Plan,
    attempts: Sequence[Attempt],
    *,
    now: datetime,
    milestone: str | None = None,
    guesses: Guesses = _NO_GUESSES,
    times: WorkTimes = _NO_TIMES,
) -> Report:
    """Compare a plan with the journal.

    Args:
        plan: The task file.
        attempts: All attempts, in the order in which they began.
        now: The end, so far, of attempts that are under way.
        milestone: Leave out everything but this milestone.
        guesses: Of attempts whose use is not known exactly, why.
        times: How long attempts were worked at, and waited.

    Raises:
        TaskFileError: No such milestone.
    """
    if milestone is not None:
        chosen = plan.milestone(milestone)
        wanted = {chosen.id, *(task.id for task in chosen.tasks)}
        attempts = [attempt for attempt in attempts if attempt.task in wanted]
    tried: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        tried.setdefault(attempt.task, []).append(attempt)
    adding = partial(add_up, now=now, guesses=guesses, times=times)
    rows = [task for task in plan.tasks if milestone in (None, task.milestone)]
    lines = [_task_line(task, tried.get(task.id, []), adding) for task in rows]
    known = {task.id for task in rows}
    lines += [
        Line(
            name=one.id,
            milestone=one.id,
            status=PLANNING,
            agents=_agents(tried[one.id]),
            spent=adding(tried[one.id]),
        )
        for one in plan.milestones
        if one.id in tried.keys() - known
    ]
    known |= {one.id for one in plan.milestones}
    lines += [
        Line(name=task, milestone=GONE, agents=_agents(its), spent=adding(its))
        for task, its in tried.items()
        if task not in known
    ]
    names = [one.id for one in plan.milestones if milestone in (None, one.id)]
    names += [GONE] if any(line.milestone == GONE for line in lines) else []
    return Report(
        mission=plan.mission,
        tasks=tuple(lines),
        milestones=tuple(
            _sum_line(name, [line for line in lines if line.milestone == name], tried, adding)
            for name in names
        ),
        agents=_agent_lines(lines, tried, adding),
        total=_sum_line("total", lines, tried, adding),
    )


def add_up(
    attempts: Iterable[Attempt],
    now: datetime,
    guesses: Guesses = _NO_GUESSES,
    times: WorkTimes = _NO_TIMES,
) -> Amounts:
    """What these attempts took together."""
    its = list(attempts)
    spans = {one.id: (one.ended or now) - one.started for one in its}
    split = [times.get(one, WorkTime(worked=took)) for one, took in spans.items()]
    prices = [attempt.cost_usd for attempt in its if attempt.cost_usd is not None]
    return Amounts(
        attempts=len(its),
        input_tokens=sum(attempt.input_tokens for attempt in its),
        output_tokens=sum(attempt.output_tokens for attempt in its),
        cached_tokens=sum(attempt.cached_tokens for attempt in its),
        cost_usd=sum(prices) if prices else None,
        unpriced=sum(
            1
            for attempt in its
            if attempt.cost_usd is None and attempt.input_tokens + attempt.output_tokens
        ),
        guesses=tuple(dict.fromkeys(why for attempt in its for why in guesses.get(attempt.id, ()))),
        time=sum(spans.values(), timedelta()),
        worked=sum((one.worked for one in split), timedelta()),
        waited=sum((one.waited for one in split), timedelta()),
    )


def _task_line(task: Task, attempts: Sequence[Attempt], adding: _Adding) -> Line:
    spent = adding(attempts)
    return Line(
        name=task.id,
        milestone=task.milestone,
        status=task.status,
        agents=_agents(attempts),
        estimate_tokens=task.estimate_tokens,
        spent=spent,
        ratio=_ratio([(spent.tokens, task.estimate_tokens)]),
    )


def _sum_line(name: str, lines: Sequence[Line], tried: _Tried, adding: _Adding) -> Line:
    its = [attempt for line in lines for attempt in tried.get(line.name, ())]
    return Line(
        name=name,
        agents=_agents(its),
        estimate_tokens=_sum_known(line.estimate_tokens for line in lines),
        spent=adding(its),
        ratio=_ratio((line.spent.tokens, line.estimate_tokens) for line in lines),
    )


def _agent_lines(lines: Sequence[Line], tried: _Tried, adding: _Adding) -> tuple[Line, ...]:
    by_agent: dict[str, list[Attempt]] = {}
    compared: dict[str, list[tuple[int, int | None]]] = {}
    for line in lines:
        its = tried.get(line.name, ())
        for attempt in its:
            by_agent.setdefault(attempt.agent, []).append(attempt)
        if its:
            last = its[-1].agent
            own = sum(attempt.tokens for attempt in its if attempt.agent == last)
            compared.setdefault(last, []).append((own, line.estimate_tokens))
    found = [
        Line(
            name=agent,
            estimate_tokens=_sum_known(estimate for _, estimate in compared.get(agent, [])),
            spent=adding(its),
            ratio=_ratio(compared.get(agent, [])),
        )
        for agent, its in by_agent.items()
    ]
    return tuple(sorted(found, key=lambda line: (-line.spent.tokens, line.name)))


def _agents(attempts: Iterable[Attempt]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(attempt.agent for attempt in attempts))


def _sum_known(numbers: Iterable[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def _ratio(pairs: Iterable[tuple[int, int | None]]) -> float | None:
    """Spent to estimated, over the pairs that have both."""
    both = [(spent, estimate) for spent, estimate in pairs if spent and estimate]
    return sum(s for s, _ in both) / sum(e for _, e in both) if both else None
