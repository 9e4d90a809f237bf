"""The scripted server itself: loopback, an ephemeral port, one thread a request, bounded."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType, TracebackType
from typing import Any, ClassVar, Self

from mission.usage import Tokens
from tests.model_server import anthropic, openai
from tests.model_server.script import BILL, Bill, Break, Fail, Say, Stall, Step

_SIDE_ANSWER = Say(text="ok")
_LONGEST_STALL = 120.0  # seconds; a test that forgets to close the server still ends


class ModelServer:
    """Answers each turn of an agent with the next step; the last step repeats."""

    def __init__(self, *steps: Step, bill: Bill = BILL) -> None:
        self.bill = bill
        self.name = secrets.token_hex(4)  # part of each answer's id
        self.billed: dict[str, Tokens] = {}  # by model, side requests included
        self._steps: Sequence[Step] = steps
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self.turns: list[dict[str, Any]] = []  # every request of the main loop, in order
        self.headers: list[dict[str, str]] = []  # the headers of these requests
        self.stalled = threading.Event()  # set once a request hangs
        self._http = _Http(self)
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """The address, without a path and a slash at its end."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def next_step(self, request: dict[str, Any], headers: dict[str, str]) -> tuple[Step, int]:
        with self._lock:
            self.turns.append(request)
            self.headers.append(headers)
            number = len(self.turns)
            return self._steps[min(number, len(self._steps)) - 1], number

    def book(self, model: str, step: Step) -> None:
        """Bill an answer. One that breaks off is input, and the token that it began with."""
        bill, whole = self.bill, not isinstance(step, Stall | Break)
        tokens = Tokens(
            input=bill.input,
            cached=bill.cached,
            written=bill.written,
            written_hour=bill.written_hour,
            output=bill.output if whole else 1,
        )
        with self._lock:
            self.billed[model] = self.billed.get(model, Tokens()).plus(tokens)

    def hang(self) -> None:
        self.stalled.set()
        self._closing.wait(_LONGEST_STALL)


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, model: ModelServer) -> None:
        self.model = model
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http
    dialects: ClassVar[dict[str, ModuleType]] = {
        "/v1/messages": anthropic,
        "/v1/responses": openai,
    }

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        dialect = self.dialects.get(path)
        if dialect is None:
            self._json(404, {"error": {"type": "not_found_error", "message": path}})
            return
        self._answer(dialect, json.loads(body))

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.end_headers()

    def do_GET(self) -> None:
        self._json(404, {"error": {"type": "not_found_error", "message": self.path}})

    def _answer(self, dialect: ModuleType, request: dict[str, Any]) -> None:
        if dialect.is_main_loop(request):
            step, number = self.server.model.next_step(request, dict(self.headers.items()))
        else:
            step, number = _SIDE_ANSWER, 0
        if isinstance(step, Fail):
            self._json(step.status, dialect.error_body(step), **step.headers)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        model = self.server.model
        model.book(str(request.get("model")), step)
        for name, data in dialect.events(step, request, f"{model.name}_{number:04}", model.bill):
            self.wfile.write(f"event: {name}\ndata: {json.dumps(data)}\n\n".encode())
            self.wfile.flush()
        if isinstance(step, Stall):
            self.server.model.hang()
        self.close_connection = True

    def _json(self, status: int, body: dict[str, Any], **headers: str) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the tests read `turns`."""
