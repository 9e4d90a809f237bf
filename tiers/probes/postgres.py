"""One look at a Postgres server and at pgvector in it."""

from __future__ import annotations

import socket
import struct
import time
from datetime import timedelta
from typing import Any

import psycopg

from tiers.probes.probe import Cause, Failure, ProbeResult, Service, failure, without_secret
from tiers.settings.address import PostgresAddress, Tls

# The oldest that every tier works with: from it on a server notices that a killed client is gone
# (`client_connection_check_interval`), and those before it get no more fixes.
MINIMUM = 14
MINIMUM_VECTOR = 17  # the oldest of the federated tier

# libpq gives no error codes for a connection that does not come about, only words, its own and the
# server's. The first that fits counts, so the most telling come first: `localhost` may be refused
# at one of its addresses and answer at the other, and without demanded encryption both ways are
# tried.
_WORDS: tuple[tuple[Cause, tuple[str, ...]], ...] = (
    (Cause.CONNECTIONS, ("too many clients", "connection slots", "too many connections")),
    (Cause.IN_CLEAR, ("authentication method requirement",)),
    (Cause.CREDENTIALS, ("authentication failed", "no password supplied", 'role "')),
    (Cause.NOT_ADMITTED, ("no pg_hba.conf entry", "pg_hba.conf rejects", "permission denied for")),
    (Cause.DATABASE, ('database "',)),
    (Cause.STARTING, ("the database system is",)),
    (Cause.TLS_ABSENT, ("server does not support SSL",)),
    (Cause.CERTIFICATE, ("certificate",)),
    (Cause.TIMEOUT, ("timeout expired", "timed out")),
    (Cause.DNS, ("failed to resolve", "could not translate host name")),
    (Cause.UNREACHABLE, ("No route to host", "unreachable")),
    (Cause.REFUSED, ("Connection refused", "No such file or directory")),
    (Cause.OTHER_PROTOCOL, ("invalid response to SSL", "expected authentication request")),
    (Cause.OTHER_PROTOCOL, ("server closed the connection unexpectedly", "SSL SYSCALL error")),
)
_TLS_QUESTION = struct.pack("!ii", 8, 80877103)  # the protocol's SSLRequest
_ASK_SECONDS = 1.0
_FACTS = """
SELECT current_setting('server_version'),
       current_setting('server_version_num')::int,
       pg_is_in_recovery() OR current_setting('default_transaction_read_only')::bool
"""


def probe_postgres(
    address: PostgresAddress, *, vector: bool, timeout: timedelta
) -> tuple[ProbeResult, ...]:
    """Connect and ask; change nothing. With `vector` a second result is about pgvector."""
    start = time.monotonic()
    try:
        with psycopg.connect(
            **address.connect_arguments(timeout=timeout), autocommit=True
        ) as connection:
            milliseconds = round(timeout.total_seconds() * 1000)
            connection.execute(f"SET statement_timeout = {milliseconds}")
            return _look(connection, address, vector=vector, start=start)
    except psycopg.Error as error:
        found = explain(error, address)
        return (ProbeResult(service=Service.POSTGRES, where=address.where, failure=found),)


def explain(error: psycopg.Error, address: PostgresAddress) -> Failure:
    """Why psycopg could not do what was asked."""
    if isinstance(error, psycopg.errors.ConnectionTimeout | psycopg.errors.QueryCanceled):
        return failure(Cause.TIMEOUT, address)
    text = str(error)
    for cause, words in _WORDS:
        if any(word in text for word in words):
            return failure(_or_tls(cause, address), address)
    return failure(Cause.OTHER, address, detail=without_secret(text, address.password))


def newer_needed(version_number: int, *, vector: bool) -> int | None:
    """The major version that a server is too old for; None if it is new enough.

    Args:
        version_number: Its `server_version_num`: 130022 is 13.22, 90624 is 9.6.24.
        vector: Whether it is for the federated tier.
    """
    needed = MINIMUM_VECTOR if vector else MINIMUM
    return needed if version_number < needed * 10_000 else None


def _or_tls(cause: Cause, address: PostgresAddress) -> Cause:
    """A server that admits encrypted connections only says no more than that it does not admit."""
    if cause is not Cause.NOT_ADMITTED or address.tls is not Tls.DISABLE:
        return cause  # libpq tried TLS, if it was offered
    try:
        with socket.create_connection((address.host, address.port), timeout=_ASK_SECONDS) as plain:
            plain.sendall(_TLS_QUESTION)
            return Cause.TLS_DEMANDED if plain.recv(1) == b"S" else cause
    except OSError:
        return cause


def _look(
    connection: psycopg.Connection[Any], address: PostgresAddress, *, vector: bool, start: float
) -> tuple[ProbeResult, ...]:
    row = connection.execute(_FACTS).fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM has one row
    version, version_number, read_only = row
    number = version.split()[0]
    found = None
    needed = newer_needed(version_number, vector=vector)
    if needed is not None:
        detail = f"version {number} and the tier needs {needed}"
        found = failure(Cause.TOO_OLD, address, detail=detail)
    elif read_only:
        found = failure(Cause.READ_ONLY, address)
    server = ProbeResult(
        service=Service.POSTGRES,
        where=address.where,
        failure=found,
        version=number,
        milliseconds=_since(start),
    )
    if not vector:
        return (server,)
    # Imported late: nothing about vectors is loaded on the other tiers.
    from tiers.probes.pgvector import probe_pgvector  # noqa: PLC0415

    return (server, probe_pgvector(connection, address))


def _since(start: float) -> float:
    return round((time.monotonic() - start) * 1000, 1)
