"""The operations of the federated tier as Prefect tasks: what rows run with `run: NAME`.

Each has its operation's name, ends as the operation does, and carries its evidence as an artifact.
"""

from __future__ import annotations

from flows.operation_task import OperationTask, operation_task

compose_boot = operation_task("compose-boot")
pgvector_init = operation_task("pgvector-init")
tier_detect = operation_task("tier-detect")
tier_doctor = operation_task("tier-doctor")
migrate_tier = operation_task("migrate-tier")
migration_check = operation_task("migration-check")
boot_check = operation_task("boot-check")
standalone_regression = operation_task("standalone-regression")
close_milestone = operation_task("close-milestone")

TASKS: dict[str, OperationTask] = {
    one.name: one
    for one in (
        compose_boot,
        pgvector_init,
        tier_detect,
        tier_doctor,
        migrate_tier,
        migration_check,
        boot_check,
        standalone_regression,
        close_milestone,
    )
}
