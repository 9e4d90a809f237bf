"""The gateway answers from a real storage, reads only, and boots only on a tier that is there."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.command import run
from tests.described import ask_all
from tests.integration.tiers.storage.configured import configured
from tests.services import PASSWORD, PostgresMaker, free_port
from tiers.gateway.app import make_app
from tiers.gateway.entrance import Door
from tiers.gateway.server import server_of
from tiers.gateway.storage import ReadStorage
from tiers.search.embedder import HashingEmbedder
from tiers.search.fill import fill_embeddings
from tiers.settings.address import PostgresAddress, ValkeyAddress
from tiers.storage.schema import upgrade

ROWS = """
INSERT INTO missions (id, name) VALUES ('fed', 'Federation v1'), ('other', 'Another');
INSERT INTO tasks (id, mission_id, key, title, status, position, depends_on) VALUES
    ('fed:A', 'fed', 'A', 'Boot the compose stack', 'done', 1, '{}'),
    ('fed:B', 'fed', 'B', 'Detect the storage tier', 'not-started', 2, '{A}');
INSERT INTO notes (id, mission_id, body) VALUES
    ('n1', 'fed', 'The valkey container needs a health check'),
    ('n2', 'fed', 'Something about penguins and their eggs');
"""


def filled(address: PostgresAddress, *, vector: bool) -> PostgresAddress:
    upgrade(address, vector=vector)
    with psycopg.connect(**address.connect_arguments(), autocommit=True) as connection:
        for statement in ROWS.split(";\n"):
            if statement.strip():
                connection.execute(statement.encode())
        if vector:
            assert fill_embeddings(connection, HashingEmbedder(), lambda _name, _n: None) == 4
            assert fill_embeddings(connection, HashingEmbedder(), lambda _name, _n: None) == 0
    return address


@pytest.fixture
def client(vector_database: PostgresAddress) -> Iterator[httpx.Client]:
    address = filled(vector_database, vector=True)
    yield from serving(ReadStorage(address=address, embedder=HashingEmbedder()))


def serving(storage: ReadStorage) -> Iterator[httpx.Client]:
    """A client of a real server; it listens before it runs, so nobody has to wait for it."""
    with storage:
        yield from _serving(storage)


def _serving(storage: ReadStorage) -> Iterator[httpx.Client]:
    listener = socket.create_server(("127.0.0.1", 0))
    door = Door(hosts=frozenset({"127.0.0.1"}))
    server = server_of(make_app(storage, list, door), certificate=None)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with httpx.Client(base_url=address, timeout=30) as client:
        yield client
    server.should_exit = True
    thread.join()
    listener.close()


def test_every_answer_is_as_it_is_described(client: httpx.Client) -> None:
    """Also of an id that cannot be, of huge offsets, and of what nobody put there."""
    asked = ask_all(str(client.base_url), lambda path: path.update(id="fed") if path else None)
    assert {"GET /api/v1/missions/{id}", "GET /api/v1/search", "GET /readyz"} <= asked


def test_missions(client: httpx.Client) -> None:
    found = client.get("/api/v1/missions").json()["missions"]
    assert [(m["id"], m["counts"]) for m in found] == [
        ("other", {}),
        ("fed", {"done": 1, "not-started": 1}),
    ]
    assert client.get("/api/v1/missions?offset=2").json() == {"missions": []}


def test_a_mission_and_a_task(client: httpx.Client) -> None:
    mission = client.get("/api/v1/missions/fed").json()
    assert [task["key"] for task in mission["tasks"]] == ["A", "B"]
    task = client.get("/api/v1/tasks/fed:B").json()
    assert (task["depends_on"], task["attempts"], task["events"]) == (["A"], [], [])
    for path in ("/api/v1/missions/none", "/api/v1/tasks/none"):
        assert client.get(path).status_code == 404


def test_tasks_come_in_pages(client: httpx.Client) -> None:
    keys: list[list[str]] = []
    offset: int | None = 0
    while offset is not None:
        query = {"offset": offset, "limit": 1}
        page = client.get("/api/v1/missions/fed", params=query).json()
        keys.append([task["key"] for task in page["tasks"]])
        offset = page["next_offset"]
    assert keys == [["A"], ["B"]]
    assert client.get("/api/v1/missions/fed").json()["next_offset"] is None


def test_what_no_storage_can_be_asked_is_refused(client: httpx.Client) -> None:
    for path in (
        *("/api/v1/missions/%00", "/api/v1/tasks/fed%00", f"/api/v1/tasks/{'x' * 501}"),
        *(f"/api/v1/missions?offset={n}" for n in (-1, 2**31, 2**63, 10**400)),
        *(f"/api/v1/missions/fed?{word}" for word in ("offset=1e9", "limit=0", "limit=101")),
    ):
        assert client.get(path).status_code == 422, path


def test_etags(client: httpx.Client, vector_database: PostgresAddress) -> None:
    path = "/api/v1/missions/fed"
    tag = client.get(path).headers["etag"]
    same = client.get(path, headers={"If-None-Match": f'"x", W/{tag}'})
    assert (same.status_code, same.content) == (304, b"")
    with psycopg.connect(**vector_database.connect_arguments()) as connection:
        connection.execute("UPDATE tasks SET status = 'failed' WHERE id = 'fed:B'")
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_search_by_meaning(client: httpx.Client) -> None:
    found = client.get("/api/v1/search", params={"q": "penguin egg", "limit": 2}).json()
    assert found["way"] == "semantic"
    assert found["results"][0]["id"] == "n2"
    assert len(found["results"]) == 2
    for bad in ({}, {"q": ""}, {"q": "a\0"}, {"q": "x", "limit": "101"}):
        assert client.get("/api/v1/search", params=bad).status_code == 422


def test_search_by_words_without_vectors(plain_database: PostgresAddress) -> None:
    storage = ReadStorage(address=filled(plain_database, vector=False), embedder=HashingEmbedder())
    for client in serving(storage):
        found = client.get("/api/v1/search", params={"q": "valkey health"}).json()
        assert (found["way"], [r["id"] for r in found["results"]]) == ("text", ["n1"])


def test_there_is_no_way_to_write(client: httpx.Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert set(paths) == {
        "/healthz",
        "/readyz",
        "/api/v1/missions",
        "/api/v1/missions/{id}",
        "/api/v1/tasks/{id}",
        "/api/v1/search",
    }
    assert all(set(methods) == {"get"} for methods in paths.values())
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert client.request(method, "/api/v1/tasks/fed:B").status_code == 405


def test_a_storage_that_went_away(vector_database: PostgresAddress) -> None:
    gone = replace(vector_database, port=free_port())
    for client in serving(ReadStorage(address=gone, embedder=None)):
        answer = client.get("/api/v1/missions")
        assert answer.status_code == 503
        assert answer.json() == {"detail": "The storage cannot be used now"}
        assert client.get("/healthz").status_code == 200


def test_a_storage_that_comes_back(make_postgres: PostgresMaker) -> None:
    """Connections that are kept do not outlive their server."""
    server = make_postgres(start=False)
    process = server.start()
    try:
        storage = ReadStorage(address=filled(server.address, vector=True), embedder=None)
        for client in serving(storage):
            assert client.get("/api/v1/missions").status_code == 200
            process.stop()
            assert client.get("/api/v1/missions").status_code == 503
            process = server.start()
            assert client.get("/api/v1/missions").status_code == 200
    finally:
        process.stop()


def test_many_at_once(client: httpx.Client) -> None:
    """More requests than connections are kept."""
    with ThreadPoolExecutor(max_workers=20) as pool:
        paths = ["/api/v1/missions/fed", "/api/v1/tasks/fed:B", "/api/v1/search?q=egg"] * 20
        answers = list(pool.map(lambda path: client.get(path).status_code, paths))
    assert set(answers) == {200}


def test_it_does_not_boot_without_its_services(
    capsys: pytest.CaptureFixture[str],
    vector_database: PostgresAddress,
    valkey_address: ValkeyAddress,
    tmp_path: Path,
) -> None:
    gone = replace(vector_database, port=free_port())
    config = configured(tmp_path / "c.json", "federated", gone, valkey_address)
    said = run(capsys, "gateway", "serve", "--config", config, code=1)
    assert f"Postgres at {gone.where} refuses the connection" in said
    assert PASSWORD.get_secret_value() not in said
    assert "listening" not in said


def test_a_port_that_is_taken_is_named(
    capsys: pytest.CaptureFixture[str],
    vector_database: PostgresAddress,
    valkey_address: ValkeyAddress,
    tmp_path: Path,
) -> None:
    config = configured(tmp_path / "c.json", "federated", vector_database, valkey_address)
    words = ["gateway", "serve", "--config", config, "--embedder", "none"]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = run(capsys, *words, "--port", port, code=1)
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in said
    assert "listening on http" not in said


def test_it_boots_serves_and_ends(
    vector_database: PostgresAddress, valkey_address: ValkeyAddress, tmp_path: Path
) -> None:
    config = configured(tmp_path / "c.json", "federated", vector_database, valkey_address)
    port = free_port()
    command = [sys.executable, "-m", "cli", "gateway", "serve", "--config", config]
    with subprocess.Popen(
        [*command, "--port", str(port), "--embedder", "hashing"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "MISSION_HOME": str(tmp_path)},
    ) as process:
        assert process.stderr is not None
        said = iter(process.stderr.readline, "")
        assert any(re.match("federated: listening on", line) for line in said)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            assert client.get("/readyz", timeout=20).json() == {"ready": True, "problems": []}
            assert client.get("/api/v1/missions").json() == {"missions": []}
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
