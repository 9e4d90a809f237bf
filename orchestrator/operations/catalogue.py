"""Every built-in operation, by the name that `tasks: {ID: {run: NAME}}` uses, and its arguments.

An operation's module is imported when a row runs it: those of the storage tier bring a database
driver along that most missions do without.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from mission.errors import AgentError
from tasks_md.nearest import did_you_mean

if TYPE_CHECKING:
    from orchestrator.operations.operation import Operation

OPERATIONS: dict[str, str] = {  # name -> module:function
    "boot-check": "orchestrator.operations.boot_check:boot_check",
    "close-milestone": "orchestrator.operations.closing:close_milestone",
    "compose-boot": "orchestrator.operations.tier:compose_boot",
    "migrate-tier": "orchestrator.operations.migrating:migrate_tier",
    "migration-check": "orchestrator.operations.migrating:migration_check",
    "noop": "orchestrator.operations.operation:noop",
    "pgvector-init": "orchestrator.operations.tier:pgvector_init",
    "standalone-regression": "orchestrator.operations.regression:standalone_regression",
    "tier-detect": "orchestrator.operations.tier:tier_detect",
    "tier-doctor": "orchestrator.operations.tier:tier_doctor",
}

# Where `with` may name the tier's configuration.
_CONFIG = frozenset({"config"})

ARGUMENTS: dict[str, frozenset[str]] = {  # name -> what its `with` may have
    "boot-check": _CONFIG,
    "close-milestone": frozenset(),
    "compose-boot": _CONFIG | {"with"},
    "migrate-tier": _CONFIG | {"from", "leave", "allow-non-empty"},
    "migration-check": _CONFIG | {"source"},
    "noop": frozenset(),
    "pgvector-init": _CONFIG,
    "standalone-regression": _CONFIG,
    "tier-detect": _CONFIG,
    "tier-doctor": _CONFIG,
}


def find_operation(name: str) -> Operation:
    """The operation of this name.

    Raises:
        AgentError: There is none; the hint names those that there are.
    """
    if name not in OPERATIONS:
        hint = did_you_mean(name, OPERATIONS, f"There are: {', '.join(OPERATIONS)}")
        raise AgentError(f"There is no operation {name!r}", hint=hint)
    module, _, function = OPERATIONS[name].partition(":")
    operation: Operation = getattr(import_module(module), function)
    return operation
