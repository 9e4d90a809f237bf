"""Connection URLs taken apart. No message quotes any part of one: a password may be in it."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

_NEVER = frozenset({"passfile", "sslpassword", "service", "servicefile", "hostaddr"})
_NAMES = {"dbname": "database", "sslmode": "tls", "sslrootcert": "tls_ca"}
_FIELDS = frozenset({"host", "port", "user", "password", "database", "tls", "tls_ca"})
VALKEY_SCHEMES = {"valkey": False, "redis": False, "valkeys": True, "rediss": True}  # -> TLS


def postgres_parts(url: str) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """The settings that a `postgresql://` URL makes, and its further libpq parameters.

    Raises:
        ValueError: It is not one; the message is fit for people.
    """
    if not url.startswith(("postgresql://", "postgres://")):
        raise ValueError("must start with postgresql://")
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        hint = "write special characters of the password as %XX"
        raise ValueError(f"is not a Postgres URL; {hint}") from None
    refused = sorted(_NEVER & given.keys())
    if refused:
        raise ValueError(f"must not have the parameter `{refused[0]}`")
    named = {_NAMES.get(name, name): str(value) for name, value in given.items() if value != ""}
    parts = {name: value for name, value in named.items() if name in _FIELDS}
    return parts, tuple(sorted((n, v) for n, v in named.items() if n not in _FIELDS))


def valkey_parts(url: str) -> dict[str, str]:
    """The settings that a `valkey://`, `valkeys://`, `redis://` or `rediss://` URL makes.

    Raises:
        ValueError: It is not one; the message is fit for people.
    """
    try:
        split = urlsplit(url)
        port = split.port
    except ValueError:
        hint = "write special characters of the password as %XX"
        raise ValueError(f"is not a Valkey URL; {hint}") from None
    if split.scheme not in VALKEY_SCHEMES:
        raise ValueError(
            "must start with valkey:// or redis://, or valkeys:// or rediss:// for TLS"
        )
    if split.query or split.fragment:
        raise ValueError("must not have anything after the database's number")
    parts = {
        "host": split.hostname,
        "port": str(port) if port is not None else None,
        "user": unquote(split.username) if split.username else None,
        "password": unquote(split.password) if split.password else None,
        "number": split.path.strip("/") or None,
        "tls": "verify-full" if VALKEY_SCHEMES[split.scheme] else None,
    }
    return {name: value for name, value in parts.items() if value is not None}
