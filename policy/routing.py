"""Decides who carries a row out. First match wins, and the decision names its rule."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from mission.config import MissionConfig, RoutingRule, Tuning
from mission.matching import meets
from tasks_md.model import AUTO, BranchKind, Task

#: The operation that closes a milestone.
CLOSE_MILESTONE = "close-milestone"


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """Who carries a row out, and why."""

    agent: str | None  # the name of an agent; None where an operation does it
    operation: str | None  # the name of a built-in operation; None where an agent does it
    rule: str  # what decided, for the journal and for people
    tuning: Tuning = field(default_factory=Tuning)  # how that agent carries it out


# The opening of a description, up to its first stop, says what kind of work a row is; what comes
# after often names tests or documents in passing.
_OPENING = r"^[^.:;]*"
# Documents as what a row is about: `document` as a verb, or their kind right at the start.
_DOCUMENTS = (
    r"^\W*(documents?\b|((write|update|extend|add|revise)\s+)?(the\s+|a\s+|an\s+)?"
    r"(docs?|documentation|readme|changelog|runbook)\b)"
)


def _shipped(agent: str, **match: str) -> RoutingRule:
    return RoutingRule(match=match, agent=agent)


#: What the mission files that we know say about their agents: implementation to codex; tests,
#: doctor work and review to sonnet; documents and mechanical verification to haiku. Opus is used
#: by name only.
SHIPPED: tuple[RoutingRule, ...] = (
    _shipped("sonnet", description=_OPENING + r"\breview\b"),
    _shipped("haiku", description=_DOCUMENTS),
    _shipped("haiku", branch=r"^docs?/|[-/_](docs?|readme|runbook)$"),
    _shipped("haiku", description=_OPENING + r"\b(regression|canary|smoke)\b"),
    _shipped("sonnet", description=_OPENING + r"\btests?\b"),
    _shipped("sonnet", branch=r"^tests?/|[-/_]tests?$"),
    _shipped("sonnet", description=_OPENING + r"\bdoctor\b"),
    _shipped("codex"),
)
# What kind of work a row is that one of these is for, in their order.
_KINDS = ("review", "docs", "docs", "regression", "tests", "tests", "doctor", "code")


def route(task: Task, config: MissionConfig, *, milestone: str | None = None) -> Route:
    """Who carries `task` out.

    In this order: the operation or the agent that `mission.yaml` gives the task by name; the
    closing of a milestone, for a row with branch `(aggregate)`; the agent that the row names; the
    rules of `mission.yaml`; the shipped rules.

    Raises:
        ConfigError: A pattern is no regular expression.
    """
    own = config.tasks.get(task.id)
    if own is not None and own.run:
        return Route(agent=None, operation=own.run, rule=f"tasks.{task.id}.run")
    said = own if own is not None else Tuning()
    if own is not None and own.agent:
        return _tuned(own.agent, f"tasks.{task.id}.agent", said)
    if task.branch_kind is BranchKind.AGGREGATE:
        return Route(agent=None, operation=CLOSE_MILESTONE, rule="its branch is (aggregate)")
    if task.agent != AUTO:
        return _tuned(task.agent, "the row names it", said)
    for source, rules in (("routing rule", config.routing), ("shipped rule", SHIPPED)):
        found = _first(task, rules, milestone or task.milestone)
        if found is not None:
            number, rule = found
            why = f"{source} {number} ({_describe(rule)})"
            return _tuned(rule.agent, why, said.over(rule))
    raise AssertionError("the last shipped rule matches every row")


def kind_of(task: Task) -> str:
    """What kind of work a row is, by the shipped rules: rows of one kind take alike."""
    found = _first(task, SHIPPED, task.milestone)
    return _KINDS[found[0] - 1] if found is not None else _KINDS[-1]


def tuning(task: Task, config: MissionConfig, agent: str) -> Tuning:
    """How `agent` carries `task` out. Who stands in for the row's own agent, or reviews its work,
    does so by its own settings: a model of one tool is none of another's.

    Raises:
        ConfigError: As `route`.
    """
    chosen = route(task, config)
    return chosen.tuning if chosen.agent == agent else Tuning()


def _tuned(agent: str, rule: str, said: Tuning) -> Route:
    words = ", ".join(f"{name} {value}" for name, value in said.given.items() if name != "options")
    why = f"{rule}; {words}" if words else rule
    return Route(agent=agent, operation=None, rule=why, tuning=said.over(Tuning()))


def matches(task: Task, match: Mapping[str, str], agents: Collection[str]) -> bool:
    """Whether a rule that keeps work from merging unseen is for `task`, whose work `agents` did.

    Raises:
        ConfigError: As `mission.matching.meets`.
    """
    words = " and ".join(f"`{column}`" for column in match)
    return meets(
        task,
        match,
        milestone=task.milestone,
        rule=f"a rule with {words}",
        guards=True,
        agents=agents,
    )


def _first(
    task: Task, rules: Sequence[RoutingRule], milestone: str
) -> tuple[int, RoutingRule] | None:
    for number, rule in enumerate(rules, start=1):
        said = f"routing rule {number}"
        if meets(task, rule.match, milestone=milestone, rule=said, guards=False):
            return number, rule
    return None


def _describe(rule: RoutingRule) -> str:
    return ", ".join(f"{column} ~ {pattern}" for column, pattern in rule.match.items()) or "any row"
