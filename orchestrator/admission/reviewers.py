"""Who may review a row's work, and what that is expected to use."""

from __future__ import annotations

from agents.registry import settings as agent_settings
from errors import AgentError
from mission.config import MissionConfig, ReviewRule
from orchestrator.admission.rests import line_up
from orchestrator.workplace.tuned import settings_for
from tasks_md.model import Task


def reviewers_of(
    rule: ReviewRule, task: Task, author: str, config: MissionConfig
) -> tuple[str, ...]:
    """Those who may review work of `author`, each followed by those who stand in for it.

    Raises:
        AgentError: There is none.
    """
    model = settings_for(task, author, config).model or author
    named = [name for one in rule.by for name in line_up(one, config)]
    fit = tuple(
        name
        for name in dict.fromkeys(named)
        if rule.same_model or (agent_settings(name, config).model or name) != model
    )
    if not fit:
        raise AgentError(
            f"no reviewer is left for work of {author}: {', '.join(rule.by)} have its model",
            hint="Name another agent under `review:` in mission.yaml, or set `same_model: true`",
        )
    return fit


def review_tokens(rule: ReviewRule, task: Task) -> int:
    """What a review is expected to use: as its rule says, else half of the row's estimate."""
    return (task.estimate_tokens or 0) // 2 if rule.estimate is None else rule.estimate
