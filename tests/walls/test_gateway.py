"""The gateway, as whoever can reach its port would have it: on real sockets, on loopback."""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import stat
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from errors import UsageError
from tests.command import run
from tests.conftest import CANNOT_EXIST, requires
from tests.services import free_port
from tiers.gateway import connections
from tiers.gateway.app import make_app
from tiers.gateway.connections import BoundedListener
from tiers.gateway.entrance import Door
from tiers.gateway.listening import Certificate, Listening
from tiers.gateway.neighbours import can_tell, is_own
from tiers.gateway.server import server_of
from tiers.gateway.storage import ReadStorage
from tiers.gateway.tokens import Tokens
from tiers.search.embedder import HashingEmbedder
from tiers.search.fill import fill_embeddings
from tiers.settings.address import PostgresAddress
from tiers.storage.schema import upgrade
from workspace.redact import Redactor

LIMIT = 16  # connections
HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
HALF = b"GET /docs HTTP/1.1\r\nHost: localhost\r\n"
DAY = timedelta(days=1)
OPEN = {"/healthz", "/openapi.json", "/docs"}  # they hold nothing of a mission
Place = tuple[str, int]


def storage_away() -> ReadStorage:
    """A storage that cannot be asked: what gets as far as a route is told 503."""
    return ReadStorage(address=PostgresAddress(port=free_port()), embedder=None)


@contextmanager
def serving(
    app: ASGIApp, certificate: Certificate | None = None, address: str = "127.0.0.1"
) -> Iterator[Place]:
    """Where a gateway answers that holds few connections."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with BoundedListener(family, (address, 0), limit=LIMIT) as listener:
        server = server_of(app, certificate)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[:2]
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def gateway(
    tokens: Tokens | None = None,
    *,
    certificate: Certificate | None = None,
    own_user: bool = False,
    address: str = "127.0.0.1",
) -> Iterator[Place]:
    with storage_away() as storage:
        app = make_app(storage, list, Door(hosts=HOSTS, tokens=tokens, own_user=own_user))
        with serving(app, certificate, address) as place:
            yield place


def ask(place: Place, text: bytes) -> bytes:
    """Everything that comes back for these bytes, until the other side ends the connection."""
    with socket.create_connection(place, timeout=60) as connection:
        connection.sendall(text)
        return everything(connection)


def descriptors() -> int:
    """How many this process has open."""
    return sum(1 for _ in Path("/dev/fd").iterdir())


def everything(connection: socket.socket) -> bytes:
    answer = b""
    try:
        while part := connection.recv(1 << 16):
            answer += part
    except ConnectionResetError:
        pass
    return answer


@pytest.fixture(scope="module")
def plain_gateway() -> Iterator[Place]:
    with gateway() as place:
        yield place


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    folder = tmp_path_factory.mktemp("tls")
    made = Certificate(chain=folder / "certificate.pem", key=folder / "key.pem")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-keyout", str(made.key), "-out", str(made.chain)),
        ],
        check=True,
        capture_output=True,
    )
    made.key.chmod(0o600)
    return made


def trusting(certificate: Certificate) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate.chain)


@requires("openssl")
@pytest.mark.parametrize("tls", [False, True])
def test_half_requests_do_not_shut_others_out(
    certificate: Certificate, capfd: pytest.CaptureFixture[str], tls: bool
) -> None:
    """Many times as many as it holds, none of which ever becomes a request, or a handshake."""
    with gateway(certificate=certificate if tls else None) as place, ExitStack() as stack:
        before = descriptors()
        halves = [
            stack.enter_context(socket.create_connection(place, timeout=60))
            for _ in range(5 * LIMIT)
        ]
        for half in halves:
            try:
                half.sendall(b"\x16\x03\x01" if tls else HALF)
            except (BrokenPipeError, ConnectionResetError):
                continue  # it had to go for a newer one before
        scheme, verify = ("https", trusting(certificate)) if tls else ("http", False)
        url = f"{scheme}://127.0.0.1:{place[1]}/docs"
        assert httpx.get(url, verify=verify, timeout=60).status_code == 200
        assert everything(halves[0]) == b""  # the oldest is gone
        ours = len(halves)  # their ends here are descriptors of this process, too
        assert descriptors() - before <= ours + LIMIT + connections.BACKLOG
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        HALF,
        b"POST /docs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n12",
        b"POST /docs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n",
        b"GET /docs HTTP/1.1\r\nHost: localhost\r\n\r\n" + HALF,
    ],
    ids=["nothing", "head", "body", "chunk", "second"],
)
def test_whoever_does_not_finish_a_request_is_cut(
    monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 0.2)
    with gateway() as place:
        answer = ask(place, begun)  # it would wait for ever else
    assert answer.count(b"HTTP/1.1 ") == begun.count(b"\r\n\r\n")


def test_an_answer_that_does_not_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A route that hangs, and a client that reads none of what it has asked for."""
    monkeypatch.setattr(connections, "ANSWER_SECONDS", 0.2)
    ended = threading.Semaphore(0)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        await receive()  # the whole request
        if scope["path"] == "/floods":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for _ in range(1000):  # far more than buffers hold; each waits until one is read
                body = b"x" * (1 << 16)
                await send({"type": "http.response.body", "body": body, "more_body": True})
        assert (await receive())["type"] == "http.disconnect"
        ended.release()

    with serving(app) as place:
        assert ask(place, b"GET /hangs HTTP/1.1\r\nHost: x\r\n\r\n") == b""
        assert ended.acquire(timeout=60)
        with socket.create_connection(place, timeout=60) as deaf:
            deaf.sendall(b"GET /floods HTTP/1.1\r\nHost: x\r\n\r\n")
            assert ended.acquire(timeout=60)


