"""Every way in which Valkey can fail, on a real server in that state."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
import redis
from pydantic import SecretStr

from tests.integration.tiers.failing import failing
from tests.services import ValkeyMaker, free_port
from tiers.probes.probe import Cause
from tiers.servers.valkey import ValkeyServer


@pytest.mark.parametrize("password", [None, SecretStr("wrong"), SecretStr("falsch' \\ %41@:/")])
def test_valkey_with_a_password(valkey_server: ValkeyServer, password: SecretStr | None) -> None:
    failure = failing(replace(valkey_server.address, password=password))
    assert failure.cause is Cause.CREDENTIALS
    assert "MISSION_VALKEY_PASSWORD" in failure.remedy


def test_valkey_without_that_database(valkey_server: ValkeyServer) -> None:
    failure = failing(replace(valkey_server.address, number=999))
    assert failure.cause is Cause.DATABASE
    assert "queue.number" in failure.remedy


def test_read_only_valkey(make_valkey: ValkeyMaker) -> None:
    replica = make_valkey(settings={"replicaof": f"127.0.0.1 {free_port()}"})
    assert failing(replica.address).cause is Cause.READ_ONLY


def test_valkey_out_of_memory(make_valkey: ValkeyMaker) -> None:
    server = make_valkey(settings={"maxmemory-policy": "noeviction"})
    with redis.Redis(**server.address.connect_arguments()) as client:
        client.set("a", "b")
        # Far below what it uses: filling it up would leave room again as soon as we disconnect.
        client.config_set("maxmemory", "1")
        with pytest.raises(redis.OutOfMemoryError):
            client.set("c", "d")
    assert failing(server.address).cause is Cause.MEMORY


def test_valkey_with_no_connection_free(make_valkey: ValkeyMaker) -> None:
    server = make_valkey(settings={"maxclients": "1"})
    with redis.Redis(**server.address.connect_arguments()) as client:
        client.ping()
        assert failing(server.address).cause is Cause.CONNECTIONS


def test_valkey_that_cannot_save(make_valkey: ValkeyMaker) -> None:
    server = make_valkey(settings={"save": "3600 1", "stop-writes-on-bgsave-error": "yes"})
    with redis.Redis(**server.address.connect_arguments()) as client:
        client.set("a", "b")
        server.folder.chmod(0o500)  # for the server's account
        try:
            client.bgsave()
            deadline = time.monotonic() + 300
            while client.info("persistence")["rdb_last_bgsave_status"] == "ok":
                assert time.monotonic() < deadline
            assert failing(server.address).cause is Cause.DISK
        finally:
            server.folder.chmod(0o700)
