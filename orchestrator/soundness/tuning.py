"""Whether the agents of rows and rules know the efforts and arguments that are asked of them."""

from __future__ import annotations

from collections.abc import Iterator

from agents.registry import known
from errors import MissionError
from errors.finding import Finding
from mission.config import MissionConfig, Tuning
from mission.config.agents import AGENT_KINDS
from mission.config.complaints import section_complaints
from mission.config.document import Document, Location
from policy.routing import route
from tasks_md.model import Plan


def refused_tunings(document: Document, plan: Plan, config: MissionConfig) -> Iterator[Finding]:
    """What is asked of an agent whose type has it not."""
    for number, rule in enumerate(config.routing):
        yield from _refused(document, ("routing", number), rule, rule.agent, config)
    for name, own in config.tasks.items():
        if name not in plan.by_id or own.run is not None:
            continue  # which are findings already, or nothing that an agent is asked
        try:
            agent = route(plan.task(name), config).agent
        except MissionError:
            continue  # as above
        if agent is not None:
            yield from _refused(document, ("tasks", name), own, agent, config)


def _refused(
    document: Document, place: Location, asked: Tuning, agent: str, config: MissionConfig
) -> Iterator[Finding]:
    own = known(agent, config)
    if own is None or not asked.given:
        return
    model = AGENT_KINDS.model(own.type)
    if model is None:
        return
    given = {"type": own.type, **asked.given}
    for finding in section_complaints(document, place, given, model):
        if finding.rule != "missing-key":  # which the agent's own settings have
            yield finding
