"""What the API answers with."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel


class Health(BaseModel):
    """The process is alive."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """Whether requests can be answered now."""

    ready: bool
    problems: list[str]  # names of services that cannot be used


class Mission(BaseModel):
    """A mission in a list."""

    id: str
    name: str
    path: str | None
    team_id: str | None
    counts: dict[str, int]  # tasks by status
    updated_at: datetime | None


class Missions(BaseModel):
    """A page of missions."""

    missions: list[Mission]


class Task(BaseModel):
    """A row of a TASKS.md, as it was when it was last projected."""

    id: str
    mission_id: str | None
    key: str | None
    title: str
    description: str | None
    status: str | None
    milestone: str | None
    agent: str | None
    branch: str | None
    issue: str | None
    depends_on: list[str] | None
    estimate_tokens: int | None
    spent_tokens: int | None
    notes: str | None
    updated_at: datetime | None


class MissionInFull(Mission):
    """A mission with a page of its tasks, in the file's order."""

    tasks: list[Task]
    next_offset: int | None  # of the next page; none after the last


class Attempt(BaseModel):
    """One try at a task."""

    number: int
    agent: str
    stage: str
    outcome: str | None
    reason: str
    started: datetime
    ended: datetime | None
    input_tokens: int
    output_tokens: int
    cost_usd: float | None


class Event(BaseModel):
    """Something that happened to a task."""

    number: int | None
    at: datetime
    kind: str
    attempt: int | None
    data: dict[str, Any]


class TaskInFull(Task):
    """A task with its last hundred attempts and events."""

    attempts: list[Attempt]
    events: list[Event]


class Found(BaseModel):
    """A task or a note that fits a question."""

    kind: Literal["task", "note"]
    id: str
    mission_id: str | None
    title: str | None
    excerpt: str
    score: float


class Results(BaseModel):
    """What was found, best first."""

    way: Literal["semantic", "text"]
    results: list[Found]


class Problem(BaseModel):
    """Why there is no answer."""

    detail: str
