"""`mission.yaml` as a whole. Every key is optional."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, JsonValue, field_validator

from mission.config.agents import (
    AGENT_KINDS,
    AgentConfig,
    QaRule,
    ReviewRule,
    RoutingRule,
    over_shipped,
)
from mission.config.budget import BudgetConfig
from mission.config.claiming import ClaimConfig, MaybeClaim
from mission.config.forge import FORGE_KINDS, ForgeConfig
from mission.config.gates import GATE_KINDS, GateConfig, VerifyStep
from mission.config.kinds import Kinds
from mission.config.merging import MergeConfig
from mission.config.notify import NOTIFIER_KINDS, NotifyConfig
from mission.config.requests import RequestsConfig
from mission.config.section import Section
from mission.config.tools import Tuning
from mission.config.values import Duration
from mission.config.worktree import WorktreeConfig
from mission.state import Status
from tasks_md.model import Dialect

Column = Literal[
    "id",
    "status",
    "description",
    "issue",
    "agent",
    "branch",
    "depends_on",
    "estimate",
    "notes",
]
# What stands there is one of several sections: its `type` says which.
AnyAgent = Annotated[AgentConfig, AGENT_KINDS]
AnyGate = Annotated[GateConfig, GATE_KINDS]
AnyForge = Annotated[ForgeConfig, FORGE_KINDS]
# YAML brings text, and the strict sections would insist on members.
StatusName = Annotated[Status, Field(strict=False)]


class StatusConfig(Section):
    """How status changes in the task file reach the repository."""

    commit: Literal["end", "each", "never"] = Field(
        default="end",
        description="When the runner commits the task file: at the end of a run, after each"
        " change, or never.",
    )
    push: bool = Field(
        default=True,
        description="Whether these commits are pushed, through the gates. Without that the task"
        " file of a repository with a remote is not committed either: it only changes here.",
    )
    storage: Literal["live", "end", "never"] = Field(
        default="live",
        description="When a run copies the mission into the storage of the configured tier, for"
        " gateways and dashboards: as things happen, at its end, or never. The `local` tier is"
        " left to `mission tier sync`.",
    )
    fetch: Duration | None = Field(
        default=None,
        description="How old what is known of the run in another clone may be before `mission"
        " status` asks the remote again. Without it, only `--fetch` asks.",
    )


class TaskConfig(Tuning):
    """Settings of one task, by its id."""

    run: str | None = Field(
        default=None,
        description="The built-in operation that carries the row out instead of an agent.",
    )
    agent: str | None = Field(default=None, description="The agent, instead of the one in the row.")
    verify: list[VerifyStep] | None = Field(
        default=None, description="Verification steps, instead of the mission's."
    )
    max_attempts: int | None = Field(
        default=None, ge=1, description="Attempts before it is failed, instead of its agent's."
    )
    with_: dict[str, JsonValue] = Field(
        default_factory=dict, alias="with", description="Arguments of the operation."
    )


class MissionConfig(Section):
    """The settings of a mission."""

    mission: str | None = Field(
        default=None,
        description="The mission's name; by default the one that the task file declares.",
    )
    base: str = Field(
        default="main", min_length=1, description="The branch that work is merged into."
    )
    remote: str | None = Field(
        default="origin", description="The git remote; used only where the repository has it."
    )
    max_parallel: int = Field(
        default=4, ge=1, le=1024, description="Tasks under way at the same time."
    )
    patience: Duration = Field(
        default=timedelta(hours=2),
        description="How long a run waits for a provider that is overloaded, or for a remote that"
        " cannot be reached, asking again now and then. The rows then stay as they were.",
    )
    columns: dict[str, Column] = Field(
        default_factory=dict,
        description="Further header names of the task table, and the column that each one means.",
    )
    statuses: dict[str, StatusName] = Field(
        default_factory=dict,
        description="Words that this file uses in its status column, and what each one means.",
    )
    agents: dict[str, AnyAgent] = Field(
        default_factory=dict, description="Agents by the name that the task file uses."
    )
    routing: list[RoutingRule] = Field(
        default_factory=list,
        description="Which agent gets a row whose agent cell is —; the first match decides.",
    )
    review: list[ReviewRule] = Field(
        default_factory=list,
        description="Which rows another agent reviews before they merge; the first match decides.",
    )
    qa: list[QaRule] = Field(
        default_factory=list, description="Which rows wait for a person before they merge."
    )
    forge: AnyForge = Field(
        default_factory=ForgeConfig, description="The forge that holds the repository."
    )
    gates: list[AnyGate] = Field(
        default_factory=list, description="What must say clear before every push and every merge."
    )
    verify: list[VerifyStep] = Field(
        default_factory=list, description="What must succeed before a merge, in this order."
    )
    worktree: WorktreeConfig = Field(
        default_factory=WorktreeConfig,
        description="What a folder needs before somebody can work in it.",
    )
    merge: MergeConfig = Field(
        default_factory=MergeConfig, description="How finished work is merged."
    )
    tasks: dict[str, TaskConfig] = Field(
        default_factory=dict, description="Settings of single tasks, by id."
    )
    budget: BudgetConfig = Field(
        default_factory=BudgetConfig, description="What may be spent before dispatch stops."
    )
    status: StatusConfig = Field(
        default_factory=StatusConfig,
        description="When status changes are committed, and whether they are pushed.",
    )
    claim: MaybeClaim = Field(
        default_factory=ClaimConfig,
        description="How a run says on the remote that it carries the mission out, so that no other"
        " clone does at the same time. `never`: it does not, and nothing keeps others from it.",
    )
    requests: RequestsConfig = Field(
        default_factory=RequestsConfig,
        description="What people ask of the run from other clones.",
    )
    notify: NotifyConfig = Field(
        default_factory=NotifyConfig, description="Who is told what happens."
    )

    @field_validator("agents", mode="before")
    @classmethod
    def _over_shipped(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        return {name: over_shipped(name, one) for name, one in given.items()}

    @property
    def dialect(self) -> Dialect:
        """The words that this file uses beside the usual ones."""
        return Dialect(columns=self.columns, statuses=self.statuses)


#: Where a `type` decides about the keys: how the place begins, and how many steps lead there.
BY_TYPE: Mapping[tuple[str, ...], tuple[Kinds, int]] = {
    ("agents",): (AGENT_KINDS, 2),
    ("forge",): (FORGE_KINDS, 1),
    ("gates",): (GATE_KINDS, 2),
    ("notify", "to"): (NOTIFIER_KINDS, 3),
}
