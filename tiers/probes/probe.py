"""What a look at one service comes to, and what people are told when it cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

from pydantic import SecretStr

from tiers.settings.address import PostgresAddress, ValkeyAddress


class Service(StrEnum):
    """What is looked at, as people call it."""

    POSTGRES = "Postgres"
    PGVECTOR = "pgvector"
    VALKEY = "Valkey"
    FOLDER = "storage folder"  # of the local tier


class Cause(StrEnum):
    """Why a service cannot be used."""

    DNS = "dns"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    OTHER_PROTOCOL = "other-protocol"  # something else listens there
    TLS_DEMANDED = "tls-demanded"
    TLS_ABSENT = "tls-absent"
    CERTIFICATE = "certificate"
    CREDENTIALS = "credentials"
    IN_CLEAR = "in-clear"  # it wants the password as it is
    NOT_ADMITTED = "not-admitted"  # the server's own rules keep us out
    DATABASE = "database"
    STARTING = "starting"
    CONNECTIONS = "connections"
    TOO_OLD = "too-old"
    READ_ONLY = "read-only"
    MEMORY = "memory"
    DISK = "disk"
    VECTOR_MISSING = "vector-missing"
    VECTOR_FORBIDDEN = "vector-forbidden"
    VECTOR_TOO_OLD = "vector-too-old"
    FOLDER = "folder"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Why a service cannot be used, and what to do. Neither text holds a credential."""

    cause: Cause
    message: str  # names service, host and port
    remedy: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ProbeResult:
    """One look at one service."""

    service: Service
    where: str  # host:port, or a folder
    failure: Failure | None = None  # None: it can be used
    version: str | None = None  # the server's, or the extension's
    milliseconds: float | None = None  # from the first packet to the last answer
    detail: str = ""  # what else is worth knowing, one line


@dataclass(frozen=True, kw_only=True, slots=True)
class _Text:
    message: str  # goes on after "SERVICE at WHERE "
    remedy: str


_UP = "start it (`mission tier up`)"
_TEXTS: dict[Cause, _Text] = {
    Cause.DNS: _Text(
        message="cannot be found: the name {host} does not resolve",
        remedy="Correct {section}.host, or this machine's DNS",
    ),
    Cause.REFUSED: _Text(
        message="refuses the connection: nothing listens there",
        remedy=f"Correct {{section}}.host and {{section}}.port, or {_UP}",
    ),
    Cause.UNREACHABLE: _Text(
        message="cannot be reached: there is no route to it",
        remedy="Check the network between here and {host}, or correct {section}.host",
    ),
    Cause.TIMEOUT: _Text(
        message="does not answer in time",
        remedy="Check the firewall before {host} and the server's load, or correct {section}.host",
    ),
    Cause.OTHER_PROTOCOL: _Text(
        message="is not {service}: something else answers there",
        remedy="Correct {section}.port",
    ),
    Cause.TLS_DEMANDED: _Text(
        message="takes encrypted connections only",
        remedy="Set {section}.tls to verify-full (or require, which does not check the server)",
    ),
    Cause.TLS_ABSENT: _Text(
        message="offers no encryption, and {section}.tls demands it",
        remedy="Switch TLS on in the server, or on loopback set {section}.tls to disable",
    ),
    Cause.CERTIFICATE: _Text(
        message="has a certificate that does not hold for {host}",
        remedy="Set {section}.tls_ca to the authority's certificate, or renew the server's",
    ),
    Cause.CREDENTIALS: _Text(
        message="refuses user and password",
        remedy="Correct {section}.user and {section}.password (or MISSION_{prefix}_PASSWORD)",
    ),
    Cause.IN_CLEAR: _Text(
        message="asks for the password in a way that would give it away",
        remedy="Let the server use scram-sha-256, or set {section}.tls to verify-full",
    ),
    Cause.NOT_ADMITTED: _Text(
        message="does not admit this machine, user or database",
        remedy="Allow it in the server: {admission}",
    ),
    Cause.DATABASE: _Text(
        message="has no database {database}",
        remedy="Correct {section}.{database_key}, or {new_database}",
    ),
    Cause.STARTING: _Text(
        message="is starting up or shutting down",
        remedy="Wait until it is ready, then try again",
    ),
    Cause.CONNECTIONS: _Text(
        message="has no connection free",
        remedy="Close connections, or raise {connections} in the server",
    ),
    Cause.TOO_OLD: _Text(
        message="is {detail}, which is too old",
        remedy="Upgrade the server",
    ),
    Cause.READ_ONLY: _Text(
        message="is read-only",
        remedy="Point {section}.host at the primary server",
    ),
    Cause.MEMORY: _Text(
        message="is out of memory: it takes no writes",
        remedy="Raise maxmemory in the server, or remove what it keeps",
    ),
    Cause.DISK: _Text(
        message="takes no writes: it cannot save to its disk",
        remedy="Free space on the server's disk and look at its log",
    ),
    Cause.OTHER: _Text(
        message="cannot be used: {detail}",
        remedy="Look at the server's log",
    ),
}


def failure(cause: Cause, address: PostgresAddress | ValkeyAddress, *, detail: str = "") -> Failure:
    """What people are told about `cause` at `address`."""
    postgres = isinstance(address, PostgresAddress)
    words = {
        "service": Service.POSTGRES if postgres else Service.VALKEY,
        "host": address.host,
        "section": "storage" if postgres else "queue",
        "prefix": "DATABASE" if postgres else "VALKEY",
        "admission": "pg_hba.conf" if postgres else "protected-mode and bind",
        "connections": "max_connections" if postgres else "maxclients",
        "database": str(getattr(address, "database", getattr(address, "number", ""))),
        "database_key": "database" if postgres else "number",
        "new_database": "create the database" if postgres else "raise `databases` in the server",
        "detail": detail,
    }
    text = _TEXTS[cause]
    return Failure(
        cause=cause,
        message=f"{words['service']} at {address.where} {text.message.format(**words)}",
        remedy=text.remedy.format(**words),
    )


def without_secret(text: str, password: SecretStr | None) -> str:
    """A server's own words on one line, or none of them when they hold the password.

    Taking it out instead would show where it stood, and how long it is.
    """
    line = " ".join(text.split())
    secret = password.get_secret_value() if password is not None else ""
    if secret and any(
        form in line for form in (secret, quote(secret, safe=""), repr(secret)[1:-1])
    ):
        return "its message holds the password and is not shown"
    return line
