"""The storage's schema: which version a database has, and bringing it to ours. Forward only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from errors import TierError
from tiers.settings.address import PostgresAddress
from tiers.storage.locks import SCHEMA, advisory_lock

_FOLDER = Path(__file__).parent / "migrations"
_QUOTED = re.compile(r'".*"')
_PATIENCE = 60.0  # seconds that we wait for another runner to finish


class SchemaTooNewError(TierError):
    """The database has a schema that this mission runner does not know."""


def upgrade(address: PostgresAddress, *, vector: bool) -> tuple[str, ...]:
    """Bring the schema to our version, and with `vector` the extension and the embeddings too.

    Each revision is a transaction of its own; killed between two, the next call goes on. A second
    runner waits for the first and then finds nothing to do. Returns the versions.

    Raises:
        SchemaTooNewError: A newer mission runner was here.
        TierError: pgvector cannot be enabled, another runner does not finish, the database refuses.
    """
    try:
        with (
            psycopg.connect(**address.connect_arguments(), autocommit=True) as guard,
            advisory_lock(guard, SCHEMA, patience=_PATIENCE, what="change of the schema"),
        ):
            require_known(schema_versions(guard), address.label)
            if vector:
                # Imported late: nothing about vectors is loaded on the other tiers.
                from tiers.pgvector import enable_vector  # noqa: PLC0415

                enable_vector(guard)
            _run_revisions(address, "heads" if vector else "storage@head")
            return schema_versions(guard)
    except psycopg.Error as error:
        raise TierError(
            f"The schema of {address.label} cannot be changed: {brief(error)}",
            hint="`mission tier doctor` tells how the storage is",
        ) from None


def schema_versions(connection: psycopg.Connection[Any]) -> tuple[str, ...]:
    """The revisions that a database has; none for one that is not ours yet."""
    row = connection.execute("SELECT to_regclass('alembic_version') IS NOT NULL").fetchone()
    if row is None or not row[0]:
        return ()
    rows = connection.execute("SELECT version_num FROM alembic_version ORDER BY 1").fetchall()
    return tuple(str(version) for (version,) in rows)


def require_known(versions: tuple[str, ...], where: str) -> None:
    """Refuse a schema from the future.

    Raises:
        SchemaTooNewError: With the versions that we do not know.
    """
    known = {revision.revision for revision in _scripts().walk_revisions()}
    strange = [version for version in versions if version not in known]
    if strange:
        raise SchemaTooNewError(
            f"The schema of {where} is version {', '.join(strange)}, which is newer than ours",
            hint="Update the mission runner",
        )


def brief(error: psycopg.Error) -> str:
    """The server's first line: what it refused, without the stored data that it may quote."""
    words = error.diag.message_primary or str(error).partition("\n")[0]
    if isinstance(error, psycopg.DataError):
        words = _QUOTED.sub("…", words)
    constraint = error.diag.constraint_name
    return words + (f" ({constraint})" if constraint and constraint not in words else "")


def _run_revisions(address: PostgresAddress, target: str) -> None:
    with _engine_connection(address) as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, target)


@contextmanager
def _engine_connection(address: PostgresAddress) -> Iterator[Any]:
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(**address.connect_arguments()),
        poolclass=NullPool,
    )
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())