@pytest.mark.parametrize(
    ("hosts", "status"),
    [
        (["localhost"], 200),
        (["LocalHost:8420"], 200),
        (["127.0.0.1."], 200),
        (["[::1]:8420"], 200),
        (["rebound.example"], 421),
        (["localhost.rebound.example"], 421),
        (["localhost:1@rebound.example"], 421),
        (["rebound.example:localhost"], 421),
        (["[::1].rebound.example"], 421),
        ([""], 421),
        ([], 400),
        (["localhost", "rebound.example"], 400),
    ],
)
def test_a_foreign_name_is_refused(plain_gateway: Place, hosts: list[str], status: int) -> None:
    """As a page sends it that gave its own name this machine's address."""
    head = "".join(f"Host: {host}\r\n" for host in hosts)
    answer = ask(plain_gateway, f"GET /docs HTTP/1.1\r\n{head}Connection: close\r\n\r\n".encode())
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())


def test_the_page_comes_from_nowhere_else(plain_gateway: Place) -> None:
    page = httpx.get(f"http://127.0.0.1:{plain_gateway[1]}/docs")
    assert "://" not in page.text
    assert "<script" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "GET /api/v1/missions/{id}" in page.text


def test_every_route_asks_for_a_token(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path / "tokens")
    now = datetime.now(UTC)
    good = tokens.add("good", lasting=DAY, missions=None, now=now)
    seen = tokens.add("seen", lasting=DAY, missions=None, now=now)
    [digest] = [token.digest for token in tokens.all() if token.name == "good"]
    (tmp_path / "tokens" / "seen.json").chmod(0o644)  # others may have written to it
    revoked = tokens.add("revoked", lasting=DAY, missions=None, now=now)
    bad = {
        "none": "",
        "another secret": f"Bearer mgw.good.{'A' * 43}",
        "read by others": f"Bearer {seen}",
        "expired": f"Bearer {tokens.add('old', lasting=DAY, missions=None, now=now - 2 * DAY)}",
        "revoked": f"Bearer {revoked}",
        "a file elsewhere": f"Bearer mgw.../tokens/good.{good.rpartition('.')[2]}",
        "another way": f"Basic {good}",
        "its digest": f"Bearer mgw.good.{digest}",
    }
    with gateway(tokens) as (host, port), httpx.Client(base_url=f"http://{host}:{port}") as client:
        assert client.get("/healthz", headers={"Authorization": f"Bearer {revoked}"}).is_success
        tokens.revoke("revoked")
        routes = client.get("/openapi.json").json()["paths"]
        for path in [*routes, "/docs", "/redoc", "/nothing"]:
            for why, given in bad.items():
                status = client.get(path, headers={"Authorization": given}).status_code
                assert (status == 401) == (path not in OPEN), (path, why)
            given = f"Bearer {good}"
            assert client.get(path, headers={"Authorization": given}).status_code != 401
        twice = [("Authorization", f"Bearer {good}"), ("Authorization", "Bearer x")]
        assert client.get("/api/v1/missions", headers=twice).status_code == 401


