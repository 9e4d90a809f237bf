"""Where a service is, and with which credentials: safe to print, compare and log."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import SecretStr

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Tls(StrEnum):
    """How far the connection is encrypted and the server is checked; libpq's words."""

    DISABLE = "disable"
    PREFER = "prefer"  # encrypted where the server can; Postgres only
    REQUIRE = "require"  # encrypted, the server is not checked
    VERIFY_CA = "verify-ca"  # ... and its certificate is signed by a known authority
    VERIFY_FULL = "verify-full"  # ... and names the host


@dataclass(frozen=True, kw_only=True, slots=True)
class PostgresAddress:
    """A database in a Postgres server. Its `repr` and `label` hold no secret."""

    host: str = "127.0.0.1"  # name or address; a folder that starts with `/` is a Unix socket's
    port: int = 5432
    database: str = "mission"
    user: str = "mission"
    password: SecretStr | None = None  # None: libpq's own files, or the server asks for none
    tls: Tls = Tls.PREFER
    tls_ca: Path | None = None  # certificates of the authorities that are trusted
    parameters: tuple[tuple[str, str], ...] = ()  # further libpq parameters, none secret
    named_by_file: bool = False  # in a repository: PGPASSWORD is not meant for it

    @property
    def where(self) -> str:
        """`host:port`, an IPv6 address in brackets."""
        return join_host_port(self.host, self.port)

    @property
    def label(self) -> str:
        """The address as people read it, without the password."""
        return f"postgresql://{self.user}@{self.where}/{self.database}"

    def connect_arguments(self, *, timeout: timedelta | None = None) -> dict[str, Any]:
        """The keyword arguments of `psycopg.connect`. They hold the password: never log them.

        `timeout` bounds each attempt to connect; libpq counts whole seconds and at least two.
        """
        nothing = "" if self.named_by_file else None
        arguments: dict[str, Any] = dict(self.parameters)
        arguments |= {
            "host": self.host,
            "port": self.port,
            "dbname": self.database,
            "user": self.user,
            "sslmode": self.tls.value,
            # None leaves it to libpq: PGPASSWORD and ~/.pgpass. An empty one to the latter alone,
            # which says for which server each is.
            "password": self.password.get_secret_value() if self.password else nothing,
        }
        if self.tls not in (Tls.VERIFY_CA, Tls.VERIFY_FULL) and not self.host.startswith("/"):
            # Whoever answers there may not have the password. SCRAM proves it without telling it;
            # MD5 tells enough to try words, so that it is for this machine alone.
            near = "md5," if self.host in LOOPBACK else ""
            arguments["require_auth"] = f"scram-sha-256,{near}none"
        if self.tls in (Tls.VERIFY_CA, Tls.VERIFY_FULL):
            # Without it libpq looks in the home folder only, never among the system's authorities.
            system = ssl.get_default_verify_paths().cafile
            arguments["sslrootcert"] = str(self.tls_ca or system or "system")
        if timeout is not None:
            arguments["connect_timeout"] = max(2, round(timeout.total_seconds()))
        return arguments


@dataclass(frozen=True, kw_only=True, slots=True)
class ValkeyAddress:
    """A Valkey or Redis server. Its `repr` and `label` hold no secret."""

    host: str = "127.0.0.1"  # name or address
    port: int = 6379
    number: int = 0  # of the database within the server
    user: str | None = None  # None: the server's default user
    password: SecretStr | None = None
    tls: Tls = Tls.DISABLE
    tls_ca: Path | None = None  # certificates of the authorities that are trusted

    @property
    def where(self) -> str:
        """`host:port`, an IPv6 address in brackets."""
        return join_host_port(self.host, self.port)

    @property
    def label(self) -> str:
        """The address as people read it, without the password."""
        scheme = "valkey" if self.tls is Tls.DISABLE else "valkeys"
        user = f"{self.user}@" if self.user else ""
        return f"{scheme}://{user}{self.where}/{self.number}"

    def connect_arguments(self, *, timeout: timedelta | None = None) -> dict[str, Any]:
        """The keyword arguments of `redis.Redis`. They hold the password: never log them.

        `timeout` bounds each attempt to connect and each answer.
        """
        arguments: dict[str, Any] = {
            "host": self.host,
            "port": self.port,
            "db": self.number,
            "username": self.user,
            "password": self.password.get_secret_value() if self.password else None,
        }
        if self.tls is not Tls.DISABLE:
            arguments |= {
                "ssl": True,
                "ssl_cert_reqs": "none" if self.tls is Tls.REQUIRE else "required",
                "ssl_check_hostname": self.tls is Tls.VERIFY_FULL,
            }
            if self.tls_ca is not None:
                arguments["ssl_ca_certs"] = str(self.tls_ca)
        if timeout is not None:
            seconds = timeout.total_seconds()
            arguments |= {"socket_connect_timeout": seconds, "socket_timeout": seconds}
        return arguments


def join_host_port(host: str, port: int) -> str:
    """`host:port`, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
