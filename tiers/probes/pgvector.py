"""One look at pgvector in a database of the federated tier."""

from __future__ import annotations

import time
from typing import Any

import psycopg

from tiers.pgvector import VectorForbiddenError, VectorMissingError, VectorTooOldError, vector_state
from tiers.probes.probe import Cause, Failure, ProbeResult, Service
from tiers.settings.address import PostgresAddress


def probe_pgvector(connection: psycopg.Connection[Any], address: PostgresAddress) -> ProbeResult:
    """Ask the catalogue, and use the extension where it is; change nothing.

    Raises:
        psycopg.Error: The connection broke.
    """
    start = time.monotonic()
    where = f"{address.database} on {address.where}"
    found: Failure | None = None
    state = vector_state(connection)
    try:
        state.check(where)
        if state.installed is not None:
            # The library itself, not just its entry in the catalogue.
            connection.execute("SELECT '[1,2]'::vector <-> '[2,1]'::vector")
    except VectorMissingError as error:
        found = Failure(cause=Cause.VECTOR_MISSING, message=error.message, remedy=error.hint)
    except VectorForbiddenError as error:
        found = Failure(cause=Cause.VECTOR_FORBIDDEN, message=error.message, remedy=error.hint)
    except VectorTooOldError as error:
        found = Failure(cause=Cause.VECTOR_TOO_OLD, message=error.message, remedy=error.hint)
    return ProbeResult(
        service=Service.PGVECTOR,
        where=address.where,
        failure=found,
        version=state.installed or state.available,
        milliseconds=round((time.monotonic() - start) * 1000, 1),
        detail="" if state.installed or found else "not created yet: the first use will",
    )
