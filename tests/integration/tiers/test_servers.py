"""The servers that we run ourselves: they start, keep data, and end with their owner."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from errors import TierError
from tests.services import PostgresMaker, ValkeyMaker
from tiers.servers import guard
from tiers.settings.address import PostgresAddress, ValkeyAddress

# Starts both servers as their owner, says so, and waits to be killed.
_OWNER = """
import sys
from pathlib import Path
from pydantic import SecretStr
from tests.services import find_postgres, find_valkey, free_port, PASSWORD
from tiers.settings.address import PostgresAddress, ValkeyAddress
from tiers.servers.postgres import PostgresServer
from tiers.servers.valkey import ValkeyServer

folder = Path(sys.argv[1])
postgres = PostgresServer(
    binaries=find_postgres(), folder=folder / "owned-postgres",
    address=PostgresAddress(port=free_port(), password=PASSWORD),
)
valkey = ValkeyServer(
    binary=find_valkey(), folder=folder / "owned-valkey",
    address=ValkeyAddress(port=free_port(), password=PASSWORD),
)
held = [postgres.start(), valkey.start()]
pids = [(postgres.data / "postmaster.pid"), valkey.folder / "valkey.pid"]
print(*(pid.read_text().split()[0] for pid in pids), flush=True)
sys.stdin.read()
"""


def test_a_fresh_database_is_empty_and_can_have_vectors(vector_database: PostgresAddress) -> None:
    with psycopg.connect(**vector_database.connect_arguments()) as connection:
        connection.execute("CREATE EXTENSION vector")
        row = connection.execute("SELECT '[1,2]'::vector <-> '[1,4]'").fetchone()
    assert row == (2.0,)


def test_the_plain_server_has_no_vectors(plain_database: PostgresAddress) -> None:
    with (
        psycopg.connect(**plain_database.connect_arguments()) as connection,
        pytest.raises(psycopg.errors.FeatureNotSupported),
    ):
        connection.execute("CREATE EXTENSION vector")


def test_valkey_keeps_what_it_is_told(valkey_address: ValkeyAddress) -> None:
    with redis.Redis(**valkey_address.connect_arguments()) as client:
        assert client.keys() == []
        client.set("a", "b")
        assert client.get("a") == b"b"


def test_servers_do_not_run_as_root(vector_database: PostgresAddress) -> None:
    with psycopg.connect(**vector_database.connect_arguments()) as connection:
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        assert Path(f"/proc/{row[0]}").stat().st_uid != 0


def test_a_postgres_daemon_stays_until_it_is_told_to_end(make_postgres: PostgresMaker) -> None:
    server = make_postgres(start=False)
    server.start_daemon()
    try:
        server.start_daemon()  # it runs already
        assert server.is_running()
    finally:
        assert server.stop_daemon()
    assert not server.is_running()
    assert not server.stop_daemon()


def test_a_valkey_daemon_stays_until_it_is_told_to_end(make_valkey: ValkeyMaker) -> None:
    server = make_valkey(start=False)
    server.start_daemon()
    try:
        server.start_daemon()  # it runs already
        assert server.is_running()
    finally:
        assert server.stop_daemon()
    assert not server.is_running()
    assert not server.stop_daemon()


def test_a_killed_owner_leaves_no_server(services_folder: Path) -> None:
    command = [sys.executable, "-c", _OWNER, str(services_folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        watched = [os.pidfd_open(int(pid)) for pid in owner.stdout.readline().split()]
        owner.kill()
    ended = select.poll()
    for process in watched:
        ended.register(process, select.POLLIN)
    while watched:
        happened = ended.poll(30_000)
        assert happened, "a server is still there after 30 s"
        for process, _ in happened:
            ended.unregister(process)
            watched.remove(process)
            os.close(process)


def test_a_guard_that_cannot_watch_its_owner_keeps_no_server(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As the system says it when it gives no more threads."""

    servers: list[subprocess.Popen[bytes]] = []

    class Noted(subprocess.Popen[bytes]):
        def __init__(self, command: list[str], **options: Any) -> None:
            super().__init__(command, **options)
            servers.append(self)

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(subprocess, "Popen", Noted)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(RuntimeError, match="new thread"):
        guard.main(["-1", "-1", "15", "1", "sleep", "600"])
    assert [server.returncode for server in servers] == [-signal.SIGKILL]


def test_a_port_in_use_is_said(make_postgres: PostgresMaker) -> None:
    running = make_postgres()
    second = replace(make_postgres(start=False), address=running.address)
    with pytest.raises(TierError, match=r"did not start: .*Address already in use"):
        second.start()
