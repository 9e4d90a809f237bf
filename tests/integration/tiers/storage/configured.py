"""Configuration files for databases of the tests."""

from __future__ import annotations

import json
from pathlib import Path

from tests.services import PASSWORD
from tiers.settings.address import PostgresAddress, ValkeyAddress


def configured(
    file: Path, tier: str, address: PostgresAddress, valkey: ValkeyAddress | None = None
) -> str:
    """Write a configuration of `tier` on these servers; its path."""
    password = PASSWORD.get_secret_value()
    values: dict[str, object] = {
        "tier": tier,
        "storage": {
            "host": address.host,
            "port": address.port,
            "user": address.user,
            "database": address.database,
            "password": password,
        },
    }
    if valkey is not None:
        values["queue"] = {"host": valkey.host, "port": valkey.port, "password": password}
    file.write_text(json.dumps(values))
    return str(file)
