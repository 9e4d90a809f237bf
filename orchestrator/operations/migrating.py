"""Operations that move a storage to the federated tier, and that prove that moving works."""

from __future__ import annotations

import time

from errors import UsageError
from mission.amounts import counted
from orchestrator.operations.evidence import OperationEnd
from orchestrator.operations.operation import Means
from orchestrator.operations.tier_operation import TierOperation
from orchestrator.ports.assignment import Assignment
from tiers.migration.check import check_migration
from tiers.migration.places import find_place, label
from tiers.migration.run import is_migrated, migrate, preview_migration
from tiers.settings.model import StorageType, Tier

_KINDS = {"pglite": StorageType.PGLITE, "embedded": StorageType.EMBEDDED}


def migrate_tier(means: Means, assignment: Assignment) -> OperationEnd:
    """Move a storage into the configured federated one. What was moved in whole is left alone.

    `with: {from: STORAGE, leave: [TABLE.COLUMN, ...], allow-non-empty: true, config: FILE}`, as the
    options of `mission tier migrate`; the row itself is the consent that the command would ask for.

    Raises:
        ConfigError: `with` has a mistake.
        TierError: It is refused, or a server is; each table is there in whole or not at all.
        StoppedError: The run was stopped meanwhile; the same holds.
    """
    row = TierOperation(means, assignment)
    named = row.argument("from")
    if not named:
        raise row.mistake(
            "from", "is missing", "Name a storage: local, standalone, a folder, a URL"
        )
    target = row.config()
    source = find_place(named, url_tier=Tier.STANDALONE, folder=row.folder)
    leave = row.words("leave")
    began = time.monotonic()
    if is_migrated(source, target):
        preview = preview_migration(source, target, leave=leave, allow_non_empty=True)
        for table in preview.tables:
            row.proof.add(table.table, f"{table.source_rows} rows there, {table.target_rows} here")
        row.proof.add("migration", "was done before: nothing was written", since=began)
        return row.done(
            f"{preview.source} was moved to {preview.target} before; nothing was written"
        )
    moving = _Moving(row)
    preview, moved = migrate(
        source,
        target,
        agree=lambda _preview: None,
        progress=moving.advance,
        leave=leave,
        stop=means.stop,
        allow_non_empty=row.argument("allow-non-empty") == "True",
    )
    for one in moved:
        found = (
            f"{one.read} rows read, {one.written} written, {one.skipped} skipped;"
            " checksums are equal"
        )
        row.proof.add(one.table, found, seconds=one.seconds)
    if preview.left:
        row.proof.add("left behind", ", ".join(preview.left))
    rows = sum(one.read for one in moved)
    row.proof.add("migration", f"{preview.source} to {preview.target}", since=began)
    return row.done(
        f"{counted(rows, 'row')} in {counted(len(moved), 'table')} from {preview.source}"
        f" to {preview.target}; checksums equal"
    )


def migration_check(means: Means, assignment: Assignment) -> OperationEnd:
    """Move a sample to a database of its own on the tier's server; compare counts and values.

    `with: {source: pglite|embedded, config: FILE}`; without a source PGlite where it is installed.

    Raises:
        ConfigError: `with` has a mistake.
        TierError: A server cannot be used, or the migration was refused.
        StoppedError: The run was stopped meanwhile; nothing of the sample stays.
    """
    row = TierOperation(means, assignment)
    kind = row.argument("source")
    if kind and kind not in _KINDS:
        raise row.mistake("source", f"is {kind!r}", f"There are: {', '.join(_KINDS)}")
    target = row.config()
    if target.tier is not Tier.FEDERATED:
        raise UsageError(f"{label(target)} is of the {target.tier} tier, not of the federated one")
    row.doing("moves a sample")
    found = check_migration(target, kind=_KINDS.get(kind), stop=means.stop)
    row.proof.add("sample", f"in {found.source}", version=found.version, seconds=found.seeded)
    for table in found.tables:
        told = f"{table.source_rows} rows there, {table.target_rows} here; {table.samples} compared"
        row.proof.add(table.name, "; ".join((told, *table.differing)) or told)
    row.proof.add("left behind", ", ".join(found.left))
    row.proof.add("migration", "of the sample", seconds=found.moved)
    if not found.ok:
        named = [line for table in found.tables for line in table.differing]
        short = [table.name for table in found.tables if table.source_rows != table.target_rows]
        told = "; ".join([*(f"{name} has not all rows" for name in short), *named, *found.leaked])
        return row.failed(f"{found.source} did not arrive as it was: {told}")
    rows = sum(table.source_rows for table in found.tables)
    samples = sum(table.samples for table in found.tables)
    return row.done(
        f"{counted(rows, 'row')} of a sample in {found.source} {found.version} arrived,"
        f" {samples} compared value by value, secrets left behind"
    )


class _Moving:
    """Shows how far a migration is."""

    def __init__(self, row: TierOperation) -> None:
        self._row = row
        self._rows: dict[str, int] = {}

    def advance(self, table: str, rows: int) -> None:
        """So many rows more."""
        self._rows[table] = self._rows.get(table, 0) + rows
        self._row.doing("migrates", f"{table}: {self._rows[table]} rows")
