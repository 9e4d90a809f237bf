"""Every built-in operation, by the name that `tasks: {ID: {run: NAME}}` uses, and its arguments.

An operation's module is imported when a row runs it: those of the storage tier bring a database
driver along that most missions do without.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from errors import AgentError
from tasks_md.nearest import did_you_mean

if TYPE_CHECKING:
    from orchestrator.operations.operation import Operation

_CONFIG = frozenset({"config"})  # where the tier's configuration is
_PACKAGE = "orchestrator.operations"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One operation, unloaded."""

    place: str  # module:function
    arguments: frozenset[str] = frozenset()  # what its `with` may have


OPERATIONS: dict[str, Entry] = {
    "boot-check": Entry(place=f"{_PACKAGE}.boot_check:boot_check", arguments=_CONFIG),
    "close-milestone": Entry(place=f"{_PACKAGE}.closing:close_milestone"),
    "compose-boot": Entry(place=f"{_PACKAGE}.tier:compose_boot", arguments=_CONFIG | {"with"}),
    "migrate-tier": Entry(
        place=f"{_PACKAGE}.migrating:migrate_tier",
        arguments=_CONFIG | {"from", "leave", "allow-non-empty"},
    ),
    "migration-check": Entry(
        place=f"{_PACKAGE}.migrating:migration_check", arguments=_CONFIG | {"source"}
    ),
    "noop": Entry(place=f"{_PACKAGE}.operation:noop"),
    "pgvector-init": Entry(place=f"{_PACKAGE}.tier:pgvector_init", arguments=_CONFIG),
    "standalone-regression": Entry(
        place=f"{_PACKAGE}.regression:standalone_regression", arguments=_CONFIG
    ),
    "tier-detect": Entry(place=f"{_PACKAGE}.tier:tier_detect", arguments=_CONFIG),
    "tier-doctor": Entry(place=f"{_PACKAGE}.tier:tier_doctor", arguments=_CONFIG),
}


def find_operation(name: str) -> Operation:
    """The operation of this name.

    Raises:
        AgentError: There is none; the hint names those that there are.
    """
    if name not in OPERATIONS:
        hint = did_you_mean(name, OPERATIONS, f"There are: {', '.join(OPERATIONS)}")
        raise AgentError(f"There is no operation {name!r}", hint=hint)
    module, _, function = OPERATIONS[name].place.partition(":")
    operation: Operation = getattr(import_module(module), function)
    return operation
