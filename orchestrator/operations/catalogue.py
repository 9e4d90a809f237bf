"""Every built-in operation, by the name that `tasks: {ID: {run: NAME}}` uses.

An operation's module is imported when a row runs it: those of the storage tier bring a database
driver along that most missions do without.
"""

from __future__ import annotations

from importlib import import_module

from mission.errors import AgentError
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


def find_operation(name: str) -> Operation:
    """The operation of this name.

    Raises:
        AgentError: There is none; the hint names those that there are.
    """
    if name not in OPERATIONS:
        raise AgentError(
            f"There is no operation {name!r}", hint=f"There are: {', '.join(OPERATIONS)}"
        )
    module, _, function = OPERATIONS[name].partition(":")
    operation: Operation = getattr(import_module(module), function)
    return operation
