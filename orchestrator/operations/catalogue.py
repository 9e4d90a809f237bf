"""Every built-in operation, by the name that `tasks: {ID: {run: NAME}}` uses, and its arguments.

An operation's module is imported when a row runs it: those of the storage tier bring a database
driver along that most missions do without.

A package of someone else's adds one through the entry point group `mission_runner.operations`: the
entry's name is the operation's, its value an `Operation`, whose `Config`, a subclass of `Section`,
is the model of its arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

from errors import AgentError
from mission.config import plugins
from mission.config.kinds import Kinds
from mission.config.operations import (
    BootArguments,
    MigrationCheckArguments,
    MoveArguments,
    NoArguments,
    TierArguments,
)
from mission.config.section import Section
from tasks_md.nearest import did_you_mean

if TYPE_CHECKING:
    from orchestrator.operations.operation import Operation

_PACKAGE = "orchestrator.operations"

#: Sums up what other rows did: a run gives it more than a `Means`, and makes it itself.
CLOSE_MILESTONE = "close-milestone"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One operation, unloaded."""

    place: str  # module:function
    arguments: type[Section] = NoArguments  # the model of its `with`


OPERATIONS: dict[str, Entry] = {
    "boot-check": Entry(place=f"{_PACKAGE}.boot_check:boot_check", arguments=TierArguments),
    CLOSE_MILESTONE: Entry(place=f"{_PACKAGE}.closing:CloseMilestone"),
    "compose-boot": Entry(place=f"{_PACKAGE}.tier:compose_boot", arguments=BootArguments),
    "migrate-tier": Entry(place=f"{_PACKAGE}.migrating:migrate_tier", arguments=MoveArguments),
    "migration-check": Entry(
        place=f"{_PACKAGE}.migrating:migration_check", arguments=MigrationCheckArguments
    ),
    "noop": Entry(place=f"{_PACKAGE}.operation:noop"),
    "pgvector-init": Entry(place=f"{_PACKAGE}.tier:pgvector_init", arguments=TierArguments),
    "standalone-regression": Entry(
        place=f"{_PACKAGE}.regression:standalone_regression", arguments=TierArguments
    ),
    "tier-detect": Entry(place=f"{_PACKAGE}.tier:tier_detect", arguments=TierArguments),
    "tier-doctor": Entry(place=f"{_PACKAGE}.tier:tier_doctor", arguments=TierArguments),
}


def operation_kinds() -> Kinds:
    """Every operation, ours and those of plug-ins, with what its `with` may have."""
    return Kinds(
        noun="operation",
        group=plugins.OPERATIONS,
        base=Section,
        models={name: one.arguments for name, one in OPERATIONS.items()},
    )


def find_operation(name: str) -> Operation:
    """The operation of this name.

    Raises:
        AgentError: There is none; the hint names those that there are.
        ConfigError: It is a plug-in's, and cannot be loaded.
    """
    if name in OPERATIONS:
        module, _, function = OPERATIONS[name].place.partition(":")
        operation: Operation = getattr(import_module(module), function)
        return operation
    loaded = plugins.load(plugins.OPERATIONS, name)
    if loaded is None:
        names = operation_kinds().names()
        hint = did_you_mean(name, names, f"There are: {', '.join(names)}")
        raise AgentError(f"There is no operation {name!r}", hint=hint)
    return cast("Operation", loaded)
