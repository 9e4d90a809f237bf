"""What a run would dispatch, found out without changing anything."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from agents.registry import create as create_agent
from agents.registry import settings
from errors import MissionError
from mission.config import AgentConfig, MissionConfig
from mission.state import Status
from orchestrator.admission.budgeting import unknown_price
from orchestrator.loop.dispatch import carrier_of
from orchestrator.operations.catalogue import operation_kinds
from orchestrator.workplace.verifying import steps_for
from policy.routing import Route, matches, route
from tasks_md.graph import Graph
from tasks_md.model import STATUSES, BranchKind, Plan, Task

# What a person types so that a row goes on.
_PERSONS_TURN = {
    Status.NEEDS_QA: "approve",
    Status.FAILED: "retry",
    Status.BLOCKED: "unblock",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class RowPreview:
    """One row that a run would dispatch."""

    task: str
    wave: int  # 1: at once; later ones wait for those before
    agent: str  # an agent's name, or operation:NAME
    where: str  # whose machine: `here`, or the workers of a pool
    rule: str  # why that one
    branch: str | None
    gates: tuple[str, ...]  # asked before its pushes and its merge; empty: none is configured
    prepare: tuple[str, ...]  # commands that make its worktree fit to work in, in order
    verify: tuple[str, ...]  # steps, in order
    review: tuple[str, ...]  # who may review its work; empty: nobody does
    qa: bool  # whether it waits for a person before it merges
    problem: str  # what would keep it from running; empty: nothing known


def preview_run(
    plan: Plan, config: MissionConfig, selected: frozenset[str] | None
) -> list[RowPreview]:
    """The rows that would be dispatched, in dispatch order, if every attempt succeeded."""
    statuses = {task.id: Status(task.status) for task in plan.tasks if task.status in STATUSES}
    graph = Graph.of(plan)
    planned: list[RowPreview] = []
    wave = 0
    while True:
        ready = [name for name in graph.ready(statuses) if selected is None or name in selected]
        if not ready:
            return planned
        wave += 1
        for name in ready:
            planned.append(_planned(plan.task(name), config, wave))
            statuses[name] = Status.DONE


def held_back(plan: Plan, selected: frozenset[str] | None) -> dict[str, str]:
    """Why each open row that a run was asked for would not start by itself, in file order."""
    statuses = {task.id: Status(task.status) for task in plan.tasks if task.status in STATUSES}
    graph = Graph.of(plan)
    held: dict[str, str] = {}
    for task in plan.tasks:
        status = statuses.get(task.id)
        if status is Status.DONE or (selected is not None and task.id not in selected):
            continue
        before = graph.waiting_on(task.id, statuses)
        if status is Status.NOT_STARTED and before:
            held[task.id] = f"waits for {', '.join(before)}"
        elif status in _PERSONS_TURN:
            held[task.id] = f"is {status}: mission {_PERSONS_TURN[status]} {task.id}"
        elif status is not Status.NOT_STARTED:
            held[task.id] = f"is {task.status}"
    return held


def _planned(task: Task, config: MissionConfig, wave: int) -> RowPreview:
    agent, rule, where, problem = "", "", "here", ""
    review: tuple[str, ...] = ()
    qa = False
    merges = task.branch_kind is BranchKind.NAMED
    try:
        chosen = route(task, config)
        agent, rule = carrier_of(chosen), chosen.rule
        problem = _problem(task, chosen, config)
        if chosen.agent is not None:
            where = _where(settings(chosen.agent, config))
        if merges:
            asked = (one for one in config.review if matches(task, one.match, {agent}))
            review = tuple(next((one.by for one in asked), ()))
            qa = any(matches(task, one.match, {agent}) for one in config.qa)
    except MissionError as error:
        problem = str(error)
    return RowPreview(
        task=task.id,
        wave=wave,
        agent=agent,
        where=where,
        rule=rule,
        branch=task.branch,
        gates=tuple(gate.name or gate.type for gate in config.gates) if merges else (),
        prepare=tuple(shlex.join(step.run) for step in config.worktree.prepare),
        verify=tuple(step.name for step in steps_for(config, task)) if merges else (),
        review=review,
        qa=qa,
        problem=problem,
    )


def _where(agent: AgentConfig) -> str:
    return "here" if agent.where == "here" else f"workers of the pool {agent.pool}"


def _problem(task: Task, chosen: Route, config: MissionConfig) -> str:
    if chosen.agent is not None:
        missing = create_agent(chosen.agent, settings(chosen.agent, config)).missing()
        unpriced = unknown_price(config, chosen.agent, row=task)
        return missing or (". ".join(unpriced) if unpriced else "")
    known = chosen.operation in operation_kinds().names()
    return "" if known else f"there is no operation {chosen.operation!r}"
