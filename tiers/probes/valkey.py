"""One look at a Valkey or Redis server."""

from __future__ import annotations

import socket
import ssl
import time
from datetime import timedelta

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tiers.probes.probe import Cause, Failure, ProbeResult, Service, failure, without_secret
from tiers.settings.address import Tls, ValkeyAddress

MINIMUM = (6, 2)
# Written and gone after a second: only a write tells whether the server takes any.
PROBE_KEY = "mission:probe"

# Beginnings of the server's errors that have no class of their own in redis-py, or several.
_PREFIXES: tuple[tuple[Cause, tuple[str, ...]], ...] = (
    (
        Cause.CREDENTIALS,
        ("WRONGPASS", "NOAUTH", "NOPERM", "AUTH", "invalid username"),
    ),
    (Cause.NOT_ADMITTED, ("DENIED",)),
    (Cause.READ_ONLY, ("READONLY", "You can't write against a read only replica")),
    (Cause.MEMORY, ("OOM", "command not allowed when used memory")),
    (Cause.DISK, ("MISCONF",)),
    (Cause.STARTING, ("LOADING", "Redis is loading", "MASTERDOWN", "BUSY")),
    (Cause.CONNECTIONS, ("max number of clients reached",)),
    (Cause.DATABASE, ("DB index is out of range", "invalid DB index", "ERR DB index")),
)


_KINDS: tuple[tuple[type[BaseException], Cause], ...] = (
    (socket.gaierror, Cause.DNS),
    (ssl.SSLCertVerificationError, Cause.CERTIFICATE),
    (ssl.SSLError, Cause.TLS_ABSENT),
    (ConnectionRefusedError, Cause.REFUSED),
)
_WORDS = {
    "CERTIFICATE": Cause.CERTIFICATE,
    "No route to host": Cause.UNREACHABLE,
    "unreachable": Cause.UNREACHABLE,
}
# Parts of the time: for the server's answer, and for a second look at what it speaks.
_FIRST_LOOK, _SECOND_LOOK = 0.75, 0.2


def probe_valkey(address: ValkeyAddress, *, timeout: timedelta) -> ProbeResult:
    """Connect, ask, and write one key that expires at once."""
    start = time.monotonic()
    arguments = address.connect_arguments(timeout=timeout * _FIRST_LOOK)
    try:
        with redis.Redis(**arguments, retry=Retry(NoBackoff(), 0)) as client:
            facts = client.info("server")
            client.set(PROBE_KEY, "1", px=1000)
    except (redis.RedisError, OSError, ValueError) as error:
        found = explain(error, address, timeout=timeout)
        return ProbeResult(service=Service.VALKEY, where=address.where, failure=found)
    version = str(facts.get("valkey_version") or facts["redis_version"])
    product = "Valkey" if "valkey_version" in facts else "Redis"
    found_old = None
    if tuple(int(part) for part in version.split(".")[:2]) < MINIMUM:
        wanted = ".".join(map(str, MINIMUM))
        detail = f"version {version} and the tier needs {wanted}"
        found_old = failure(Cause.TOO_OLD, address, detail=detail)
    return ProbeResult(
        service=Service.VALKEY,
        where=address.where,
        failure=found_old,
        version=version,
        milliseconds=round((time.monotonic() - start) * 1000, 1),
        detail=product,
    )


def explain(error: Exception, address: ValkeyAddress, *, timeout: timedelta) -> Failure:
    """Why redis-py could not do what was asked."""
    cause = _cause(error, address, timeout)
    if cause is Cause.OTHER:
        return failure(cause, address, detail=without_secret(str(error), address.password))
    return failure(cause, address)


def _cause(error: Exception, address: ValkeyAddress, timeout: timedelta) -> Cause:
    text = str(error)
    for cause, beginnings in _PREFIXES:
        if any(beginning in text for beginning in beginnings):
            return cause
    origin = error.__cause__ or error.__context__ or error
    for kind, cause in _KINDS:
        if isinstance(origin, kind):
            return cause
    for word, cause in _WORDS.items():
        if word in text:
            return cause
    seconds = timeout.total_seconds() * _SECOND_LOOK
    silent = isinstance(error, redis.TimeoutError | TimeoutError)
    if address.tls is Tls.DISABLE and _speaks_tls(address, seconds):
        return Cause.TLS_DEMANDED
    if address.tls is not Tls.DISABLE and _speaks_plainly(address, seconds):
        return Cause.TLS_ABSENT
    return Cause.TIMEOUT if silent else Cause.OTHER_PROTOCOL


def _speaks_tls(address: ValkeyAddress, seconds: float) -> bool:
    """Whether a TLS handshake gets an answer there. Nothing is sent over it."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # nothing secret is sent: it is only asked what it speaks
    try:
        with (
            socket.create_connection((address.host, address.port), timeout=seconds) as plain,
            context.wrap_socket(plain, server_hostname=address.host),
        ):
            return True
    except OSError:  # ssl.SSLError is one
        return False


def _speaks_plainly(address: ValkeyAddress, seconds: float) -> bool:
    """Whether an unencrypted PING gets an answer there, even one that asks for a password."""
    try:
        with socket.create_connection((address.host, address.port), timeout=seconds) as plain:
            plain.sendall(b"PING\r\n")
            return plain.recv(1) in (b"+", b"-")
    except OSError:
        return False
