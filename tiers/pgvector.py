"""pgvector in a database: is it there, could it be, and putting it there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from errors import TierError

# HNSW indexes came with 0.5.
MINIMUM = (0, 5)
_MISSING = (psycopg.errors.FeatureNotSupported, psycopg.errors.UndefinedFile)
_INSTALLED = "SELECT extversion FROM pg_extension WHERE extname = 'vector'"
# Slower: the server reads the files of every extension that it could install.
_AVAILABLE = """
SELECT
    (SELECT default_version FROM pg_available_extensions WHERE name = 'vector'),
    (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
    OR (
        (SELECT bool_or(trusted) FROM pg_available_extension_versions WHERE name = 'vector')
        AND has_database_privilege(current_database(), 'CREATE')
    )
"""


class VectorMissingError(TierError):
    """The server does not have pgvector's library."""


class VectorForbiddenError(TierError):
    """The library is there, and our user may not create the extension."""


class VectorTooOldError(TierError):
    """The extension is there and knows no HNSW index."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VectorState:
    """What a database says about pgvector."""

    installed: str | None  # the extension's version in this database
    available: str | None = None  # the library's version; not asked where it is installed
    allowed: bool = True  # whether our user could create the extension

    def check(self, where: str) -> None:
        """Raise the error that keeps the extension from being used in the database `where`.

        Raises:
            VectorMissingError, VectorForbiddenError, VectorTooOldError: With the remedy.
        """
        if self.installed is not None:
            if version_numbers(self.installed) < MINIMUM:
                raise too_old(where, self.installed)
        elif self.available is None:
            raise missing(where)
        elif not self.allowed:
            raise forbidden(where)


def vector_state(connection: psycopg.Connection[Any]) -> VectorState:
    """Look, and change nothing."""
    with connection.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
        row: TupleRow | None = cursor.execute(_INSTALLED).fetchone()
        if row is not None:
            return VectorState(installed=row[0])
        row = cursor.execute(_AVAILABLE).fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM has one row
    available, allowed = row
    return VectorState(installed=None, available=available, allowed=bool(allowed))


def enable_vector(connection: psycopg.Connection[Any]) -> str:
    """Create the extension where it is not there yet: in the caller's transaction, or in its own.

    Returns its version. Does nothing, and needs no privilege, when it is there.

    Raises:
        VectorMissingError: The server has no pgvector library.
        VectorForbiddenError: Our user may not create extensions here.
        VectorTooOldError: The extension knows no HNSW index.
    """
    info = connection.info
    where = f"{info.dbname} on {info.host}:{info.port}"
    try:
        with connection.transaction():
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    except _MISSING:
        raise missing(where) from None
    except psycopg.errors.InsufficientPrivilege:
        raise forbidden(where) from None
    except psycopg.errors.UniqueViolation:
        pass  # somebody created it between the check and the act: it is there
    version = vector_state(connection).installed or ""
    if version_numbers(version) < MINIMUM:
        raise too_old(where, version)
    return version


def missing(where: str) -> VectorMissingError:
    """The library is not installed beside the server."""
    return VectorMissingError(
        f"pgvector is not installed in the server of {where}",
        hint="Install pgvector beside that Postgres, or use the image pgvector/pgvector:pg17",
    )


def forbidden(where: str) -> VectorForbiddenError:
    """The library is installed, the privilege is not there."""
    return VectorForbiddenError(
        f"The user may not create the extension `vector` in {where}",
        hint="As a superuser run there: CREATE EXTENSION vector",
    )


def too_old(where: str, version: str) -> VectorTooOldError:
    """The extension is from before HNSW indexes."""
    wanted = ".".join(map(str, MINIMUM))
    return VectorTooOldError(
        f"pgvector {version} in {where} is older than {wanted}",
        hint="Install a newer pgvector, then run there: ALTER EXTENSION vector UPDATE",
    )


def version_numbers(version: str) -> tuple[int, ...]:
    """`0.8.2` as numbers that compare; nothing for text that is no version."""
    parts = version.split(".")
    return tuple(int(part) for part in parts) if all(p.isdigit() for p in parts) else ()