ROWS = """
INSERT INTO missions (id, name) VALUES ('fed', 'Federation v1'), ('other', 'Another');
INSERT INTO tasks (id, mission_id, key, title, position) VALUES
    ('fed:A', 'fed', 'A', 'Boot the penguins', 1), ('other:A', 'other', 'A', 'Secret penguins', 1),
    ('none:A', NULL, 'A', 'Stray penguins', 1);
INSERT INTO notes (id, mission_id, body) VALUES
    ('n1', 'other', 'Something about secret penguins'), ('n2', NULL, 'More stray penguins');
"""


def test_a_token_reads_its_missions_and_no_other(
    vector_database: PostgresAddress, tmp_path: Path
) -> None:
    upgrade(vector_database, vector=True)
    with psycopg.connect(**vector_database.connect_arguments(), autocommit=True) as connection:
        connection.execute(ROWS)
        fill_embeddings(connection, HashingEmbedder(), lambda _name, _n: None)
    tokens = Tokens(tmp_path / "tokens")
    mine = tokens.add("mine", lasting=DAY, missions=("fed",), now=datetime.now(UTC))
    for embedder in (HashingEmbedder(), None):
        with ReadStorage(address=vector_database, embedder=embedder) as storage:
            app = make_app(storage, list, Door(hosts=HOSTS, tokens=tokens))
            with (
                serving(app) as (host, port),
                httpx.Client(
                    base_url=f"http://{host}:{port}", headers={"Authorization": f"Bearer {mine}"}
                ) as client,
            ):
                missions = client.get("/api/v1/missions").json()["missions"]
                assert [mission["id"] for mission in missions] == ["fed"]
                found = client.get("/api/v1/search?q=penguins&limit=100").json()
                assert found["way"] == ("text" if embedder is None else "semantic")
                assert [hit["id"] for hit in found["results"]] == ["fed:A"]
                assert client.get("/api/v1/tasks/fed:A").status_code == 200
                for path in ("missions/other", "tasks/other:A", "tasks/none:A"):
                    answer = client.get(f"/api/v1/{path}")
                    assert answer.status_code == 404
                    assert "ecret" not in answer.text


def test_tokens_are_kept_as_digests_for_their_user_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "tokens"
    where = ("--tokens", str(folder))
    before = os.umask(0)
    try:
        made = run(
            capsys, "gateway", "token", "add", "ci", "--expires", "30d", "--mission", "fed", *where
        ).strip()
    finally:
        os.umask(before)
    [file] = folder.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert re.fullmatch(r"mgw\.ci\.[\w-]{43}", made)
    secret = made.rpartition(".")[2]
    assert secret not in file.read_text()
    assert secret not in Redactor().text(f"the token {made} was printed")
    add = ("gateway", "token", "add")
    assert "There is a token ci already" in run(
        capsys, *add, "ci", "--all-missions", *where, code=2
    )
    for words in (("../ci", "--all-missions"), ("x",), ("x", "--mission", "a", "--all-missions")):
        run(capsys, *add, *words, *where, code=2)
    for expires in ("0d", "soon", "999999d"):
        run(capsys, *add, "x", "--all-missions", "--expires", expires, *where, code=2)
    listed = json.loads(run(capsys, "gateway", "token", "list", "--json", *where))["tokens"]
    assert [(t["name"], t["missions"], t["expired"]) for t in listed] == [("ci", ["fed"], False)]
    run(capsys, "gateway", "token", "revoke", "ci", *where)
    run(capsys, "gateway", "token", "revoke", "ci", *where, code=2)
    assert list(folder.iterdir()) == []


