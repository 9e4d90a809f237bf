"""The detector: a healthy tier, an unhealthy network, and the time that it takes."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
import redis

from tests.conftest import requires
from tests.integration.tiers.failing import failing, federated, standalone
from tests.services import PASSWORD, free_port
from tiers.detect import TierUnavailableError, detect
from tiers.probes.probe import Cause, Service
from tiers.servers.postgres import PostgresServer
from tiers.settings.address import PostgresAddress, Tls, ValkeyAddress
from tiers.settings.model import Tier


def test_a_healthy_federated_tier(
    vector_database: PostgresAddress, valkey_address: ValkeyAddress
) -> None:
    config = federated(vector_database, valkey_address)
    detection = detect(config)
    detection.require()
    assert [r.service for r in detection.results] == [
        Service.POSTGRES,
        Service.PGVECTOR,
        Service.VALKEY,
    ]
    assert all(r.version and r.milliseconds for r in detection.results)
    assert detection.results[1].detail == "not created yet: the first use will"
    with psycopg.connect(**vector_database.connect_arguments()) as connection:
        assert connection.execute("SELECT FROM pg_extension WHERE extname = 'vector'").rowcount == 0
        connection.execute("CREATE EXTENSION vector")
    assert detect(config).results[1].detail == ""


def test_a_healthy_standalone_tier_needs_no_pgvector(
    plain_database: PostgresAddress, valkey_address: ValkeyAddress
) -> None:
    detection = detect(standalone(plain_database, valkey_address))
    detection.require()
    assert [r.service for r in detection.results] == [Service.POSTGRES, Service.VALKEY]


def test_the_detector_leaves_nothing_behind(
    vector_database: PostgresAddress, valkey_address: ValkeyAddress
) -> None:
    detect(federated(vector_database, valkey_address)).require()
    with redis.Redis(**valkey_address.connect_arguments()) as client:
        assert all(client.pttl(key) <= 1000 for key in client.scan_iter())


@pytest.fixture(params=["postgres", "valkey"])
def address(request: pytest.FixtureRequest) -> PostgresAddress | ValkeyAddress:
    """An address of each kind where nothing listens."""
    kind = PostgresAddress if request.param == "postgres" else ValkeyAddress
    return kind(port=free_port(), password=PASSWORD)


def test_refused(address: PostgresAddress | ValkeyAddress) -> None:
    failure = failing(address)
    assert failure.cause is Cause.REFUSED
    assert "mission tier up" in failure.remedy


@contextmanager
def full_backlog() -> Iterator[int]:
    """A port whose packets are dropped, as those to an unroutable address are."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as stack:
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield server.getsockname()[1]


def test_unroutable(address: PostgresAddress | ValkeyAddress) -> None:
    with full_backlog() as port:
        assert failing(replace(address, port=port), seconds=2).cause is Cause.TIMEOUT


def test_never_answering(address: PostgresAddress | ValkeyAddress) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert failing(replace(address, port=port), seconds=2).cause is Cause.TIMEOUT


def test_everything_hanging_ends_within_the_deadline() -> None:
    with full_backlog() as one, socket.create_server(("127.0.0.1", 0)) as other:
        config = federated(PostgresAddress(port=one), ValkeyAddress(port=other.getsockname()[1]))
        # Both hang for ever: without the deadline this would not return.
        detection = detect(config, deadline=timedelta(seconds=2))
    assert [f.cause for f in detection.failures] == [Cause.TIMEOUT, Cause.TIMEOUT]
    with pytest.raises(TierUnavailableError, match="Also: Valkey at"):
        detection.require()


def test_a_folder_that_does_not_answer_is_a_failure(services_folder: Path) -> None:
    """A file that nobody can read to its end, as on a disk that hangs."""
    folder = services_folder / "hanging"
    waiting = folder / "data" / "postmaster.pid"
    waiting.parent.mkdir(parents=True)
    os.mkfifo(waiting)
    config = replace(standalone(None), tier=Tier.LOCAL, folder=folder)
    detection = detect(config, deadline=timedelta(seconds=1))
    os.close(os.open(waiting, os.O_RDWR))  # lets the probe's thread go
    for thread in threading.enumerate():
        if thread.name == f"probe-{Service.FOLDER}":
            thread.join()
    assert [f.cause for f in detection.failures] == [Cause.TIMEOUT]
    with pytest.raises(TierUnavailableError, match="does not answer in time"):
        detection.require()


def test_a_folder_that_lost_its_files_is_a_failure(services_folder: Path) -> None:
    folder = services_folder / "emptied"
    (folder / "data").mkdir(parents=True)
    detection = detect(replace(standalone(None), tier=Tier.LOCAL, folder=folder))
    (failure,) = detection.failures
    assert failure.cause is Cause.FOLDER
    assert "PG_VERSION cannot be read: No such file" in failure.message


@requires(system="linux")
def test_no_route(address: PostgresAddress | ValkeyAddress) -> None:
    """Linux has no route for TCP to a group of machines, whatever its network is."""
    assert failing(replace(address, host="224.0.0.1")).cause is Cause.UNREACHABLE


def test_failing_fast_does_not_wait_for_the_slow() -> None:
    with socket.create_server(("127.0.0.1", 0)) as slow:
        config = federated(
            PostgresAddress(port=slow.getsockname()[1]), ValkeyAddress(port=free_port())
        )
        detection = detect(config, fail_fast=True, deadline=timedelta(seconds=60))
    assert [f.cause for f in detection.failures] == [Cause.REFUSED]


def test_dns(address: PostgresAddress | ValkeyAddress) -> None:
    failure = failing(replace(address, host="mission.invalid"))
    assert failure.cause is Cause.DNS
    assert "mission.invalid" in failure.message


def test_valkey_that_is_something_else(vector_server: PostgresServer) -> None:
    address = ValkeyAddress(port=vector_server.address.port)
    assert failing(address).cause is Cause.OTHER_PROTOCOL


def test_postgres_that_is_something_else() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            client, _ = server.accept()
            with client:
                client.recv(100)
                client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        address = PostgresAddress(port=server.getsockname()[1], tls=Tls.REQUIRE)
        assert failing(address).cause is Cause.OTHER_PROTOCOL
        thread.join()
