"""What people are told about a service that cannot be used."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from tests.services import PASSWORD
from tiers.pgvector import VectorState, version_numbers
from tiers.probes.postgres import explain as explain_postgres
from tiers.probes.postgres import newer_needed
from tiers.probes.probe import Cause, failure, without_secret
from tiers.probes.valkey import explain as explain_valkey
from tiers.settings.address import PostgresAddress, ValkeyAddress

_OWN = {Cause.VECTOR_MISSING, Cause.VECTOR_FORBIDDEN, Cause.VECTOR_TOO_OLD, Cause.FOLDER}
_SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("cause", sorted(set(Cause) - _OWN))
@pytest.mark.parametrize(
    "address", [PostgresAddress(host="h", port=1), ValkeyAddress(host="h", port=1)]
)
def test_every_cause_has_a_message_and_a_remedy(
    cause: Cause, address: PostgresAddress | ValkeyAddress
) -> None:
    found = failure(cause, address, detail="x")
    assert " at h:1 " in found.message
    assert found.remedy
    assert "{" not in found.message + found.remedy


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        # What one cannot bring about on loopback.
        ('connection to server at "h", port 1 failed: No route to host', Cause.UNREACHABLE),
        ('connection to server at "h", port 1 failed: Network is unreachable', Cause.UNREACHABLE),
        ('connection to server at "h", port 1 failed: Connection timed out', Cause.TIMEOUT),
        ("FATAL:  the database system is shutting down", Cause.STARTING),
        ("FATAL:  the database system is in recovery mode", Cause.STARTING),
        ("FATAL:  the database system is not yet accepting connections", Cause.STARTING),
        ('FATAL:  too many connections for role "mission"', Cause.CONNECTIONS),
        (
            "FATAL:  remaining connection slots are reserved for roles with SUPERUSER",
            Cause.CONNECTIONS,
        ),
        ("FATAL:  something new", Cause.OTHER),
    ],
)
def test_words_of_postgres(text: str, cause: Cause) -> None:
    assert explain_postgres(psycopg.OperationalError(text), PostgresAddress()).cause is cause


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (
            redis.ConnectionError("Error 113 connecting to h:1. No route to host."),
            Cause.UNREACHABLE,
        ),
        (redis.BusyLoadingError("Redis is loading the dataset in memory"), Cause.STARTING),
        (redis.ResponseError("DENIED Redis is running in protected mode"), Cause.NOT_ADMITTED),
        (redis.ResponseError("NOPERM this user has no permissions"), Cause.CREDENTIALS),
    ],
)
def test_words_of_valkey(error: redis.RedisError, cause: Cause) -> None:
    assert explain_valkey(error, ValkeyAddress(port=1), timeout=_SECOND).cause is cause


@pytest.mark.parametrize(
    ("version_number", "standalone", "federated"),
    [
        (90624, 14, 17),  # 9.6.24: the numbers had three parts then
        (100023, 14, 17),
        (130099, 14, 17),
        (140000, None, 17),
        (150018, None, 17),
        (160014, None, 17),
        (170000, None, None),
        (180006, None, None),
    ],
)
def test_how_old_a_postgres_may_be(
    version_number: int, standalone: int | None, federated: int | None
) -> None:
    """No registry that CI reaches has a Postgres before 14; 15 is refused for real elsewhere."""
    assert newer_needed(version_number, vector=False) == standalone
    assert newer_needed(version_number, vector=True) == federated


def test_an_unknown_error_is_quoted_without_the_password() -> None:
    address = PostgresAddress(password=PASSWORD)
    secret = PASSWORD.get_secret_value()
    quoted = explain_postgres(psycopg.OperationalError("FATAL:  something\nnew"), address)
    assert quoted.message.endswith("cannot be used: FATAL: something new")
    kept = explain_postgres(psycopg.OperationalError(f"FATAL:  something {secret}"), address)
    assert secret not in kept.message
    assert "not shown" in kept.message


@given(
    st.text(min_size=1, max_size=20).filter(str.strip), st.text(max_size=30), st.text(max_size=30)
)
def test_no_password_survives(secret: str, before: str, after: str) -> None:
    said = without_secret(f"{before}{secret}{after}", SecretStr(secret))
    quoted = " ".join(f"{before}{secret}{after}".split())
    if secret in quoted:
        assert said == "its message holds the password and is not shown"
    else:
        assert said == quoted


@pytest.mark.parametrize(
    ("version", "numbers"), [("0.8.2", (0, 8, 2)), ("0.10.0", (0, 10, 0)), ("next", ())]
)
def test_versions_compare_as_numbers(version: str, numbers: tuple[int, ...]) -> None:
    assert version_numbers(version) == numbers


@pytest.mark.parametrize(
    ("installed", "available", "allowed", "says"),
    [
        ("0.4.4", "0.8.2", True, "older than 0.5"),
        (None, None, True, "is not installed"),
        (None, "0.8.2", False, "may not create"),
    ],
)
def test_states_of_pgvector_that_are_refused(
    installed: str | None, available: str | None, allowed: bool, says: str
) -> None:
    state = VectorState(installed=installed, available=available, allowed=allowed)
    with pytest.raises(Exception, match=says) as caught:
        state.check("mission on h:1")
    assert "mission on h:1" in str(caught.value)


@pytest.mark.parametrize(
    ("installed", "allowed"), [("0.8.2", True), ("0.5.0", False), (None, True)]
)
def test_states_of_pgvector_that_will_do(installed: str | None, allowed: bool) -> None:
    VectorState(installed=installed, available="0.8.2", allowed=allowed).check("x")
