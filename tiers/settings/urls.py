"""Connection URLs taken apart. No message quotes any part of one: a password may be in it."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

# What a URL may have beside its fields. Not what names files with secrets, other servers, or weaker
# ways to log in: of libpq's parameters only those that cannot.
_FURTHER = frozenset(
    {"application_name", "fallback_application_name", "client_encoding", "options"}
    | {"connect_timeout", "tcp_user_timeout", "target_session_attrs", "load_balance_hosts"}
    | {"keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"}
    | {"channel_binding", "gssencmode", "sslcert", "sslkey", "sslcrl", "sslnegotiation", "sslsni"}
    | {"ssl_min_protocol_version", "ssl_max_protocol_version"}
)
_NAMES = {"dbname": "database", "sslmode": "tls", "sslrootcert": "tls_ca"}
_FIELDS = frozenset({"host", "port", "user", "password", "database", "tls", "tls_ca"})
_ENCODE = "write special characters of the password as %XX"
VALKEY_SCHEMES = {"valkey": False, "redis": False, "valkeys": True, "rediss": True}  # -> TLS


def postgres_parts(url: str) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """The settings that a `postgresql://` URL makes, and its further libpq parameters.

    Raises:
        ValueError: It is not one; the message is fit for people.
    """
    if not url.startswith(("postgresql://", "postgres://")):
        raise ValueError("must start with postgresql://")
    # Imported late: it takes a fifth of the time until `mission run` begins, and most need none.
    from psycopg import ProgrammingError  # noqa: PLC0415
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    try:
        given = conninfo_to_dict(url)
    except ProgrammingError:
        given = None
    if given is None or _is_ambiguous(url):
        raise ValueError(f"is not a Postgres URL; {_ENCODE}")
    refused = sorted(given.keys() - _FURTHER - _FIELDS - _NAMES.keys())
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
        raise ValueError(f"is not a Valkey URL; {_ENCODE}") from None
    if _is_ambiguous(url):
        raise ValueError(f"is not a Valkey URL; {_ENCODE}")
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


def _is_ambiguous(url: str) -> bool:
    """Whether a part of the password may stand where something else belongs, and be shown there.

    Of `u:a/b@host/db` libpq makes the host `u` and the database `b@host/db`.
    """
    rest = url.partition("://")[2]
    before_path = re.split(r"[/?#]", rest, maxsplit=1)[0]
    return rest.count("@") > 1 or before_path.count("@") != rest.count("@")