@requires("openssl")
def test_it_is_not_reached_from_elsewhere_without_token_and_tls(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], certificate: Certificate
) -> None:
    config = tmp_path / "c.json"
    config.write_text(json.dumps({"tier": "standalone"}))
    tokens = Tokens(tmp_path / "tokens")
    where = ("--tokens", str(tmp_path / "tokens"), "--config", str(config))
    tls = ("--tls-certificate", str(certificate.chain), "--tls-key", str(certificate.key))

    def refused(*words: str) -> str:
        return run(capsys, "gateway", "serve", *where, *words, code=2)

    for host in ("0.0.0.0", "::", "192.0.2.1"):  # noqa: S104 - it is refused
        assert "without a token" in refused("--host", host, *tls)
    assert "without a token" in refused("--behind-proxy")
    tokens.add("old", lasting=DAY, missions=None, now=datetime.now(UTC) - 2 * DAY)
    assert "without a token" in refused("--host", "0.0.0.0", *tls)  # noqa: S104
    tokens.add("new", lasting=DAY, missions=None, now=datetime.now(UTC))
    assert "without TLS" in refused("--host", "0.0.0.0")  # noqa: S104
    assert "needs both" in refused("--host", "0.0.0.0", *tls[:2])  # noqa: S104
    certificate.key.chmod(0o644)
    assert "everybody on this machine may read" in refused(*tls)
    certificate.key.chmod(0o600)
    nothing = tmp_path / "nothing.pem"
    nothing.touch(0o600)
    for key in (nothing, tmp_path / "none"):
        assert "no certificate and key" in refused(*tls[:3], str(key))


def _status(place: Place, family: socket.AddressFamily, path: str = "/api/v1/missions") -> bytes:
    """How a request of ours is answered."""
    host = f"::ffff:{place[0]}" if family == socket.AF_INET6 and "." in place[0] else place[0]
    with socket.socket(family) as connection:
        connection.settimeout(60)
        connection.connect((host, place[1]))
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return connection.recv(1 << 16).split(b" ")[1]


@requires(system="linux")
@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.9", "::1"])
def test_without_a_token_it_answers_its_own_user(address: str) -> None:
    """The storage is away: who gets to it is told so."""
    with gateway(own_user=True, address=address) as place:
        assert _status(place, socket.AF_INET6) == b"503"
        if address != "::1":
            assert _status(place, socket.AF_INET) == b"503"


@requires("setpriv", "curl", system="linux")
@pytest.mark.skipif(os.getuid() != 0, reason=f"{CANNOT_EXIST}only root can become another user")
def test_without_a_token_it_answers_no_other_user() -> None:
    with gateway(own_user=True) as (host, port):
        for path, status in (("api/v1/missions", "401"), ("readyz", "401"), ("healthz", "200")):
            asked = subprocess.run(
                [
                    *("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
                    *("curl", "--silent", "--write-out", "%{http_code}"),
                    f"http://{host}:{port}/{path}",
                ],
                check=True,
                capture_output=True,
                text=True,
            )
            assert asked.stdout.endswith(status), path
            assert "missions" not in asked.stdout


@requires(system="linux")
def test_whose_a_connection_is_that_is_not_found_is_nobodys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with socket.create_connection(listener.getsockname()) as ours:
            ends = ours.getsockname(), ours.getpeername()
            assert is_own(*ends)
            assert not is_own(ends[1], ("127.0.0.1", 1))
            monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
            assert not is_own(*ends)
            monkeypatch.undo()
        accepted, _ = listener.accept()
        with accepted:
            assert not is_own(*ends)  # who has asked is gone


def test_where_nobody_tells_who_asks_a_token_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listening = Listening(host="127.0.0.1", port=8420)
    tokens, now = Tokens(tmp_path), datetime.now(UTC)
    if can_tell():
        assert listening.door("127.0.0.1", tokens, now).own_user
    monkeypatch.setattr("tiers.gateway.neighbours._TABLES", (tmp_path / "none",))
    with pytest.raises(UsageError, match="every user of this machine"):
        listening.door("127.0.0.1", tokens, now)
    tokens.add("one", lasting=DAY, missions=None, now=now)
    assert listening.door("127.0.0.1", tokens, now).tokens is tokens
