"""The test forge: one HTTP server on the loopback address, for git and for the API."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from tests.forge import git_http, gitea_api, github_api, gitlab_api
from tests.forge.api import Ask, Dialect, Reply
from tests.forge.faults import PAGES, Break, Fault, Faults
from tests.forge.model import ForgeModel, git

TOKEN = "s3cret-t0ken-of-the-test-forge"
KINDS = ("gitea", "forgejo", "github", "gitlab")
_HUGE = 9_000_000


def _dialect(kind: str) -> Dialect:
    if kind == "github":
        return github_api.dialect()
    if kind == "gitlab":
        return gitlab_api.dialect()
    return gitea_api.dialect(forgejo=kind == "forgejo")


class ForgeServer:
    """A forge that runs while the block does."""

    def __init__(self, folder: Path, kind: str = "gitea") -> None:
        self.kind = kind
        self.dialect = _dialect(kind)
        self.model = ForgeModel.create(folder)
        self.folder = folder
        self.faults = Faults()
        self.requests: list[tuple[str, str]] = []  # of the API: method and path
        self.unchanged = 0  # how many answers were 304
        self.ending = threading.Event()
        self._asked = threading.Condition()
        self._server = _HttpServer(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.ending.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def remote_url(self) -> str:
        """For `git remote add`; `sign_in` lets a repository use it."""
        return f"{self.url}/{self.model.name}.git"

    def sign_in(self, repository: Path) -> None:
        """Give a repository the password, as a credential helper would."""
        header = "Authorization: Basic " + base64.b64encode(f"runner:{TOKEN}".encode()).decode()
        git(repository, "config", f"http.{self.url}/.extraHeader", header)

    def asked(self, method: str, path: str) -> None:
        with self._asked:
            self.requests.append((method, path))
            self._asked.notify_all()

    def wait_until(self, settled: Callable[[], bool], seconds: float = 300) -> None:
        """Wait until `settled`, which is looked at after each request."""
        with self._asked:
            assert self._asked.wait_for(settled, timeout=seconds), "the forge was not asked so far"

    def wait_a_moment(self) -> None:
        """Wait for the next request, or a moment."""
        with self._asked:
            self._asked.wait(0.05)

    def count(self, part: str) -> int:
        """How many requests had `part` in their path."""
        return sum(part in path for _, path in self.requests)


class _HttpServer(ThreadingHTTPServer):
    """Knows its forge."""

    daemon_threads = True

    def __init__(self, forge: ForgeServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.forge = forge


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection's requests."""

    server: _HttpServer
    protocol_version = "HTTP/1.1"

    @property
    def forge(self) -> ForgeServer:
        return self.server.forge

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:  # the client gave up, as some tests make it do
            self.close_connection = True

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815  http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its own name
        """Tests look at the forge's `requests` instead."""

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        body = self._body()
        if not parts.path.startswith(self.forge.dialect.prefix):
            self._git(parts.path, parts.query, body)
            return
        path = parts.path.removeprefix(self.forge.dialect.prefix)
        self.forge.asked(self.command, path + (f"?{parts.query}" if parts.query else ""))
        fault = self.forge.faults.take(self.command, path)
        if fault and fault.kind is not Break.LOSE and fault.kind not in PAGES:
            self._break(fault)
            return
        dialect = self.forge.dialect
        signed_in = dialect.authorized(_lowered(self.headers), TOKEN)
        if not signed_in and path not in dialect.open_paths:
            self._send(Reply(status=401, body={"message": "401 Unauthorized"}))
            return
        ask = Ask(
            model=self.forge.model,
            method=self.command,
            path=path,
            query=parse_qs(parts.query),
            body=json.loads(body) if body else {},
            root=self.forge.url,
            pages=fault.kind.value if fault and fault.kind in PAGES else "",
        )
        reply = dialect.answer(ask)
        if fault and fault.kind is Break.LOSE:
            self.close_connection = True
            return
        self._send(reply)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _git(self, path: str, query: str, body: bytes) -> None:
        expected = base64.b64encode(f"runner:{TOKEN}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {expected}":
            headers = {"WWW-Authenticate": 'Basic realm="forge"'}
            self._send(Reply(status=401, headers=headers))
            return
        with self.forge.model.lock:
            before = self.forge.model.heads()
            answer = git_http.serve(
                self.forge.folder,
                method=self.command,
                path=path,
                query=query,
                headers=_lowered(self.headers),
                body=body,
            )
            self.forge.model.noticed(before)
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def _send(self, reply: Reply) -> None:
        content = reply.encoded()
        headers = dict(reply.headers)
        if self.forge.dialect.etags and self.command == "GET" and reply.status == 200:
            tag = f'W/"{hashlib.sha256(content).hexdigest()[:16]}"'
            headers["ETag"] = tag
            if self.headers.get("If-None-Match") == tag:
                self.forge.unchanged += 1
                reply, content = Reply(status=304), b""
        self.send_response(reply.status)
        if content:
            self.send_header("Content-Type", "application/json")
        for name, value in headers.items():
            self.send_header(name, value)
        if reply.status not in (204, 304):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _break(self, fault: Fault) -> None:
        self.close_connection = True
        match fault.kind:
            case Break.REFUSE:
                words = self.forge.dialect.words(fault.message)
                self._send(Reply(status=fault.status, body=words, headers=dict(fault.headers)))
            case Break.GARBAGE:
                self._raw(b"<html>Welcome to the proxy</html>", length=33)
            case Break.HALF:
                self._raw(b'[{"id": 1, "status": "success", "context": "bu', length=5000)
            case Break.HUGE:
                self._raw(b"[" + b"1," * (_HUGE // 2), length=_HUGE * 2)
            case Break.DRIP:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not self.forge.ending.wait(0.02):
                    self.wfile.write(b".")
            case _:
                self.forge.ending.wait()

    def _raw(self, content: bytes, *, length: int) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"
        self.wfile.write(head.encode() + content)


def _lowered(headers: object) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}  # type: ignore[attr-defined]
