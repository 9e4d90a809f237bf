"""The comparison of a moved sample notices what is not as it was."""

from __future__ import annotations

import psycopg

from tests.integration.tiers.failing import federated, standalone
from tiers.migration.run import migrate
from tiers.sample.compare import CheckedTable, compare, reading
from tiers.sample.fill import fill
from tiers.settings.address import PostgresAddress, ValkeyAddress

DAMAGE = (
    "UPDATE notes SET body = body || ' ' WHERE id = '1'",
    "UPDATE users SET email_verified = NULL WHERE id = '00000000-0000-4000-8000-000000000040'",
    "DELETE FROM team_members WHERE user_id = '00000000-0000-4000-8000-000000000006'",
    "UPDATE tasks SET depends_on = depends_on[2:] WHERE key = 'ROW-120'",
)


def test_it_notices_what_was_lost_and_changed(
    plain_database: PostgresAddress, vector_database: PostgresAddress, valkey_address: ValkeyAddress
) -> None:
    assert fill(plain_database) == 649
    migrate(
        standalone(plain_database),
        federated(vector_database, valkey_address),
        agree=lambda _preview: None,
        progress=lambda _table, _rows: None,
    )

    def compared() -> dict[str, CheckedTable]:
        with reading(plain_database) as there, reading(vector_database) as here:
            return {table.name: table for table in compare(there, here)}

    assert all(table.ok and table.samples for table in compared().values())
    with psycopg.connect(**vector_database.connect_arguments()) as connection:
        for statement in DAMAGE:
            connection.execute(statement)
    found = compared()
    assert found["notes"].differing == ("notes 1: body differs",)
    assert found["users"].differing == (
        "users 00000000-0000-4000-8000-000000000040: email_verified differs",
    )
    assert found["tasks"].differing == (
        "tasks 30000000-0000-4000-8000-000000000120: depends_on differs",
    )
    assert (found["team_members"].source_rows, found["team_members"].target_rows) == (40, 39)
    assert [name for name, table in found.items() if table.ok] == ["teams", "missions"]
