"""What a webhook's receiver may answer, and what it may have for a secret."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from errors import NotifyError
from notifiers.webhook import key_of
from tests.integration.notifiers.test_receivers import notifier, outgoing

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nok"


@contextmanager
def never_done() -> Iterator[str]:
    """The address of a server whose answer does not end while this lasts."""
    over = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(_HEAD)
            over.wait(60)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
        finally:
            over.set()
            thread.join()


def test_a_message_is_told_once_its_status_says_so_though_the_answer_never_ends(
    tmp_path: Path,
) -> None:
    settings = {"type": "webhook", "shape": "slack", "address_env": "HOOK", "timeout": "5s"}
    with never_done() as address:
        notifier(tmp_path, settings, {"HOOK": address}).tell(outgoing())


@pytest.mark.parametrize(
    "secret",
    ["whsec_", "whsec_c2hvcnQ=", "short", "whsec_\u00fcberraschung", "whsec_no base64", ""],
)
def test_a_secret_that_makes_no_good_key_is_refused_without_being_told(secret: str) -> None:
    with pytest.raises(NotifyError) as refused:
        key_of(secret)
    assert refused.value.__cause__ is None
    for word in ("c2hvcnQ", "short,", "berraschung", "no base64 at"):
        assert word not in str(refused.value)


def test_a_secret_of_text_is_its_bytes() -> None:
    assert (
        key_of("sesame-open-the-door-f\u00fcr-mich").decode()
        == "sesame-open-the-door-f\u00fcr-mich"
    )
