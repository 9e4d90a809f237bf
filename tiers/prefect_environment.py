"""Entry point of the compose profile `scale`: gives Prefect its passwords, then becomes it.

    python -m tiers.prefect_environment COMMAND...

The passwords are files (compose's secrets): `docker inspect` does not show them. Prefect wants one
of them inside a URL, where special characters must be escaped, and compose cannot do that.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

SECRETS = Path("/run/secrets")


def prefect_environment(environment: Mapping[str, str], secrets: Path = SECRETS) -> dict[str, str]:
    """`environment` with what a server asks its clients for; and, where the other secrets are,
    which a worker has not, with all that connects Prefect to our Postgres and Valkey.

    Raises:
        SystemExit: There is nothing to ask for: such a server would run what anybody tells it.
    """
    asked = _auth_string(secrets / "prefect-auth")
    environment = {
        **environment,
        "PREFECT_SERVER_API_AUTH_STRING": asked,
        "PREFECT_API_AUTH_STRING": asked,
    }
    database, valkey = secrets / "database-password", secrets / "valkey-password"
    if not (database.exists() and valkey.exists()):
        return environment
    valkey_password = valkey.read_text()
    return {
        **environment,
        "PREFECT_SERVER_DATABASE_DRIVER": "postgresql+asyncpg",
        "PREFECT_SERVER_DATABASE_HOST": "postgres-federated",
        "PREFECT_SERVER_DATABASE_PORT": "5432",
        "PREFECT_SERVER_DATABASE_NAME": "prefect",
        "PREFECT_SERVER_DATABASE_USER": environment.get("MISSION_DATABASE_USER", "mission"),
        "PREFECT_SERVER_DATABASE_PASSWORD": database.read_text(),
        "PREFECT_REDIS_MESSAGING_HOST": "valkey-federated",
        "PREFECT_REDIS_MESSAGING_PORT": "6379",
        "PREFECT_REDIS_MESSAGING_PASSWORD": valkey_password,
        "PREFECT_SERVER_DOCKET_URL": (
            f"redis://:{quote(valkey_password, safe='')}@valkey-federated:6379/1"
        ),
    }


def _auth_string(file: Path) -> str:
    text = file.read_text().strip() if file.exists() else ""
    if not text:
        raise SystemExit("MISSION_PREFECT_AUTH is not set: give it user:password, with a long one")
    return text


if __name__ == "__main__":
    os.execvpe(sys.argv[1], sys.argv[1:], prefect_environment(os.environ))  # noqa: S606
