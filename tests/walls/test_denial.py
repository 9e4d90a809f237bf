"""What would take all memory, all time, or the way out: an answer, a file, a second signal."""

from __future__ import annotations

import os
import signal
import threading
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from prefect.exceptions import TerminationSignal

from flows.signals import on_a_thread
from forges.errors import UnreachableError
from forges.http import MAX_BYTES, Api
from gates.pause import PauseFiles
from workspace.process import Stop

MANY_TIMES = 20  # what an answer has more than its limit, decompressed


@contextmanager
def answering(body: bytes, encoding: str) -> Iterator[Api]:
    """A forge whose every answer is this one."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Encoding", encoding)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Api(root=f"http://127.0.0.1:{server.server_port}", headers={})
        finally:
            server.shutdown()
            thread.join()


def zipped(text: bytes) -> bytes:
    squeezer = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
    return squeezer.compress(text) + squeezer.flush()


def test_an_answer_is_limited_after_decompression() -> None:
    bomb = zipped(bytes(MANY_TIMES * MAX_BYTES))
    assert len(bomb) < MAX_BYTES / 10
    with answering(bomb, "gzip") as api:
        tracemalloc.start()
        try:
            with pytest.raises(UnreachableError, match="sent more than 8 MB"):
                api.get("/")
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert most < 4 * MAX_BYTES


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (zipped(zipped(b"{}")), "gzip, gzip"),
        (b"{}", "br"),
        (b"{}", "zstd"),
        (b"{}", "gzip"),
        (zipped(b"{}" * 999)[:-9], "gzip"),
    ],
)
def test_an_answer_that_is_compressed_otherwise_is_none(body: bytes, encoding: str) -> None:
    with answering(body, encoding) as api, pytest.raises(UnreachableError, match="is broken"):
        api.get("/")


def test_a_compressed_answer_is_one() -> None:
    with answering(zipped(b'{"a": 1}'), "gzip") as api:
        assert api.get("/").body == b'{"a": 1}'


class Interrupted(Stop):
    """A second signal comes while it is asked, before anybody is told."""

    _again = False

    def request(self, reason: str) -> None:
        if not self._again:
            self._again = True
            os.kill(os.getpid(), signal.SIGTERM)
        super().request(reason)


@pytest.fixture
def as_in_prefect() -> Iterator[None]:
    """SIGTERM raises on the main thread, as Prefect has it in a flow."""

    def rise(number: int, _frame: object) -> None:
        raise TerminationSignal(signal=number)

    before = signal.signal(signal.SIGTERM, rise)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("as_in_prefect")
def test_two_signals_at_once_are_a_request_to_stop() -> None:
    """GNU `timeout` sends two."""
    stop = Interrupted()
    begun, told = threading.Event(), threading.Event()

    def work() -> str:
        with stop.calling(told.set):
            begun.set()
            told.wait()
        return stop.reason

    def send() -> None:
        begun.wait()
        os.kill(os.getpid(), signal.SIGTERM)

    sender = threading.Thread(target=send)
    sender.start()
    assert on_a_thread(work, stop) == "SIGTERM was received"
    sender.join()


def test_a_pause_shows_no_other_file_and_waits_for_no_pipe(tmp_path: Path) -> None:
    """Whatever it is, it pauses."""
    files = PauseFiles.of(state_dir=tmp_path / "state", folder=tmp_path)
    (tmp_path / "secret").write_text("a secret")
    files.beside.symlink_to(tmp_path / "secret")
    linked = files.read()
    assert linked is not None
    assert "a secret" not in linked.detail
    assert "is a link, which is not followed" in linked.detail
    files.beside.unlink()
    os.mkfifo(files.beside)
    assert files.read() is not None
